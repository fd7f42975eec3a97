/** Tags that AWS rejects. */
import { strict as assert } from 'node:assert';
import { CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateClusterCommand } from '@aws-sdk/client-ecs';
import { TagRoleCommand } from '@aws-sdk/client-iam';
import { createCluster, registerTask, taskRequest } from './task-support';
import { refusal, type Rule, type World } from './world';
import { sign } from '../../src/doctor/aws/signature';

type Tags = Record<string, string>;

const many = (count: number): Tags => Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, '']));
const VALID: Tags[] = [{ 'Größe_.:/=+-@ 1': 'ä _.:/=+-@' }, { [`k${'x'.repeat(127)}`]: 'v'.repeat(256) }, { awsome: 'yes' }, many(50)];
const INVALID: Tags[] = [{ 'a#': '' }, { a: 'b;c' }, { 'a\tb': '' }, { [`k${'x'.repeat(128)}`]: '' }, { k: 'v'.repeat(257) }, { 'aws:x': '' }, { 'AWS:x': '' }, many(51)];

const lowerCase = (tags: Tags) => Object.entries(tags).map(([key, value]) => ({ key, value }));
const upperCase = (tags: Tags) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** Checks that every valid set of tags is accepted and every other set is rejected. */
async function checkTags(tag: (tags: Tags) => Promise<unknown>): Promise<void> {
  for (const tags of VALID) await tag(tags);
  for (const tags of INVALID) await refusal(async () => tag(tags)).catch(() => assert.fail(`taken: ${JSON.stringify(tags).slice(0, 60)}`));
}

const FUNCTION = { Runtime: 'nodejs22.x', Handler: 'index.handler', Code: { ZipFile: 'exports.handler = async () => {};' } };

/** Calls TagResource of Lambda. */
async function tagFunction(world: World, arn: string, tags: Tags): Promise<void> {
  const url = new URL(`/2017-03-31/tags/${encodeURIComponent(arn)}`, world.emulator.url);
  const request = { method: 'POST', url, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ Tags: tags }) };
  const { host, ...headers } = sign(request, 'lambda', world.region, world.settings.credentials);
  const response = await fetch(url, { method: 'POST', headers, body: request.body });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
}

const TYPES: Record<string, (world: World, tags: Tags) => object> = {
  'AWS::ECS::Cluster': (_, tags) => ({ Tags: upperCase(tags) }),
  'AWS::Logs::LogGroup': (_, tags) => ({ Tags: upperCase(tags) }),
  'AWS::S3::Bucket': (_, tags) => ({ Tags: upperCase(tags) }),
  'AWS::IAM::OIDCProvider': (world, tags) => ({ Url: `https://${world.name('issuer')}.example`, ClientIdList: ['x'], Tags: upperCase(tags) }),
  'AWS::Lambda::Function': (world, tags) => ({ ...FUNCTION, Role: `arn:aws:iam::${world.account}:role/function`, Tags: upperCase(tags) }),
  'AWS::SSM::Parameter': (_, tags) => ({ Type: 'String', Value: 'x', Tags: tags }),
};

export const tagRules: Rule[] = [
  {
    name: 'IAM, ECS, CloudWatch Logs and Lambda reject tags with invalid characters, length, prefix or number',
    async check(world) {
      const { name: RoleName } = await world.role();
      await checkTags(async (tags) => world.iam.send(new TagRoleCommand({ RoleName, Tags: upperCase(tags) })));
      await checkTags(async (tags) => world.ecs.send(new CreateClusterCommand({ clusterName: world.name('cluster'), tags: lowerCase(tags) })));
      await checkTags(async (tags) => world.logs.send(new CreateLogGroupCommand({ logGroupName: world.name('group'), tags })));
      const { ids } = await world.stack({ Function: { Type: 'AWS::Lambda::Function', Properties: { ...FUNCTION, Role: `arn:aws:iam::${world.account}:role/function` } } });
      await checkTags(async (tags) => tagFunction(world, `arn:aws:lambda:${world.region}:${world.account}:function:${ids.Function}`, tags));
      const [cluster, taskDefinition] = [await createCluster(world), await registerTask(world)];
      await checkTags(async (tags) => world.ecs.send(await taskRequest(world, taskDefinition, cluster, { tags: lowerCase(tags) })));
    },
  },
  {
    name: 'CloudFormation fails to create a resource of any type with such tags',
    async check(world) {
      for (const [Type, properties] of Object.entries(TYPES)) {
        for (const tags of [VALID[0]!, VALID[3]!]) await world.stack({ Resource: { Type, Properties: properties(world, tags) } });
        for (const tags of [INVALID[0]!, INVALID[5]!, INVALID[7]!]) await world.failingStack({ Resource: { Type, Properties: properties(world, tags) } });
      }
    },
  },
  {
    name: 'CloudFormation fails to update a resource with such tags',
    async check(world) {
      const cluster = (tags: Tags) => ({ Cluster: { Type: 'AWS::ECS::Cluster', Properties: { Tags: upperCase(tags) } } });
      const { name } = await world.stack(cluster({}));
      await world.update(name, cluster(VALID[0]!));
      assert.match(await world.failingUpdate(name, cluster(INVALID[5]!)), /^Tag keys starting with 'aws:' are reserved/);
    },
  },
  {
    name: 'a resource can have a tag key only once',
    async check(world) {
      const twice = [{ key: 'a', value: '1' }, { key: 'a', value: '2' }];
      await refusal(async () => world.ecs.send(new CreateClusterCommand({ clusterName: world.name('cluster'), tags: twice })));
    },
  },
];
