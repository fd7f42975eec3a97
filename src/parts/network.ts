import { Annotations } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { acknowledge, Acknowledgement, hipaaNistAndPci } from '../common/acknowledgements';
import { warnAboutClosedPorts } from '../common/closed-ports';
import { SECURITY_GROUPS_MAX, SUBNET_ID_MAX, SUBNETS_MAX } from '../common/contract';
import { EgressPorts } from '../common/egress';
import { isolatedOf, withoutRouteOf } from '../common/isolated-subnets';
import { warnAtTheEnd } from '../common/late-warning';
import { checkVpcParts } from '../common/place';
import { Problems } from '../common/problems';
import { distinct, isKnown, quote } from '../common/unknown-values';
import type { EcsRunnerProps } from '../inputs/ecs-runner-props';

export type NetworkInputs = Pick<EcsRunnerProps, 'vpc' | 'vpcSubnets' | 'subnetIds' | 'securityGroups' | 'assignPublicIp' | 'cluster'>;

/** Egress ports of a new security group of the tasks, in addition to HTTPS. */
export interface TaskEgress {
  readonly orchestratorPorts: number[];
  readonly gitOverSsh: boolean;
}

/** The network of the tasks. */
export interface RunnerNetwork {
  readonly vpc?: ec2.IVpc;
  /** Whether the VPC was created for the runner. */
  readonly isNewVpc: boolean;
  readonly subnetIds: string[];
  readonly securityGroups: ec2.ISecurityGroup[];
}

/** Rejects missing, invalid and contradictory inputs for the network of the tasks. */
export function checkNetwork(scope: Construct, problems: Problems, inputs: NetworkInputs): void {
  const { vpcSubnets, subnetIds, securityGroups } = inputs;
  const vpc = knownVpc(inputs);
  if (inputs.vpc && subnetIds) {
    problems.add({
      input: 'subnetIds',
      expected: 'either `vpc` (with `vpcSubnets`) or `subnetIds`',
      got: 'both',
      fix: 'Select subnets of the VPC with `vpcSubnets`, or omit `vpc`.',
    });
  }
  if (inputs.cluster && !vpc && !subnetIds) {
    problems.add({
      input: 'cluster',
      expected: '`vpc` or `subnetIds` together with a cluster whose VPC is not known',
      got: 'neither',
      fix: 'Give the VPC or the subnets of the tasks, or import the cluster with its VPC by Cluster.fromClusterAttributes().',
    });
  } else if (vpcSubnets && !vpc) {
    problems.add({
      input: 'vpcSubnets',
      expected: '`vpc` together with it',
      got: 'no `vpc`',
      fix: 'Give the VPC of these subnets, or use `subnetIds`.',
    });
  }
  if (isKnown(subnetIds)) {
    checkSubnetIds('subnetIds', distinct(scope, subnetIds), problems);
  }
  if (vpc) {
    checkSelection(scope, vpc, vpcSubnets, problems);
  }
  checkSecurityGroupCount(scope, problems, securityGroups ?? []);
  checkVpcParts(scope, problems, '', inputs);
}

/** Rejects a security group that is added to the connections of the runner but cannot be used for its tasks. */
export function checkAddedSecurityGroup(scope: Construct, vpc: ec2.IVpc | undefined, securityGroups: ec2.ISecurityGroup[]): void {
  const problems = new Problems();
  checkSecurityGroupCount(scope, problems, securityGroups);
  checkVpcParts(scope, problems, '', { vpc, securityGroups: securityGroups.slice(-1) });
  problems.throwIfAny(scope, 'EcsRunner');
}

function checkSecurityGroupCount(scope: Construct, problems: Problems, securityGroups: ec2.ISecurityGroup[]): void {
  const ids = distinct(scope, securityGroups.map(group => group.securityGroupId));
  if (ids.length > SECURITY_GROUPS_MAX) {
    problems.add({
      input: 'securityGroups',
      expected: `at most ${SECURITY_GROUPS_MAX}`,
      got: `${ids.length}`,
      fix: `ECS attaches at most ${SECURITY_GROUPS_MAX} security groups to a task: merge their rules.`,
    });
  }
}

/** Warns about security groups of the app without egress to the ports that the tasks need. Includes groups that are added to the connections later. */
export function warnAboutTaskEgress(scope: Construct, connections: ec2.Connections, egress: TaskEgress): void {
  warnAboutClosedPorts(scope, 'closedPorts', {
    user: 'tasks',
    usage: 'the tasks need for the orchestrator, AWS, or module sources of Git over SSH',
    groups: () => connections.securityGroups,
    ports: () => portsOf(egress),
  });
}

