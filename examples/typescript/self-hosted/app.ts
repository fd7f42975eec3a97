/** A runner of an orchestrator that you host yourself, with the API token in the Parameter Store. */
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { ApiToken, EcsRunner, Orchestrator } from 'cdk-humanitec-ecs-runner';

const app = new App();
const stack = new Stack(app, 'RunnerStack', { env: { account: '123456789012', region: 'us-east-1' } });

const orchestrator = Orchestrator.selfHosted({
  orgId: 'my-org',
  // A parameter of type SecureString; CloudFormation cannot make one, so it has to be there before.
  apiToken: ApiToken.fromSsmParameter(StringParameter.fromSecureStringParameterAttributes(stack, 'ApiToken', { parameterName: '/platform/api-token' })),
  // The registration calls the API from AWS Lambda, so it has to be reachable from there.
  apiUrl: 'https://orchestrator.example.com',
  // AWS reads the issuer's keys from here: a public host, port 443, a certificate that is publicly trusted.
  oidcIssuerUrl: 'https://oidc.example.com',
  // What your orchestrator's task definitions start with; left out, it is what the orchestrator does by default.
  taskFamilyPrefix: 'my-orchestrator_',
});

const runner = new EcsRunner(stack, 'Runner', {
  orchestrator,
  subnetIds: ['subnet-12345678', 'subnet-87654321'],
  securityGroups: [SecurityGroup.fromSecurityGroupId(stack, 'SecurityGroup', 'sg-12345678')],
});
runner.addRule('Production', { envTypeId: 'production' });

new CfnOutput(stack, 'RunnerId', { value: runner.runnerId });
