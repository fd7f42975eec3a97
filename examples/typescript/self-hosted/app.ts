/** A runner for a self-hosted orchestrator, with the API token in Parameter Store. */
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { ApiToken, EcsRunner, Orchestrator } from 'cdk-humanitec-ecs-runner';

const app = new App();
const stack = new Stack(app, 'RunnerStack', { env: { account: '123456789012', region: 'us-east-1' } });

const orchestrator = Orchestrator.selfHosted({
  orgId: 'my-org',
  // An existing parameter of type SecureString. CloudFormation cannot create one.
  apiToken: ApiToken.fromSsmParameter(StringParameter.fromSecureStringParameterAttributes(stack, 'ApiToken', { parameterName: '/platform/api-token' })),
  // The URL must be reachable from AWS Lambda, which calls the API to register the runner.
  apiUrl: 'https://orchestrator.example.com',
  // AWS reads the keys of the issuer from this URL. It needs a public host, port 443 and a publicly trusted certificate.
  oidcIssuerUrl: 'https://oidc.example.com',
  // The prefix of your orchestrator's task definition families. Omit it if your orchestrator uses the default.
  taskFamilyPrefix: 'my-orchestrator_',
});

const runner = new EcsRunner(stack, 'Runner', {
  orchestrator,
  subnetIds: ['subnet-12345678', 'subnet-87654321'],
  securityGroups: [SecurityGroup.fromSecurityGroupId(stack, 'SecurityGroup', 'sg-12345678')],
});
runner.addRule('Production', { envTypeId: 'production' });

new CfnOutput(stack, 'RunnerId', { value: runner.runnerId });
