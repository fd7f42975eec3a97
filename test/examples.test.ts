import { Match, Template } from 'aws-cdk-lib/assertions';
import { unexpectedSizes } from './example-sizes';
import { EXAMPLES, synthesize } from './synthesize';

/** Assertions on the templates of each example. */
const SHOWS: Record<string, (templates: Record<string, Template>) => void> = {
  'basic': ({ RunnerStack: template }) => {
    template.hasResourceProperties('Custom::HumanitecRunnerId', { RunnerIdPrefix: 'runner' });
    template.resourceCountIs('AWS::EC2::NatGateway', 1);
  },
  'custom-id': ({ RunnerStack: template }) => template.hasResourceProperties('Custom::HumanitecRunnerId', { RunnerId: 'my-custom-runner' }),
  'prefix': ({ RunnerStack: template }) => template.hasResourceProperties('Custom::HumanitecRunnerId', { RunnerIdPrefix: 'prod-runner' }),
  'existing-cluster': ({ RunnerStack: template }) => {
    template.resourceCountIs('AWS::ECS::Cluster', 0);
    template.hasResourceProperties('Custom::HumanitecRunner', { Job: { Cluster: 'existing-cluster' } });
  },
  'monitoring': ({ RunnerStack: template }) => {
    template.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
    template.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: ['arn:aws:sns:us-east-1:123456789012:platform-alerts'] });
    template.hasResourceProperties('AWS::Events::Rule', { EventPattern: { detail: { stopCode: ['TaskFailedToStart'] } } });
  },
  'tags': ({ RunnerStack: template }) => template.hasResourceProperties('AWS::S3::Bucket', {
    Tags: [{ Key: 'CostCenter', Value: 'engineering' }, { Key: 'Environment', Value: 'production' }, { Key: 'Team', Value: 'platform' }],
  }),
  'network': ({ RunnerStack: template }) => template.hasResourceProperties('Custom::HumanitecRunner', { Job: { SecurityGroups: ['sg-12345678'] } }),
  'production': ({ ProductionRunnerStack: template }) => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } }] },
    });
    template.allResourcesProperties('AWS::IAM::Role', { Path: '/platform/runners/' });
    template.hasResourceProperties('Custom::HumanitecRunnerRule', { EnvTypeId: 'production' });
  },
  'self-hosted': ({ RunnerStack: template }) => {
    template.hasResourceProperties('Custom::HumanitecRunnerId', { Token: { ParameterName: '/platform/api-token' } });
    template.hasResourceProperties('AWS::Lambda::Function', { Environment: { Variables: { ORCHESTRATOR_API_URL: 'https://orchestrator.example.com' } } });
    template.hasResourceProperties('Custom::HumanitecOidcProvider', { IssuerUrl: 'https://oidc.example.com' });
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([Match.objectLike({
          Sid: 'RunTask',
          Resource: {
            'Fn::Sub': 'arn:${AWS::Partition}:ecs:us-east-1:123456789012:task-definition/my-orchestrator_*:*',
          },
        })]),
      },
    });
  },
  'rules-secrets-environment': ({ RunnerStack: template }) => {
    template.resourceCountIs('Custom::HumanitecRunnerRule', 3);
    template.hasResourceProperties('Custom::HumanitecRunnerRule', { ProjectId: Match.absent(), EnvTypeId: Match.absent() });
    template.hasResourceProperties('Custom::HumanitecRunnerRule', { ProjectId: 'shop', EnvTypeId: 'production' });
    template.hasResourceProperties('Custom::HumanitecRunner', {
      Job: {
        Environment: { TF_VAR_region: 'us-east-1', TF_VAR_size: 'small' },
        Secrets: { TF_VAR_database_password: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:database-password-AbCdEf', RUNNER_GIT_SSH_KEYS: Match.anyValue() },
      },
    });
    for (const Action of ['secretsmanager:GetSecretValue', 'ssm:GetParameters']) {
      template.hasResourceProperties('AWS::IAM::Policy', { PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action })]) } });
    }
    template.hasResourceProperties('AWS::IAM::Policy', { PolicyDocument: { Statement: [Match.objectLike({ Action: Match.arrayWith(['s3:PutObject']) })] } });
  },
  'multi-region': ({ RunnerUsEast: usEast, RunnerEuWest: euWest }) => {
    usEast.resourceCountIs('Custom::HumanitecOidcProvider', 1);
    euWest.resourceCountIs('Custom::HumanitecOidcProvider', 0);
    euWest.hasResourceProperties('Custom::HumanitecRunner', { Job: { Region: 'eu-west-1' } });
  },
  'shared-oidc-provider': ({ OidcProvider: provider, DevelopmentRunner: development, ProductionRunner: production }) => {
    provider.hasResource('AWS::IAM::OIDCProvider', { DeletionPolicy: 'RetainExceptOnCreate', Properties: { Url: 'https://oidc.humanitec.dev' } });
    for (const template of [development, production]) {
      template.resourceCountIs('Custom::HumanitecOidcProvider', 0);
      template.hasResourceProperties('AWS::IAM::Role', {
        AssumeRolePolicyDocument: { Statement: [{ Principal: { Federated: { 'Fn::ImportValue': Match.stringLikeRegexp('^OidcProvider:') } } }] },
      });
    }
  },
};

test('every example has expectations', () => {
  expect(EXAMPLES).toEqual(Object.keys(SHOWS).sort());
});

test.each(Object.keys(SHOWS))('the example "%s" has the expected template, of the expected size', async (example) => {
  const templates = await synthesize(example);
  SHOWS[example](templates);
  expect(unexpectedSizes(example, templates)).toEqual([]);
});
