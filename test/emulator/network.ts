/** Network ACLs and VPC endpoints. */
import { strict as assert } from 'node:assert';
import type { Rule, World } from './world';
import { awsWith, list } from '../../src/doctor/aws';

const awsOf = ({ settings, region }: World) => awsWith(settings.credentials, region);

async function newSubnet(world: World): Promise<{ VpcId: string; subnetId: string }> {
  const aws = awsOf(world);
  const { vpc: { vpcId: VpcId } } = await aws('ec2', 'CreateVpc', { CidrBlock: '10.9.0.0/16' });
  const { subnet: { subnetId } } = await aws('ec2', 'CreateSubnet', { VpcId, CidrBlock: '10.9.1.0/24' });
  return { VpcId, subnetId };
}

export const network: Rule[] = [
  {
    name: 'a subnet has the default network ACL of its VPC, whose rules can be limited to ports',
    async check(world) {
      const aws = awsOf(world);
      const { VpcId, subnetId } = await newSubnet(world);
      const read = async () => list((await aws('ec2', 'DescribeNetworkAcls', { Filter: [{ Name: 'vpc-id', Value: [VpcId] }] })).networkAclSet);
      const [acl, ...others] = await read();
      assert.deepEqual([others.length, list(acl.associationSet).map((association) => association.subnetId)], [0, [subnetId]]);
      const rule = { NetworkAclId: acl.networkAclId, RuleNumber: 7, Egress: true, Protocol: '6', RuleAction: 'deny', CidrBlock: '0.0.0.0/0' };
      const portsOf = async () => list((await read())[0].entrySet).find(({ ruleNumber }) => ruleNumber === '7')?.portRange;
      await aws('ec2', 'CreateNetworkAclEntry', { ...rule, PortRange: { From: 443, To: 444 } });
      assert.deepEqual({ ...await portsOf() }, { from: '443', to: '444' });
      await aws('ec2', 'ReplaceNetworkAclEntry', { ...rule, PortRange: { From: 22, To: 22 } });
      assert.deepEqual({ ...await portsOf() }, { from: '22', to: '22' });
      assert.equal(list((await read())[0].entrySet).some(({ ruleNumber, portRange }) => ruleNumber === '100' && portRange !== undefined), false);
    },
  },
  {
    name: 'a VPC endpoint has a policy, security groups and private DNS names',
    async check(world) {
      const aws = awsOf(world);
      const { VpcId, subnetId } = await newSubnet(world);
      const create = async (service: string, params: object) => {
        const { vpcEndpoint } = await aws('ec2', 'CreateVpcEndpoint', { VpcId, ServiceName: `com.amazonaws.${world.region}.${service}`, ...params });
        return list((await aws('ec2', 'DescribeVpcEndpoints', { VpcEndpointId: [vpcEndpoint.vpcEndpointId] })).vpcEndpointSet)[0];
      };
      const PolicyDocument = '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::a&b"}]}';
      const gateway = await create('s3', { VpcEndpointType: 'Gateway', PolicyDocument });
      assert.deepEqual([gateway.policyDocument, gateway.privateDnsEnabled, list(gateway.groupSet)], [PolicyDocument, 'false', []]);
      const { groupId } = await aws('ec2', 'CreateSecurityGroup', { GroupName: world.name('endpoint'), GroupDescription: 'Endpoint', VpcId });
      const settings = { VpcEndpointType: 'Interface', SubnetId: [subnetId], SecurityGroupId: [groupId] };
      const open = await create('sts', settings);
      assert.deepEqual([JSON.parse(open.policyDocument).Statement[0].Effect, open.privateDnsEnabled, list(open.groupSet).map((group) => group.groupId)], ['Allow', 'true', [groupId]]);
      assert.equal((await create('ssm', { ...settings, PrivateDnsEnabled: false })).privateDnsEnabled, 'false');
    },
  },
];