function portsOf({ orchestratorPorts, gitOverSsh }: TaskEgress): number[] {
  return [443, ...orchestratorPorts, ...gitOverSsh ? [22] : []];
}

/** Finds the subnets and security groups of the tasks, and creates a VPC and a security group if none was given. */
export function createNetwork(scope: Construct, inputs: NetworkInputs, egress: TaskEgress): RunnerNetwork {
  // An empty list counts as not given, because ECS then uses the default security group of the VPC.
  const securityGroups = inputs.securityGroups ?? [];
  if (inputs.subnetIds) {
    if (securityGroups.length === 0) {
      Annotations.of(scope).addWarningV2('cdk-humanitec-ecs-runner:defaultSecurityGroup',
        'The tasks use the default security group of their VPC, because `subnetIds` is given without `securityGroups`. Unless that group was changed, it '
        + 'allows all outbound traffic, and all traffic between its members. Give security groups in `securityGroups`, or give `vpc` instead of `subnetIds`.');
    }
    return { isNewVpc: false, subnetIds: distinct(scope, inputs.subnetIds), securityGroups };
  }
  const known = knownVpc(inputs);
  const vpc = known ?? newVpc(scope);
  const selection = vpc.selectSubnets(inputs.vpcSubnets);
  if (!selection.isPendingLookup) {
    warnAboutPublicIp(scope, vpc, selection.subnets, inputs.assignPublicIp ?? false);
    warnAboutIsolatedSubnets(scope, vpc, selection.subnets);
  }
  return {
    vpc,
    isNewVpc: known === undefined,
    subnetIds: distinct(scope, selection.subnetIds),
    securityGroups: securityGroups.length > 0 ? securityGroups : [newSecurityGroup(scope, vpc, egress)],
  };
}

/** Whether the runner gets a new VPC. */
export function createsVpc({ vpc, subnetIds, cluster }: Pick<NetworkInputs, 'vpc' | 'subnetIds' | 'cluster'>): boolean {
  return !vpc && !subnetIds && !cluster;
}

/** The given VPC, or that of the cluster. */
function knownVpc({ vpc, subnetIds, cluster }: NetworkInputs): ec2.IVpc | undefined {
  if (vpc || subnetIds) {
    return vpc;
  }
  try {
    return cluster?.vpc;
  } catch {
    // A cluster of Cluster.fromClusterArn() throws an error if its VPC is read.
    return undefined;
  }
}

/** The accepted findings of a new VPC. */
const VPC_FINDINGS: Acknowledgement[] = [{
  nag: ['AwsSolutions-VPC7', ...hipaaNistAndPci('VPCFlowLogsEnabled')],
  reason: 'Flow logs cost by the traffic, and how long they are kept is for you to say: runner.vpc.addFlowLog() adds them.',
}];
const OPEN_DEFAULT_GROUP: Acknowledgement[] = [{
  nag: hipaaNistAndPci('VPCDefaultSecurityGroupClosed'),
  reason: 'Nothing here uses the default security group. The feature flag @aws-cdk/aws-ec2:restrictDefaultSecurityGroup closes it.',
}];
const PUBLIC_ROUTE: Acknowledgement[] = [{
  nag: hipaaNistAndPci('VPCNoUnrestrictedRouteToIGW'),
  reason: 'The way out of the NAT gateway, which is alone in this subnet. Tasks run in the private ones, without a route to the internet gateway.',
}];

