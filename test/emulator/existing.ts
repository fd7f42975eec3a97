/** What exists already, and quotas of accounts. */
import { strict as assert } from 'node:assert';
import { CreateLogGroupCommand, DescribeLogGroupsCommand, PutResourcePolicyCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateOpenIDConnectProviderCommand, GetOpenIDConnectProviderCommand } from '@aws-sdk/client-iam';
import { policy, refusal, type Rule } from './world';

export const existing: Rule[] = [
  {
    name: 'an OIDC provider that exists cannot be created again, and stays when CloudFormation fails to',
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
    name: 'a log group that exists cannot be created again, and stays when CloudFormation fails to',
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
    name: 'what a failed first deployment retains blocks the next one, unless it is retained except on create',
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
    name: 'CloudFormation fails to create resources that refer to each other in a circle',
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
