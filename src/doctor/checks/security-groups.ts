import { Check, Finding, ok, problem, unknown } from '../check';
import { ALL_ADDRESSES, containsPorts, SecurityGroup } from '../network/facts';
import { neededPorts } from '../network/ports';
import { readDefaultSecurityGroup, readSecurityGroups, readSubnets } from '../network/read';

export const SECURITY_GROUPS: Check = {
  id: 'security-groups',
  title: 'The outbound rules of the security groups',
  reads: ['ec2:DescribeSecurityGroups', 'ec2:DescribeSubnets'],
  async run(context) {
    const { SecurityGroups: groupIds = [] } = context.runner.properties.Job;
    const vpcId = (await readSubnets(context))[0]?.vpcId;
    const groups = groupIds.length > 0 ? await readSecurityGroups(context, groupIds)
      : [vpcId === undefined ? undefined : await readDefaultSecurityGroup(context, vpcId)].filter(group => group !== undefined);
    return findGroupProblems({ groupIds: groupIds.length > 0 ? groupIds : groups.map(({ id }) => id), groups, vpcId, ports: neededPorts(context) });
  },
};

export interface GroupFacts {
  /** The security groups of the tasks. */
  readonly groupIds: string[];
  /** Those that exist. */
  readonly groups: SecurityGroup[];
  /** The VPC of the subnets; undefined if they do not exist, which is reported by the check of the routes. */
  readonly vpcId?: string;
  /** The TCP ports that the tasks need to reach. */
  readonly ports: number[];
}

/** Whether the security groups let the tasks out. What one of them allows is allowed. */
export function findGroupProblems({ groupIds, groups, vpcId, ports }: GroupFacts): Finding[] {
  const findings: Finding[] = [];
  const missing = groupIds.filter(id => groups.every(group => group.id !== id));
  if (missing.length > 0) {
    findings.push(problem(`The security groups ${missing.join(', ')} do not exist, so no task can start.`, 'Give existing security groups as `securityGroups`, and deploy.'));
  }
  const foreign = groups.filter(group => vpcId !== undefined && group.vpcId !== vpcId);
  if (foreign.length > 0) {
    findings.push(problem(`The security groups ${foreign.map(({ id }) => id).join(', ')} do not belong to ${vpcId}, the VPC of the subnets, so no task can start.`,
      'Give security groups of this VPC as `securityGroups`, and deploy.'));
  }
  if (findings.length > 0 || groups.length === 0) {
    return findings.length > 0 ? findings : [unknown('Could not check the security groups, because the VPC of the tasks is not known.', 'Correct the subnets of the runner first.')];
  }
  // A rule for IPv6 only has no peers here: the tasks have IPv4 addresses, and so has the orchestrator.
  const rules = groups.flatMap(({ egress }) => egress).filter(({ peers }) => peers.length > 0);
  const allowing = (port: number) => rules.filter(rule => containsPorts(rule.ports, { from: port, to: port }));
  const closed = ports.filter(port => allowing(port).length === 0);
  if (closed.length > 0) {
    const names = groups.map(({ id }) => id).join(', ');
    findings.push(problem(`No outbound rule of the security groups ${names} allows TCP to the ports ${closed.join(', ')}, which the tasks need.`,
      closed.map(port => `Run \`aws ec2 authorize-security-group-egress --group-id ${groups[0].id} --protocol tcp --port ${port} --cidr ${ALL_ADDRESSES}\`.`).join(' ')));
  }
  const limited = ports.filter(port => !closed.includes(port) && !allowing(port).some(({ peers }) => peers.includes(ALL_ADDRESSES)));
  if (limited.length > 0) {
    const peers = [...new Set(limited.flatMap(port => allowing(port).flatMap(rule => rule.peers)))];
    findings.push(unknown(`Could not check whether the tasks reach everything: the security groups allow the ports ${limited.join(', ')} only to ${peers.join(', ')}.`,
      'Make sure that the addresses of the orchestrator, the image registry and AWS are among them.'));
  }
  return findings.length > 0 ? findings : [ok(`The security groups let the tasks out to the TCP ports ${ports.join(', ')}.`)];
}
