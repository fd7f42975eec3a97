// Runners of this library in an existing VPC, with default settings: `node humanitec.js OUTDIR RUNNERS STACKS`.
const { App, Stack } = require('aws-cdk-lib');
const ec2 = require('aws-cdk-lib/aws-ec2');
const secretsmanager = require('aws-cdk-lib/aws-secretsmanager');
const { ApiToken, EcsRunner, Orchestrator } = require('cdk-humanitec-ecs-runner');

const [outdir, runners = '1', stacks = '1'] = process.argv.slice(2);
const app = new App({ outdir });
for (let number = 0; number < Number(stacks); number++) {
  const stack = new Stack(app, `Runners${number}`, { env: { account: '111122223333', region: 'eu-west-1' } });
  const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-0123456789abcdef0', availabilityZones: ['eu-west-1a', 'eu-west-1b'],
    publicSubnetIds: ['subnet-0123456789abcdef2', 'subnet-0123456789abcdef3'],
    publicSubnetRouteTableIds: ['rtb-0123456789abcdef2', 'rtb-0123456789abcdef3'],
    privateSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
    privateSubnetRouteTableIds: ['rtb-0123456789abcdef0', 'rtb-0123456789abcdef1'],
  });
  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'ApiToken', 'humanitec-api-token');
  const orchestrator = Orchestrator.humanitec({ orgId: 'my-org', apiToken: ApiToken.fromSecretsManager(secret) });
  for (let runner = 0; runner < Number(runners); runner++) {
    new EcsRunner(stack, `Runner${runner}`, { orchestrator, vpc });
  }
}
app.synth();
