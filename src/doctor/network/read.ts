import { list } from '../aws';
import type { Context } from '../check';
import {
  ALL_PORTS, AclRule, GroupRule, NatGateway, NetworkAcl, Ports, Route, RouteTable, SecurityGroup, Subnet, VpcEndpoint,
} from './facts';

/** Numbers of protocols in network ACLs: all, and TCP. */
const TCP_IN_ACLS = ['-1', '6'];
const TCP_IN_GROUPS = ['-1', 'tcp', '6'];

/** The subnets of the runner that exist, in the order of the registration. */
export async function readSubnets(context: Context): Promise<Subnet[]> {
  const { Subnets: ids } = context.runner.properties.Job;
  const { subnetSet } = await describe(context, 'DescribeSubnets', 'subnet-id', ids);
  return list(subnetSet).filter(({ subnetId }) => ids.includes(subnetId))
    .map(({ subnetId: id, vpcId, cidrBlock: cidr }) => ({ id, vpcId, cidr }));
}

export async function readRouteTables(context: Context, vpcId: string): Promise<RouteTable[]> {
  const { routeTableSet } = await describe(context, 'DescribeRouteTables', 'vpc-id', [vpcId]);
  return list(routeTableSet).filter(table => table.vpcId === vpcId).map(({ routeTableId: id, routeSet, associationSet }) => ({
    id,
    subnetIds: list(associationSet).map(({ subnetId }) => subnetId).filter(Boolean),
    isMain: list(associationSet).some(({ main }) => main === 'true'),
    routes: list(routeSet).map(routeOf).filter(route => route !== undefined),
  }));
}

function routeOf(route: any): Route | undefined {
  const destination = route.destinationCidrBlock || route.destinationPrefixListId;
  const target = route.natGatewayId || route.transitGatewayId || route.vpcPeeringConnectionId || route.gatewayId || route.networkInterfaceId
    || route.localGatewayId || route.carrierGatewayId || route.coreNetworkArn || route.instanceId;
  return destination && target ? { destination, target, isActive: route.state !== 'blackhole' } : undefined;
}

export async function readNatGateways(context: Context, vpcId: string): Promise<NatGateway[]> {
  const { natGatewaySet } = await describe(context, 'DescribeNatGateways', 'vpc-id', [vpcId]);
  return list(natGatewaySet).filter(gateway => gateway.vpcId === vpcId)
    .map(({ natGatewayId: id, subnetId, state, connectivityType }) => ({ id, subnetId, state, isPublic: connectivityType !== 'private' }));
}

/** The ids of the internet gateways that are attached to the VPC. */
export async function readInternetGateways(context: Context, vpcId: string): Promise<string[]> {
  const { internetGatewaySet } = await describe(context, 'DescribeInternetGateways', 'attachment.vpc-id', [vpcId]);
  return list(internetGatewaySet).filter(({ attachmentSet }) => list(attachmentSet).some(attachment => attachment.vpcId === vpcId))
    .map(({ internetGatewayId }) => internetGatewayId);
}

/** Whether the VPC answers DNS requests. */
export async function readDnsSupport(context: Context, vpcId: string): Promise<boolean> {
  const answer = await context.once(`dns ${vpcId}`, async () => context.aws('ec2', 'DescribeVpcAttribute', { VpcId: vpcId, Attribute: 'enableDnsSupport' }, regionOf(context)));
  return answer.enableDnsSupport?.value !== 'false';
}

export async function readNetworkAcls(context: Context, vpcId: string): Promise<NetworkAcl[]> {
  const { networkAclSet } = await describe(context, 'DescribeNetworkAcls', 'vpc-id', [vpcId]);
  return list(networkAclSet).filter(acl => acl.vpcId === vpcId).map(({ networkAclId: id, associationSet, entrySet }) => ({
    id,
    subnetIds: list(associationSet).map(({ subnetId }) => subnetId),
    rules: list(entrySet).filter(({ protocol, cidrBlock }) => TCP_IN_ACLS.includes(protocol) && cidrBlock).map((entry): AclRule => ({
      number: Number(entry.ruleNumber),
      isEgress: entry.egress === 'true',
      allows: entry.ruleAction === 'allow',
      cidr: entry.cidrBlock,
      // For all protocols, AWS ignores ports.
      ports: entry.protocol !== '-1' && entry.portRange ? portsOf(entry.portRange.from, entry.portRange.to) : ALL_PORTS,
    })).sort((one, other) => one.number - other.number),
  }));
}

export async function readSecurityGroups(context: Context, ids: string[]): Promise<SecurityGroup[]> {
  const { securityGroupInfo } = await describe(context, 'DescribeSecurityGroups', 'group-id', ids);
  return list(securityGroupInfo).filter(({ groupId }) => ids.includes(groupId)).map(groupOf);
}

/** The group that ECS attaches to tasks without any. */
export async function readDefaultSecurityGroup(context: Context, vpcId: string): Promise<SecurityGroup | undefined> {
  const { securityGroupInfo } = await describe(context, 'DescribeSecurityGroups', 'vpc-id', [vpcId]);
  const group = list(securityGroupInfo).find(each => each.groupName === 'default' && each.vpcId === vpcId);
  return group && groupOf(group);
}

function groupOf({ groupId: id, vpcId, ipPermissions, ipPermissionsEgress }: any): SecurityGroup {
  return { id, vpcId, ingress: rulesOf(ipPermissions), egress: rulesOf(ipPermissionsEgress) };
}

function rulesOf(permissions: unknown): GroupRule[] {
  return list(permissions).filter(({ ipProtocol }) => TCP_IN_GROUPS.includes(ipProtocol)).map(permission => ({
    ports: permission.ipProtocol === '-1' ? ALL_PORTS : portsOf(permission.fromPort, permission.toPort),
    peers: [
      ...list(permission.ipRanges).map(({ cidrIp }) => cidrIp),
      ...list(permission.groups).map(({ groupId }) => groupId),
      ...list(permission.prefixListIds).map(({ prefixListId }) => prefixListId),
    ].filter(Boolean),
  }));
}

export async function readVpcEndpoints(context: Context, vpcId: string): Promise<VpcEndpoint[]> {
  const { vpcEndpointSet } = await describe(context, 'DescribeVpcEndpoints', 'vpc-id', [vpcId]);
  const start = `com.amazonaws.${regionOf(context)}.`;
  return list(vpcEndpointSet).filter(endpoint => endpoint.vpcId === vpcId && endpoint.serviceName?.startsWith(start)).map(endpoint => ({
    id: endpoint.vpcEndpointId,
    service: endpoint.serviceName.slice(start.length),
    isGateway: endpoint.vpcEndpointType === 'Gateway',
    state: endpoint.state,
    policy: endpoint.policyDocument || undefined,
    routeTableIds: list(endpoint.routeTableIdSet),
    groupIds: list(endpoint.groupSet).map(({ groupId }) => groupId),
    hasPrivateDns: endpoint.privateDnsEnabled === 'true',
  }));
}

function portsOf(from: string, to: string): Ports {
  return { from: Number(from), to: Number(to) };
}

function regionOf({ runner }: Context): string {
  return runner.properties.Job.Region;
}

/** One description serves all checks. The filter may be ignored, so the callers look themselves, too. */
async function describe(context: Context, operation: string, filter: string, values: readonly string[]): Promise<any> {
  const key = [operation, filter, ...values].join(' ');
  return context.once(key, async () => context.aws('ec2', operation, { Filter: [{ Name: filter, Value: values }] }, regionOf(context)));
}
