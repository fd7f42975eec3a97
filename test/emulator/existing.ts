/** Existing resources and account quotas. */
import { strict as assert } from 'node:assert';
import { CreateLogGroupCommand, DescribeLogGroupsCommand, PutResourcePolicyCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateOpenIDConnectProviderCommand, GetOpenIDConnectProviderCommand } from '@aws-sdk/client-iam';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import { policy, refusal, type Rule } from './world';

export const existing: Rule[] = [
  {
    name: 'CloudFormation fails to create an existing OIDC provider, and the rollback keeps it',
    async check(world) {
      const Url = 'https://oidc.taken.example';
      const provider = { Url, ClientIDList: ['sts.amazonaws.com'] };
      const { OpenIDConnectProviderArn } = await world.iam.send(new CreateOpenIDConnectProviderCommand(provider));
      const { name } = await refusal(async () => world.iam.send(new CreateOpenIDConnectProviderCommand(provider)));
      assert.match(name, /^EntityAlreadyExists/);
      const reason = await world.failingStack({ Provider: { Type: 'AWS::IAM::OIDCProvider', Properties: { Url, ClientIdList: ['another'] } } });
      assert.match(reason, /already exists/);
      const kept = await world.iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }));
      assert.deepEqual(kept.ClientIDList, ['sts.amazonaws.com']);
    },
  },
  {
    name: 'CloudFormation fails to create an existing log group, and the rollback keeps it',
    async check(world) {
      const logGroupName = world.name('/aws/ecs/taken');
      await world.logs.send(new CreateLogGroupCommand({ logGroupName, tags: { owner: 'other' } }));
      const { name } = await refusal(async () => world.logs.send(new CreateLogGroupCommand({ logGroupName })));
      assert.equal(name, 'ResourceAlreadyExistsException');
      const reason = await world.failingStack({ Group: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: logGroupName, RetentionInDays: 1 } } });
      assert.match(reason, /already exists/);
      const { logGroups } = await world.logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }));
      assert.deepEqual(logGroups!.map((group) => [group.logGroupName, group.retentionInDays]), [[logGroupName, undefined]]);
    },
  },
  {
    name: 'CloudFormation fails to update an OIDC provider without thumbprints',
    async check(world) {
      const provider = (value: string) => ({
        Provider: { Type: 'AWS::IAM::OIDCProvider', Properties: { Url: 'https://oidc.changed.example', Tags: [{ Key: 'a', Value: value }] } },
      });
      const { name } = await world.stack(provider('before'));
      assert.match(await world.failingUpdate(name, provider('after')), /Value null at 'thumbprintList' failed to satisfy constraint/);
    },
  },
  {
    name: 'a resource that a failed first deployment retains blocks the next deployment, unless its deletion policy is RetainExceptOnCreate',
    async check(world) {
      const again = async (DeletionPolicy: string) => {
        const Group = { Type: 'AWS::Logs::LogGroup', DeletionPolicy, Properties: { LogGroupName: world.name('/aws/ecs/retained') } };
        const Failing = { Type: 'AWS::Logs::ResourcePolicy', Properties: {}, DependsOn: 'Group' };
        await world.failingStack({ Group, Failing });
        return world.stack({ Group });
      };
      await assert.rejects(again('Retain'), /already exists/);
      await again('RetainExceptOnCreate');
    },
  },
  {
    name: 'a parameter without a name in the template gets a stable name without slashes',
    async check(world) {
      const parameter = (Value: string) => ({ Parameter: { Type: 'AWS::SSM::Parameter', Properties: { Type: 'String', Value } } });
      const { name, ids } = await world.stack(parameter('before'));
      assert.match(ids.Parameter!, /^CFN-Parameter-\w+$/);
      await world.update(name, parameter('after'));
      assert.equal((await world.ssm.send(new GetParameterCommand({ Name: ids.Parameter }))).Parameter!.Value, 'after');
    },
  },
  {
    name: 'Ref of a secret is its ARN, and CloudFormation deletes the secret with the stack',
    async check(world) {
      const { name, ids } = await world.stack({ Secret: { Type: 'AWS::SecretsManager::Secret', Properties: { SecretString: 'x' } } });
      assert.match(ids.Secret!, new RegExp(`^arn:aws:secretsmanager:${world.region}:${world.account}:secret:.+-\\w{6}$`));
      assert.equal((await world.secrets.send(new GetSecretValueCommand({ SecretId: ids.Secret }))).SecretString, 'x');
      await world.deleteStack(name);
      assert.equal((await refusal(async () => world.secrets.send(new GetSecretValueCommand({ SecretId: ids.Secret })))).name, 'ResourceNotFoundException');
    },
  },
  {
    name: 'CloudFormation fails to create resources with a circular dependency',
    async check(world) {
      const parameter = (other: string) => ({ Type: 'AWS::SSM::Parameter', Properties: { Type: 'String', Value: { Ref: other } } });
      await world.failingStack({ A: parameter('B'), B: parameter('A') });
    },
  },
  {
    name: 'a region has at most ten resource policies of CloudWatch Logs',
    async check(main) {
      await main.inNewAccount(async (world) => {
        const policyDocument = policy({ Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: 'logs:PutLogEvents', Resource: '*' });
        const add = async () => world.logs.send(new PutResourcePolicyCommand({ policyName: world.name('policy'), policyDocument }));
        for (let count = 0; count < 10; count++) await add();
        assert.equal((await refusal(add)).name, 'LimitExceededException');
        const reason = await world.failingStack({ Policy: { Type: 'AWS::Logs::ResourcePolicy', Properties: { PolicyName: 'eleventh', PolicyDocument: policyDocument } } });
        assert.match(reason, /LimitExceeded/);
      });
    },
  },
];
