// Runners of this library in an existing VPC, with default settings: `node humanitec.js OUTDIR RUNNERS STACKS`.
const { App, Stack } = require('aws-cdk-lib');
const iam = require('aws-cdk-lib/aws-iam');
const secretsmanager = require('aws-cdk-lib/aws-secretsmanager');
const { ApiToken, EcsRunner, Orchestrator } = require('cdk-humanitec-ecs-runner');
const { existingVpc } = require('./existing-vpc');

const [outdir, runners = '1', stacks = '1'] = process.argv.slice(2);
const app = new App({ outdir });
for (let number = 0; number < Number(stacks); number++) {
  const stack = new Stack(app, `Runners${number}`, { env: { account: '111122223333', region: 'eu-west-1' } });
  const vpc = existingVpc(stack);
  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'ApiToken', 'humanitec-api-token');
  const orchestrator = Orchestrator.humanitec({ orgId: 'my-org', apiToken: ApiToken.fromSecretsManager(secret) });
  // An account can have one provider per issuer: the first stack creates it.
  const oidcProvider = number === 0 ? undefined
    : iam.OidcProviderNative.fromOidcProviderArn(stack, 'OidcProvider', 'arn:aws:iam::111122223333:oidc-provider/oidc.humanitec.dev');
  for (let runner = 0; runner < Number(runners); runner++) {
    new EcsRunner(stack, `Runner${runner}`, { orchestrator, vpc, oidcProvider });
  }
}
app.synth();
