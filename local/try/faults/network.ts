/** Faults of the network of the tasks. */
import type { Fault } from './fault';
import type { World } from './world';
import { list } from '../../../src/doctor/aws';

const INTERNET = '0.0.0.0/0';

/** The network of the first subnet of the runner. */
async function networkOf({ aws, runner }: World): Promise<{ subnetId: string; vpcId: string; routeTableId: string; natGatewayId: string }> {
  const [subnetId] = runner.properties.Job.Subnets;
  const [{ vpcId }] = list((await aws('ec2', 'DescribeSubnets', { SubnetId: [subnetId] })).subnetSet);
  const [table] = list((await aws('ec2', 'DescribeRouteTables', { Filter: [{ Name: 'association.subnet-id', Value: [subnetId] }] })).routeTableSet);
  const { natGatewayId } = list(table.routeSet).find((route) => route.destinationCidrBlock === INTERNET);
  return { subnetId, vpcId, routeTableId: table.routeTableId, natGatewayId };
}

/** Removes a port from the egress rules of the tasks' security group. */
async function closePort({ aws, runner }: World, port: number): Promise<() => Promise<unknown>> {
  const [GroupId] = runner.properties.Job.SecurityGroups!;
  const rule = { GroupId, IpPermissions: [{ IpProtocol: 'tcp', FromPort: port, ToPort: port, IpRanges: [{ CidrIp: INTERNET }] }] };
  await aws('ec2', 'RevokeSecurityGroupEgress', rule);
  return async () => aws('ec2', 'AuthorizeSecurityGroupEgress', rule);
}

/** Adds a rule with the highest priority to the network ACL of the first subnet. */
async function addAclRule(world: World, rule: { 'Egress': boolean; 'PortRange.From': number; 'PortRange.To': number }): Promise<() => Promise<unknown>> {
  const { aws } = world;
  const { subnetId } = await networkOf(world);
  const acls = list((await aws('ec2', 'DescribeNetworkAcls')).networkAclSet);
  const { networkAclId: NetworkAclId } = acls.find(({ associationSet }) => list(associationSet).some((association) => association.subnetId === subnetId));
  await aws('ec2', 'CreateNetworkAclEntry', { NetworkAclId, RuleNumber: 1, Protocol: '6', RuleAction: 'deny', CidrBlock: INTERNET, ...rule });
  return async () => aws('ec2', 'DeleteNetworkAclEntry', { NetworkAclId, RuleNumber: 1, Egress: rule.Egress });
}

async function addEndpoint(world: World, params: object): Promise<() => Promise<unknown>> {
  const { aws } = world;
  const { vpcId: VpcId } = await networkOf(world);
  const { vpcEndpoint } = await aws('ec2', 'CreateVpcEndpoint', { VpcId, ...params });
  return async () => aws('ec2', 'DeleteVpcEndpoints', { VpcEndpointId: [vpcEndpoint.vpcEndpointId] });
}

const serviceOf = (world: World, name: string) => `com.amazonaws.${world.runner.properties.Job.Region}.${name}`;

