/** Resource types and settings that the bridge adds to MiniStack's CloudFormation. */
import { strict as assert } from 'node:assert';
import { CreateClusterCommand } from '@aws-sdk/client-ecs';
import { DeleteOpenIDConnectProviderCommand, GetOpenIDConnectProviderCommand, GetRoleCommand } from '@aws-sdk/client-iam';
import { policy, refusal, type Rule, type World } from './world';
import { awsWith, list } from '../../src/doctor/aws';

const awsOf = ({ settings, region }: World) => awsWith(settings.credentials, region);
const provider = (Url: string) => ({ Provider: { Type: 'AWS::IAM::OIDCProvider', Properties: { Url, ClientIdList: ['x'], ThumbprintList: ['a'.repeat(40)] } } });
const bucket = (properties: object) => ({ Bucket: { Type: 'AWS::S3::Bucket', Properties: properties } });

export const resourceTypes: Rule[] = [
  {
    name: 'a new URL replaces an OIDC provider, and a stack whose provider was deleted can be deleted',
    async check(world) {
      const { name, ids } = await world.stack(provider('https://oidc.first.example'));
      await world.update(name, provider('https://oidc.second.example'));
      const second = (await world.resources(name)).Provider!;
      assert.match(second, /oidc\.second\.example$/);
      const get = async (OpenIDConnectProviderArn: string) => world.iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }));
      await refusal(async () => get(ids.Provider!));
      await world.iam.send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: second }));
      assert.equal((await world.deleteStack(name)).status, 'DELETE_COMPLETE');

      const { name: other, ids: others } = await world.stack(provider('https://oidc.third.example'));
      await get(others.Provider!);
      await world.deleteStack(other);
      await refusal(async () => get(others.Provider!));
    },
  },
  {
    name: 'capacity providers of a cluster that does not exist fail the stack',
    async check(world) {
      const Properties = { Cluster: 'no-such-cluster', CapacityProviders: [], DefaultCapacityProviderStrategy: [] };
      assert.match(await world.failingStack({ Providers: { Type: 'AWS::ECS::ClusterCapacityProviderAssociations', Properties } }), /Cluster not found/);
      const clusterName = world.name('cluster');
      await world.ecs.send(new CreateClusterCommand({ clusterName }));
      await world.stack({ Providers: { Type: 'AWS::ECS::ClusterCapacityProviderAssociations', Properties: { ...Properties, Cluster: clusterName } } });
    },
  },
  {
    name: 'CloudFormation releases only the IP address of its own stack',
    async check(world) {
      const address = { Address: { Type: 'AWS::EC2::EIP', Properties: { Domain: 'vpc' } } };
      const [kept, deleted] = [await world.stack(address), await world.stack(address)];
      await world.deleteStack(deleted.name);
      const remaining = list((await awsOf(world)('ec2', 'DescribeAddresses')).addressesSet).map(({ publicIp }) => publicIp);
      assert.deepEqual([remaining.includes(kept.ids.Address), remaining.includes(deleted.ids.Address)], [true, false]);
    },
  },
  {
    name: 'CloudFormation revokes the rule of a security group, and deletes a stack whose group was deleted',
    async check(world) {
      const aws = awsOf(world);
      const { vpc: { vpcId: VpcId } } = await aws('ec2', 'CreateVpc', { CidrBlock: '10.8.0.0/16' });
      const { groupId: GroupId } = await aws('ec2', 'CreateSecurityGroup', { GroupName: world.name('group'), GroupDescription: 'Tasks', VpcId });
      const rule = { Rule: { Type: 'AWS::EC2::SecurityGroupIngress', Properties: { GroupId, IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIp: '10.0.0.0/8' } } };
      const ports = async () => list(list((await aws('ec2', 'DescribeSecurityGroups', { GroupId: [GroupId] })).securityGroupInfo)[0].ipPermissions).map(({ fromPort }) => fromPort);
      const first = await world.stack(rule);
      assert.deepEqual(await ports(), ['22']);
      await world.deleteStack(first.name);
      assert.deepEqual(await ports(), []);
      const second = await world.stack(rule);
      await aws('ec2', 'DeleteSecurityGroup', { GroupId });
      assert.equal((await world.deleteStack(second.name)).status, 'DELETE_COMPLETE');
    },
  },
  {
    name: 'CloudFormation adds and removes the permissions boundary of a role',
    async check(world) {
      const role = (properties: object) => ({
        Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: JSON.parse(policy({ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' })), ...properties } },
      });
      const boundary = async (RoleName: string) => (await world.iam.send(new GetRoleCommand({ RoleName }))).Role!.PermissionsBoundary?.PermissionsBoundaryArn;
      const { name, ids } = await world.stack(role({ PermissionsBoundary: 'arn:aws:iam::aws:policy/PowerUserAccess' }));
      assert.equal(await boundary(ids.Role!), 'arn:aws:iam::aws:policy/PowerUserAccess');
      await world.update(name, role({}));
      assert.equal(await boundary(ids.Role!), undefined);
    },
  },
  {
    name: 'a bucket with an unknown encryption or lifecycle setting fails',
    async check(world) {
      const encryption = (SSEAlgorithm: string) => bucket({
        BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm } }] },
      });
      assert.match(await world.failingStack(encryption('aws:none')), /MalformedXML/);
      const expiring = { Id: 'Old', Status: 'Enabled', ExpirationInDays: 1 };
      const lifecycle = (rule: object) => bucket({ LifecycleConfiguration: { Rules: [{ ...expiring, ...rule }] } });
      await world.stack(lifecycle({}));
      assert.match(await world.failingStack(lifecycle({ ObjectSizeGreaterThan: 5 })), /does not know these settings of a lifecycle rule: ObjectSizeGreaterThan/);
    },
  },
];
