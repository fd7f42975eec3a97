import { Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { warnAtTheEnd } from './late-warning';
import { sameValue } from './unknown-values';

/** The TCP ports that tasks or the Lambda need, for the warning. */
export interface PortNeeds {
  /** Who uses the security groups, such as "tasks". */
  readonly user: string;
  /** How the user uses the ports, as the end of a sentence. */
  readonly usage: string;
  /** The security groups. Called at the end of synthesis. */
  readonly groups: () => ec2.ISecurityGroup[];
  readonly ports: () => number[];
}

/** Warns about TCP ports that no egress rule of the security groups opens. The CDK opens none in a group with `allowAllOutbound: false`. */
export function warnAboutClosedPorts(scope: Construct, id: string, needs: PortNeeds): void {
  warnAtTheEnd(scope, id, () => {
    const closed = closedPorts(needs.groups(), needs.ports());
    return closed.length === 0 ? undefined
      : `No egress rule of the security groups of the ${needs.user} allows TCP to port ${closed.join(', ')}, which ${needs.usage}. `
        + 'Add egress rules to a security group. If the connections use other ports, for example those of a proxy, acknowledge this warning.';
  });
}

/** The closed ports. Empty if a security group is imported or has no egress rules in the app: then its rules are unknown, or allow all traffic. */
function closedPorts(groups: ec2.ISecurityGroup[], ports: number[]): number[] {
  const rules = groups.map(egressOf);
  return rules.length === 0 || rules.includes(undefined) ? []
    : [...new Set(ports)].filter(port => !rules.some(ruleset => ruleset!.some(rule => opens(rule, port))));
}

type EgressRule = Partial<Pick<ec2.CfnSecurityGroupEgress, 'ipProtocol' | 'fromPort' | 'toPort'>>;

function egressOf(group: ec2.ISecurityGroup): EgressRule[] | undefined {
  const { defaultChild, root } = group.node;
  if (!(defaultChild instanceof ec2.CfnSecurityGroup)) {
    return undefined;
  }
  const inlineRules: unknown = Stack.of(group).resolve(defaultChild.securityGroupEgress);
  // An egress rule to another security group is a separate resource.
  const separateRules = root.node.findAll().filter(construct => construct instanceof ec2.CfnSecurityGroupEgress)
    .filter(rule => sameValue(group, rule.groupId, group.securityGroupId));
  return Array.isArray(inlineRules) ? [...inlineRules as EgressRule[], ...separateRules] : undefined;
}

function opens({ ipProtocol, fromPort, toPort }: EgressRule, port: number): boolean {
  return ipProtocol === '-1'
    || (ipProtocol !== 'icmp' && ipProtocol !== 'icmpv6' && ipProtocol !== 'udp' && (Number(fromPort) || 0) <= port && port <= (Number(toPort) || Infinity));
}