export const NETWORK_FAULTS: readonly Fault[] = [
  {
    name: 'the route to the internet is removed',
    check: 'routes',
    remedy: /aws ec2 create-route --route-table-id rtb-/,
    inject: async (world) => {
      const { routeTableId: RouteTableId, natGatewayId: NatGatewayId } = await networkOf(world);
      await world.aws('ec2', 'DeleteRoute', { RouteTableId, DestinationCidrBlock: INTERNET });
      return async () => world.aws('ec2', 'CreateRoute', { RouteTableId, DestinationCidrBlock: INTERNET, NatGatewayId });
    },
  },
  {
    name: 'the route leads to an internet gateway, and tasks have no public address',
    check: 'routes',
    remedy: /Set `assignPublicIp` to true/,
    inject: async (world) => {
      const { vpcId, routeTableId: RouteTableId, natGatewayId: NatGatewayId } = await networkOf(world);
      const [gateway] = list((await world.aws('ec2', 'DescribeInternetGateways', { Filter: [{ Name: 'attachment.vpc-id', Value: [vpcId] }] })).internetGatewaySet);
      const replace = async (target: object) => {
        await world.aws('ec2', 'DeleteRoute', { RouteTableId, DestinationCidrBlock: INTERNET });
        await world.aws('ec2', 'CreateRoute', { RouteTableId, DestinationCidrBlock: INTERNET, ...target });
      };
      await replace({ GatewayId: gateway.internetGatewayId });
      return async () => replace({ NatGatewayId });
    },
  },
  {
    name: 'the internet gateway is detached',
    check: 'routes',
    remedy: /Attach an internet gateway to the VPC/,
    inject: async (world) => {
      const { vpcId: VpcId } = await networkOf(world);
      const [{ internetGatewayId: InternetGatewayId }] = list((await world.aws('ec2', 'DescribeInternetGateways', { Filter: [{ Name: 'attachment.vpc-id', Value: [VpcId] }] })).internetGatewaySet);
      await world.aws('ec2', 'DetachInternetGateway', { InternetGatewayId, VpcId });
      return async () => world.aws('ec2', 'AttachInternetGateway', { InternetGatewayId, VpcId });
    },
  },
  {
    name: 'the VPC answers no DNS requests',
    check: 'routes',
    remedy: /--enable-dns-support/,
    inject: async (world) => {
      const { vpcId: VpcId } = await networkOf(world);
      const set = async (value: boolean) => world.aws('ec2', 'ModifyVpcAttribute', { VpcId, EnableDnsSupport: { Value: value } });
      await set(false);
      return async () => set(true);
    },
  },
  {
    name: 'the security group closes HTTPS',
    check: 'security-groups',
    remedy: /authorize-security-group-egress --group-id sg-\w+ --protocol tcp --port 443/,
    inject: async (world) => closePort(world, 443),
  },
  {
    name: 'the security group closes SSH',
    check: 'security-groups',
    remedy: /authorize-security-group-egress --group-id sg-\w+ --protocol tcp --port 22 /,
    inject: async (world) => closePort(world, 22),
  },
  {
    name: 'the network ACL denies HTTPS',
    check: 'network-acls',
    remedy: /create-network-acl-entry --network-acl-id acl-\w+ --egress --protocol tcp --port-range From=443,To=443/,
    inject: async (world) => addAclRule(world, { 'Egress': true, 'PortRange.From': 443, 'PortRange.To': 443 }),
  },
  {
    name: 'the network ACL denies answers',
    check: 'network-acls',
    remedy: /--ingress --protocol tcp --port-range From=32768,To=60999/,
    inject: async (world) => addAclRule(world, { 'Egress': false, 'PortRange.From': 40000, 'PortRange.To': 65535 }),
  },
  {
    name: 'the policy of an S3 endpoint allows another bucket only',
    check: 'endpoints',
    remedy: /aws ec2 modify-vpc-endpoint/,
    inject: async (world) => {
      const { routeTableId } = await networkOf(world);
      return addEndpoint(world, {
        ServiceName: serviceOf(world, 's3'),
        VpcEndpointType: 'Gateway',
        RouteTableId: [routeTableId],
        PolicyDocument: JSON.stringify({ Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: ['arn:aws:s3:::other-bucket', 'arn:aws:s3:::other-bucket/*'] }] }),
      });
    },
  },
  {
    name: 'the security group of a Secrets Manager endpoint lets no task in',
    check: 'endpoints',
    remedy: /aws ec2 authorize-security-group-ingress --group-id sg-\w+ --protocol tcp --port 443 --source-group sg-/,
    inject: async (world) => {
      const { subnetId, vpcId } = await networkOf(world);
      const { groupId } = await world.aws('ec2', 'CreateSecurityGroup', { GroupName: 'endpoints', GroupDescription: 'Endpoints', VpcId: vpcId });
      const remove = await addEndpoint(world, { ServiceName: serviceOf(world, 'secretsmanager'), VpcEndpointType: 'Interface', SubnetId: [subnetId], SecurityGroupId: [groupId] });
      return async () => {
        await remove();
        await world.aws('ec2', 'DeleteSecurityGroup', { GroupId: groupId });
      };
    },
  },
];