function newVpc(scope: Construct): ec2.IVpc {
  const vpc = new ec2.Vpc(scope, 'Vpc', {
    maxAzs: 2,
    natGateways: 1,
    subnetConfiguration: [
      // NAT gateways and tasks request a public address explicitly.
      { name: 'Public', subnetType: ec2.SubnetType.PUBLIC, mapPublicIpOnLaunch: false },
      { name: 'Private', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
    ],
  });
  acknowledgeVpc(vpc);
  return vpc;
}

function acknowledgeVpc(vpc: ec2.Vpc): void {
  acknowledge(vpc, VPC_FINDINGS);
  if (!vpc.node.tryFindChild('RestrictDefaultSecurityGroupCustomResource')) {
    acknowledge(vpc, OPEN_DEFAULT_GROUP);
  }
  for (const subnet of vpc.publicSubnets) {
    acknowledge(subnet.node.findChild('DefaultRoute'), PUBLIC_ROUTE);
  }
}

function checkSelection(scope: Construct, vpc: ec2.IVpc, vpcSubnets: ec2.SubnetSelection | undefined, problems: Problems): void {
  const input = vpcSubnets ? 'vpcSubnets' : 'vpc';
  let selection: ec2.SelectedSubnets;
  try {
    selection = vpc.selectSubnets(vpcSubnets);
  } catch (error) {
    problems.add({
      input,
      expected: 'a selection of the VPC\'s subnets',
      got: (error as Error).message,
      fix: 'Select existing subnets of the VPC, with a route to the orchestrator and the image registry.',
    });
    return;
  }
  // Before the lookup, a VPC has placeholders for subnets, and their number is not real.
  if (!selection.isPendingLookup) {
    checkSubnetIds(input, distinct(scope, selection.subnetIds), problems);
  }
}

function checkSubnetIds(input: string, ids: string[], problems: Problems): void {
  if (ids.length === 0 || ids.length > SUBNETS_MAX) {
    problems.add({
      input,
      expected: `1 to ${SUBNETS_MAX} subnets`,
      got: ids.length === 0 ? 'none' : `${ids.length}`,
      fix: ids.length === 0 ? 'Give at least one subnet that the tasks can run in.' : 'Select fewer subnets: one per availability zone is enough.',
    });
  }
  const odd = ids.filter(id => isKnown(id) && (id.length === 0 || id.length > SUBNET_ID_MAX || /\s/.test(id)));
  if (odd.length > 0) {
    problems.add({
      input,
      expected: `subnet ids of 1 to ${SUBNET_ID_MAX} characters without spaces, such as "subnet-0123456789abcdef0"`,
      got: odd.map(quote).join(', '),
      fix: 'Give the ids, not ARNs or names.',
    });
  }
}

function newSecurityGroup(scope: Construct, vpc: ec2.IVpc, { orchestratorPorts, gitOverSsh }: TaskEgress): ec2.ISecurityGroup {
  const group = new ec2.SecurityGroup(scope, 'SecurityGroup', {
    vpc,
    description: 'Tasks of a Platform Orchestrator runner',
    allowAllOutbound: false,
  });
  const ports = new EgressPorts(group);
  ports.allow(443, 'HTTPS to the orchestrator, registries and AWS');
  for (const port of orchestratorPorts) {
    ports.allow(port, 'API and gateway of the orchestrator');
  }
  if (gitOverSsh) {
    ports.allow(22, 'Module sources of Git over SSH');
  }
  return group;
}

function warnAboutIsolatedSubnets(scope: Construct, vpc: ec2.IVpc, subnets: ec2.ISubnet[]): void {
  const text = (isolated: ec2.ISubnet[]) =>
    `The tasks run in isolated subnets (${isolated.map(subnet => subnet.node.id).join(', ')}), which have no route to the internet, so they cannot reach the orchestrator. `
      + 'Choose subnets with a NAT gateway with vpcSubnets. If the subnets can reach the orchestrator, AWS and the image registry by another route, acknowledge this warning.';
  const isolated = isolatedOf(vpc, subnets);
  if (isolated.length > 0) {
    Annotations.of(scope).addWarningV2('cdk-humanitec-ecs-runner:isolatedSubnets', text(isolated));
  } else {
    warnAtTheEnd(scope, 'isolatedSubnets', () => {
      const found = withoutRouteOf(vpc, subnets);
      return found.length > 0 ? text(found) : undefined;
    });
  }
}

function warnAboutPublicIp(scope: Construct, vpc: ec2.IVpc, subnets: ec2.ISubnet[], assignPublicIp: boolean): void {
  const isPublic = (subnet: ec2.ISubnet) => vpc.publicSubnets.some(other => other.node.path === subnet.node.path);
  if (!assignPublicIp && subnets.some(isPublic)) {
    Annotations.of(scope).addWarningV2('cdk-humanitec-ecs-runner:publicSubnetWithoutPublicIp',
      'The tasks run in a public subnet without a public IP address, so they cannot reach the orchestrator. '
      + 'Set assignPublicIp to true, or choose private subnets with vpcSubnets.');
  }
  if (assignPublicIp && subnets.some(subnet => !isPublic(subnet))) {
    Annotations.of(scope).addWarningV2('cdk-humanitec-ecs-runner:publicIpInPrivateSubnet',
      'assignPublicIp is set, but the tasks run in a private subnet, where a public IP address has no effect. '
      + 'Omit assignPublicIp, or choose public subnets with vpcSubnets.');
  }
}
