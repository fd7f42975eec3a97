import { Check, Finding, ok, problem, unknown } from '../check';
import { ALL_ADDRESSES, AclRule, containsRange, defaultRouteOf, NatGateway, NetworkAcl, Ports, rangesOverlap, RouteTable, Subnet } from '../network/facts';
import { neededPorts } from '../network/ports';
import { readNatGateways, readNetworkAcls, readRouteTables, readSubnets } from '../network/read';

export const NETWORK_ACLS: Check = {
  id: 'network-acls',
  title: 'The network ACLs of the subnets',
  reads: ['ec2:DescribeNetworkAcls', 'ec2:DescribeSubnets', 'ec2:DescribeRouteTables', 'ec2:DescribeNatGateways'],
  async run(context) {
    const subnets = await readSubnets(context);
    if (subnets.length === 0) {
      return [unknown('Could not check the network ACLs, because the VPC of the tasks is not known.', 'Correct the subnets of the runner first.')];
    }
    const [{ vpcId }] = subnets;
    const [acls, routeTables, natGateways] = await Promise.all([readNetworkAcls(context, vpcId), readRouteTables(context, vpcId), readNatGateways(context, vpcId)]);
    return findAclProblems({ subnets, acls, routeTables, natGateways, ports: neededPorts(context) });
  },
};

export interface AclFacts {
  readonly subnets: Subnet[];
  readonly acls: NetworkAcl[];
  readonly routeTables: RouteTable[];
  readonly natGateways: NatGateway[];
  /** The TCP ports that the tasks need to reach. */
  readonly ports: number[];
}

/** Where answers to Linux arrive. @see https://docs.kernel.org/networking/ip-sysctl.html (ip_local_port_range) */
const TASK_PORTS: Ports = { from: 32768, to: 60999 };
/** Where answers to NAT gateways arrive. @see https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html */
const NAT_PORTS: Ports = { from: 1024, to: 65535 };

/** Traffic through a network ACL. */
interface Traffic {
  readonly aclId: string;
  readonly subnetId: string;
  readonly isEgress: boolean;
  /** The addresses at the other end. */
  readonly cidr: string;
  readonly ports: Ports;
}

/**
 * Whether the network ACLs let requests out and answers in, for the subnets of the tasks and for those of their NAT gateways.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
 */
export function findAclProblems(facts: AclFacts): Finding[] {
  const judged = trafficOf(facts).map(traffic => ({ traffic, verdict: judgeTraffic(facts.acls.find(({ id }) => id === traffic.aclId)!.rules, traffic) }));
  const denied = judged.filter(({ verdict }) => verdict === 'denied').map(({ traffic }) => traffic);
  if (denied.length > 0) {
    return distinct(denied).map(({ aclId, isEgress, cidr, ports }) => problem(
      `The network ACL ${aclId} denies ${isEgress ? 'outbound' : 'inbound'} TCP ${isEgress ? 'to' : 'from'} ${cidr} on ${describePorts(ports)}, which ${isEgress ? 'requests of the tasks need' : 'answers to the tasks need'}.`,
      `Allow it: aws ec2 create-network-acl-entry --network-acl-id ${aclId} ${isEgress ? '--egress' : '--ingress'} --protocol tcp --port-range From=${ports.from},To=${ports.to} --cidr-block ${cidr} --rule-action allow --rule-number NUMBER, with a number below those of the rules that deny it.`));
  }
  const open = distinct(judged.filter(({ verdict }) => verdict === 'limited').map(({ traffic }) => traffic));
  if (open.length > 0) {
    return open.map(({ aclId, isEgress, cidr, ports }) => unknown(
      `Could not check whether the tasks reach everything: the network ACL ${aclId} allows ${isEgress ? 'outbound' : 'inbound'} TCP on ${describePorts(ports)} only for a part of ${cidr}.`,
      'Make sure that the addresses of the orchestrator, the image registry and AWS are among them.'));
  }
  return [ok('The network ACLs let the requests of the tasks out and the answers in.')];
}

/** What the tasks send and receive, at each network ACL on the way. */
function trafficOf({ subnets, acls, routeTables, natGateways, ports }: AclFacts): Traffic[] {
  const at = (subnetId: string, isEgress: boolean, cidr: string, range: Ports): Traffic[] =>
    acls.filter(({ subnetIds }) => subnetIds.includes(subnetId)).map(({ id }) => ({ aclId: id, subnetId, isEgress, cidr, ports: range }));
  const needed = ports.map(port => ({ from: port, to: port }));
  return subnets.flatMap(({ id, cidr }) => {
    const nat = natGateways.find(gateway => gateway.id === defaultRouteOf(routeTables, id)?.target);
    // A network ACL does not see traffic inside of its subnets.
    const atNat = !nat || nat.subnetId === id ? [] : [
      ...needed.flatMap(range => [...at(nat.subnetId, false, cidr, range), ...at(nat.subnetId, true, ALL_ADDRESSES, range)]),
      ...at(nat.subnetId, false, ALL_ADDRESSES, NAT_PORTS),
      ...at(nat.subnetId, true, cidr, TASK_PORTS),
    ];
    return [...needed.flatMap(range => at(id, true, ALL_ADDRESSES, range)), ...at(id, false, ALL_ADDRESSES, TASK_PORTS), ...atNat];
  });
}

/** What the rules, in the order of their numbers, say about traffic. `limited`: they allow it for some addresses at the other end only. */
export function judgeTraffic(rules: AclRule[], { isEgress, cidr, ports }: Pick<Traffic, 'isEgress' | 'cidr' | 'ports'>): 'allowed' | 'denied' | 'limited' {
  let open = [ports];
  let isLimited = false;
  for (const rule of rules.filter(each => each.isEgress === isEgress)) {
    const touched = open.some(range => rule.ports.from <= range.to && range.from <= rule.ports.to);
    if (!touched || !rangesOverlap(rule.cidr, cidr)) {
      continue;
    }
    if (!containsRange(rule.cidr, cidr)) {
      // Denying a part of the internet is usual, and is no reason to doubt the rest.
      isLimited ||= rule.allows;
    } else if (!rule.allows) {
      return isLimited ? 'limited' : 'denied';
    } else {
      open = open.flatMap(range => without(range, rule.ports));
    }
  }
  if (open.length === 0) {
    return 'allowed';
  }
  return isLimited ? 'limited' : 'denied';
}

function without(range: Ports, removed: Ports): Ports[] {
  return [
    { from: range.from, to: Math.min(range.to, removed.from - 1) },
    { from: Math.max(range.from, removed.to + 1), to: range.to },
  ].filter(({ from, to }) => from <= to);
}

/** Subnets that share an ACL have the same problem. */
function distinct(traffic: Traffic[]): Traffic[] {
  const key = ({ aclId, isEgress, cidr, ports }: Traffic) => [aclId, isEgress, cidr, ports.from].join(' ');
  return [...new Map(traffic.map(each => [key(each), each])).values()];
}

function describePorts({ from, to }: Ports): string {
  return from === to ? `port ${from}` : `ports ${from} to ${to}`;
}
