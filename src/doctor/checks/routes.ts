import { Check, Finding, ok, problem } from '../check';
import { defaultRouteOf, NatGateway, RouteTable, routeTableOf, Subnet } from '../network/facts';
import { readDnsSupport, readInternetGateways, readNatGateways, readRouteTables, readSubnets } from '../network/read';

export const ROUTES: Check = {
  id: 'routes',
  title: 'The routes from the subnets to the internet',
  reads: ['ec2:DescribeSubnets', 'ec2:DescribeRouteTables', 'ec2:DescribeNatGateways', 'ec2:DescribeInternetGateways', 'ec2:DescribeVpcAttribute'],
  async run(context) {
    const { Subnets: subnetIds, IsPublicIpEnabled: isPublicIpEnabled } = context.runner.properties.Job;
    const subnets = await readSubnets(context);
    const vpcId = subnets[0]?.vpcId;
    const [routeTables, natGateways, internetGatewayIds, hasDns] = vpcId === undefined ? [[], [], [], true] : await Promise.all([
      readRouteTables(context, vpcId), readNatGateways(context, vpcId), readInternetGateways(context, vpcId), readDnsSupport(context, vpcId),
    ]);
    return findRouteProblems({ subnetIds, subnets, routeTables, natGateways, internetGatewayIds, hasDns, hasPublicIp: isPublicIpEnabled === 'true' });
  },
};

export interface RouteFacts {
  /** The subnets that are registered. */
  readonly subnetIds: string[];
  /** Those that exist. */
  readonly subnets: Subnet[];
  readonly routeTables: RouteTable[];
  readonly natGateways: NatGateway[];
  /** Attached to the VPC. */
  readonly internetGatewayIds: string[];
  /** Whether the VPC answers DNS requests. */
  readonly hasDns: boolean;
  /** Whether the tasks get public addresses. */
  readonly hasPublicIp: boolean;
}

const WHY = 'so its tasks cannot reach the orchestrator, the image registry and AWS';

/**
 * Whether there is a way from each subnet to the orchestrator. ECS may start a task in any of them.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html
 */
export function findRouteProblems(facts: RouteFacts): Finding[] {
  const { subnetIds, subnets, hasDns } = facts;
  const missing = subnetIds.filter(id => subnets.every(subnet => subnet.id !== id));
  const findings = subnets.map(subnet => findRouteProblem(subnet, facts)).filter(finding => finding !== undefined);
  if (missing.length > 0) {
    findings.push(problem(`The subnets ${missing.join(', ')} do not exist in this region and account.`, 'Give existing subnets as `vpcSubnets` or `subnetIds`, and deploy.'));
  }
  if (!hasDns) {
    const { vpcId } = subnets[0];
    findings.push(problem(`The VPC ${vpcId} answers no DNS requests, so tasks cannot resolve any name.`, `Run \`aws ec2 modify-vpc-attribute --vpc-id ${vpcId} --enable-dns-support\`.`));
  }
  if (findings.length > 0) {
    return findings;
  }
  const targets = new Set(subnets.map(({ id }) => defaultRouteOf(facts.routeTables, id)!.target));
  const behind = [...targets].filter(target => !/^(igw|nat)-/.test(target));
  return [ok(`All ${subnets.length} subnets have a route to the internet, by ${[...targets].join(', ')}.`
    + `${behind.length > 0 ? ` What is behind ${behind.join(', ')} cannot be checked.` : ''}`)];
}

function findRouteProblem({ id }: Subnet, facts: RouteFacts): Finding | undefined {
  const { routeTables, natGateways, internetGatewayIds, hasPublicIp } = facts;
  const table = routeTableOf(routeTables, id);
  const route = defaultRouteOf(routeTables, id);
  if (!route) {
    return problem(`The route table ${table?.id ?? '(none)'} of the subnet ${id} has no route to 0.0.0.0/0, ${WHY}.`,
      `Add one that leads to a NAT gateway: aws ec2 create-route --route-table-id ${table?.id ?? 'TABLE'} --destination-cidr-block 0.0.0.0/0 --nat-gateway-id NAT_GATEWAY`);
  }
  const { target } = route;
  const start = `The route of the subnet ${id} to 0.0.0.0/0 leads to ${target}`;
  if (target.startsWith('nat-')) {
    const gateway = natGateways.find(nat => nat.id === target);
    if (!route.isActive || gateway?.state !== 'available') {
      return problem(`${start}, which ${gateway ? `has the state ${gateway.state}` : 'does not exist'}, ${WHY}.`, 'Create a NAT gateway, and let the route lead to it (aws ec2 replace-route).');
    }
    // A private NAT gateway leads to other networks, such as a transit gateway.
    const beyond = gateway.isPublic ? defaultRouteOf(routeTables, gateway.subnetId) : undefined;
    return gateway.isPublic && !(beyond?.isActive && internetGatewayIds.includes(beyond.target))
      ? problem(`${start}, whose own subnet ${gateway.subnetId} has no route to an internet gateway of the VPC, ${WHY}.`,
        'Attach an internet gateway to the VPC, and add a route to 0.0.0.0/0 that leads to it to the route table of that subnet.')
      : undefined;
  }
  if (target.startsWith('igw-')) {
    if (!route.isActive || !internetGatewayIds.includes(target)) {
      return problem(`${start}, which is not attached to the VPC, ${WHY}.`, 'Attach an internet gateway to the VPC, and let the route lead to it (aws ec2 replace-route).');
    }
    return hasPublicIp ? undefined : problem(`${start}, an internet gateway, but the tasks get no public IP address, ${WHY}.`,
      'Set `assignPublicIp` to true, or choose subnets with a route to a NAT gateway with `vpcSubnets`, and deploy.');
  }
  return route.isActive ? undefined : problem(`${start}, which does not exist any more, ${WHY}.`, 'Let the route lead to a gateway that exists (aws ec2 replace-route).');
}
