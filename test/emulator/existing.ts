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
