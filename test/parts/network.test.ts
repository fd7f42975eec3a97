/** The subnets and security groups of the tasks and of the registration. */
import { CfnParameter, Fn, Lazy, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { EcsRunner, EcsRunnerProps, Orchestrator } from '../../src';
import { ACCOUNT, importedVpc, newStack, only, REGION, runnerIn, tokenOf, TOKEN_ARN } from '../support';

const inVpc = (stack: Stack, props: Partial<EcsRunnerProps> = {}) => runnerIn(stack, { vpc: importedVpc(stack), subnetIds: undefined, ...props });

/** The egress rules of a security group as `range port`. */
function egressOf(stack: Stack, startsWith: string): string[] {
  const rules = only(Template.fromStack(stack), 'AWS::EC2::SecurityGroup', startsWith).Properties.SecurityGroupEgress;
  return rules.map((rule: any) => `${rule.CidrIp ?? rule.CidrIpv6} ${rule.FromPort === rule.ToPort ? rule.FromPort : 'range'}`);
}
const both = (...ports: number[]) => ports.flatMap(port => [`0.0.0.0/0 ${port}`, `::/0 ${port}`]);

describe('the security group of the tasks', () => {
  const selfHosted = (stack: Stack, urls: { apiUrl: string; gatewayUrl?: string }) => ({
    orchestrator: Orchestrator.selfHosted({ orgId: 'my-org', apiToken: tokenOf(stack), oidcIssuerUrl: 'https://oidc.example.com', ...urls }),
  });
  const hidden = Lazy.string({ produce: () => 'orchestrator.example.com' });

  test.each<[string, { apiUrl: string; gatewayUrl?: string }, number[]]>([
    ['port 443 for URLs without a port', { apiUrl: 'https://orchestrator.example.com', gatewayUrl: 'https://gateway.example.com' }, [443]],
    ['the port of the API, which the gateway shares', { apiUrl: 'https://orchestrator.example.com:8443' }, [443, 8443]],
    ['the ports of the API and of the gateway', { apiUrl: 'https://orchestrator.example.com:8443', gatewayUrl: 'https://gateway.example.com:9443/' }, [443, 8443, 9443]],
    ['a port after a CDK token', { apiUrl: `https://${hidden}:8443` }, [443, 8443]],
    ['port 443 alone for a URL that is a CDK token', { apiUrl: hidden }, [443]],
    ['port 80 for a local trial without TLS', { apiUrl: 'http://127.0.0.1' }, [443, 80]],
  ])('allows %s', (_name, urls, ports) => {
    const stack = newStack();
    inVpc(stack, selfHosted(stack, urls));
    expect(egressOf(stack, 'RunnerSecurityGroup')).toEqual(both(...ports));
  });

  test('allows port 22 with keys for Git over SSH, but not with other secrets', () => {
    const secret = (stack: Stack) => ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'Secret', `${TOKEN_ARN.slice(0, -6)}GhIjKl`));
    const stack = newStack();
    inVpc(stack, { secrets: { RUNNER_GIT_SSH_KEYS: secret(stack) } });
    expect(egressOf(stack, 'RunnerSecurityGroup')).toEqual(both(443, 22));
    const other = newStack();
    inVpc(other, { secrets: { TF_VAR_key: secret(other) } });
    expect(egressOf(other, 'RunnerSecurityGroup')).toEqual(both(443));
  });

  test('is not created if groups are given', () => {
    const stack = newStack();
    inVpc(stack, { securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, 'Given', 'sg-12345678')] });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::EC2::SecurityGroup', 0);
    expect(only(template, 'Custom::HumanitecRunner').Properties.Job.SecurityGroups).toEqual(['sg-12345678']);
  });

  test('can belong to the app if only subnet ids are given', () => {
    const stack = newStack();
    const group = new ec2.SecurityGroup(stack, 'Given', { vpc: importedVpc(stack) });
    expect(runnerIn(stack, { securityGroups: [group] }).connections.securityGroups).toEqual([group]);
  });

  test('is created for an empty list of security groups, too', () => {
    const stack = newStack();
    inVpc(stack, { securityGroups: [] });
    expect(egressOf(stack, 'RunnerSecurityGroup')).toEqual(both(443));
  });
});

describe('the Lambda of the registration', () => {
  const dualStack = (stack: Stack) => new ec2.Vpc(stack, 'DualStack', { ipProtocol: ec2.IpProtocol.DUAL_STACK });
  const configOf = (stack: Stack) => only(Template.fromStack(stack), 'AWS::Lambda::Function', 'HumanitecRunnerRegistration').Properties.VpcConfig;

  test('uses IPv6 in a dual-stack VPC of the app', () => {
    const stack = newStack();
    runnerIn(stack, { registrationNetwork: { vpc: dualStack(stack) } });
    expect(configOf(stack).Ipv6AllowedForDualStack).toBe(true);
    expect(egressOf(stack, 'HumanitecRunnerRegistration')).toEqual(both(443));
  });

  test.each<[string, (stack: Stack) => ec2.IVpc]>([
    ['an IPv4 VPC', stack => new ec2.Vpc(stack, 'Own')], ['an imported VPC', importedVpc],
  ])('does not use IPv6 in %s', (_name, vpc) => {
    const stack = newStack();
    runnerIn(stack, { registrationNetwork: { vpc: vpc(stack) } });
    expect(configOf(stack)).not.toHaveProperty('Ipv6AllowedForDualStack');
  });

  test('gets its own security group for an empty list of security groups, too', () => {
    const stack = newStack();
    runnerIn(stack, { registrationNetwork: { vpc: importedVpc(stack), securityGroups: [] } });
    expect(egressOf(stack, 'HumanitecRunnerRegistration')).toEqual(both(443));
  });
});

describe('a cluster without vpc', () => {
  test.each<[string, (stack: Stack) => ecs.ICluster]>([
    ['is imported with its VPC', stack => ecs.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'shared', vpc: importedVpc(stack) })],
    ['belongs to the app', stack => new ecs.Cluster(stack, 'Cluster', { vpc: importedVpc(stack) })],
  ])('runs the tasks in the VPC of the cluster when it %s', (_name, cluster) => {
    const stack = newStack();
    const runner = runnerIn(stack, { subnetIds: undefined, cluster: cluster(stack) });
    expect(runner.vpc).toBe(importedVpc(stack));
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::EC2::VPC', 0);
    const { Job: job } = only(template, 'Custom::HumanitecRunner').Properties;
    expect(job.Subnets).toEqual(['subnet-11111111', 'subnet-22222222']);
    expect(job.SecurityGroups).toHaveLength(1);
  });

  test('runs the tasks in the selected subnets of the cluster\'s VPC', () => {
    const stack = newStack();
    const cluster = ecs.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'shared', vpc: importedVpc(stack) });
    const runner = runnerIn(stack, { subnetIds: undefined, cluster, vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC }, assignPublicIp: true });
    expect(runner.subnetIds).toEqual(['subnet-33333333', 'subnet-44444444']);
  });

  test('runs the tasks in the VPC of a cluster of another stack', () => {
    const stack = newStack();
    const other = newStack({ env: { account: ACCOUNT, region: REGION } }, 'Other', stack.node.root as any);
    const cluster = new ecs.Cluster(other, 'Cluster', { vpc: new ec2.Vpc(other, 'Vpc', { maxAzs: 2, natGateways: 1 }) });
    runnerIn(stack, { subnetIds: undefined, cluster });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::EC2::VPC', 0);
    expect(only(template, 'Custom::HumanitecRunner').Properties.Job.Subnets).toHaveLength(2);
  });

  test('runs the tasks in the given VPC instead of the cluster\'s VPC', () => {
    const stack = newStack();
    const cluster = ecs.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'shared', vpc: new ec2.Vpc(stack, 'Its') });
    expect(inVpc(stack, { cluster }).vpc).toBe(importedVpc(stack));
  });
});

describe('subnets and security groups of a VPC that could be the given one', () => {
  const imported = (stack: Stack, id: string, vpcId: string) => ec2.Vpc.fromVpcAttributes(stack, id, { vpcId, availabilityZones: ['a'], privateSubnetIds: ['subnet-9'] });
  const VPCS: [string, (stack: Stack) => [ec2.IVpc, ec2.IVpc]][] = [
    ['its id and a VPC of the app', stack => [imported(stack, 'Imported', 'vpc-1'), new ec2.Vpc(stack, 'Own')]],
    ['a VPC of the app and its id', stack => [new ec2.Vpc(stack, 'Own'), imported(stack, 'Imported', 'vpc-1')]],
    ['a VPC of the app and an export', stack => [new ec2.Vpc(stack, 'Own'), imported(stack, 'Imported', Fn.importValue('Vpc'))]],
    ['an export and a VPC of the app', stack => [imported(stack, 'Imported', Fn.importValue('Vpc')), new ec2.Vpc(stack, 'Own')]],
    ['two parameters', stack => ['One', 'Two'].map(id => imported(stack, `Vpc${id}`, new CfnParameter(stack, id).valueAsString)) as [ec2.IVpc, ec2.IVpc]],
    ['two imports of one VPC', stack => [imported(stack, 'One', 'vpc-1'), imported(stack, 'Two', 'vpc-1')]],
    ['one VPC of the app', (stack) => {
      const own = new ec2.Vpc(stack, 'Own');
      return [own, own];
    }],
  ];

  test.each(VPCS)('are accepted: %s', (_name, vpcs) => {
    const stack = newStack();
    const [vpc, other] = vpcs(stack);
    const runner = inVpc(stack, { vpc, vpcSubnets: { subnets: other.privateSubnets }, securityGroups: [new ec2.SecurityGroup(stack, 'Group', { vpc: other })] });
    expect(runner.subnetIds).toEqual(other.privateSubnets.map(subnet => subnet.subnetId));
  });
});

describe('isolated subnets', () => {
  const WARNING = Match.stringLikeRegexp('The tasks run in isolated subnets \\(IsolatedSubnet1, IsolatedSubnet2\\).*Choose subnets with a NAT gateway.*isolatedSubnets');
  const vpcWith = (stack: Stack, ...types: ec2.SubnetType[]) => new ec2.Vpc(stack, 'Own', {
    maxAzs: 2, subnetConfiguration: types.map(subnetType => ({ name: subnetType === ec2.SubnetType.PRIVATE_ISOLATED ? 'Isolated' : subnetType, subnetType })),
  });

  test('have a warning if the VPC has no other subnets', () => {
    const stack = newStack();
    inVpc(stack, { vpc: vpcWith(stack, ec2.SubnetType.PRIVATE_ISOLATED) });
    Annotations.fromStack(stack).hasWarning('/Stack/Runner', WARNING);
  });

  test('have a warning if they are selected', () => {
    const stack = newStack();
    const vpc = vpcWith(stack, ec2.SubnetType.PUBLIC, ec2.SubnetType.PRIVATE_WITH_EGRESS, ec2.SubnetType.PRIVATE_ISOLATED);
    inVpc(stack, { vpc, vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED } });
    Annotations.fromStack(stack).hasWarning('/Stack/Runner', WARNING);
  });

  test('have no warning if the tasks run in other subnets', () => {
    const stack = newStack();
    inVpc(stack, { vpc: vpcWith(stack, ec2.SubnetType.PUBLIC, ec2.SubnetType.PRIVATE_WITH_EGRESS, ec2.SubnetType.PRIVATE_ISOLATED) });
    Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('isolatedSubnets'));
  });

  test('have no warning before the context lookup of the VPC', () => {
    const stack = newStack();
    inVpc(stack, { vpc: ec2.Vpc.fromLookup(stack, 'Lookup', { vpcId: 'vpc-12345678' }), vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED } });
    Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('isolatedSubnets|publicIp|publicSubnet'));
  });
});

describe('private subnets of a VPC without NAT gateways', () => {
  const privateVpc = (stack: Stack) => new ec2.Vpc(stack, 'Own', {
    maxAzs: 2, natGateways: 0, subnetConfiguration: [{ name: 'Private', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS }],
  });
  const addRoute = (stack: Stack, { routeTable: { routeTableId } }: ec2.ISubnet) => new ec2.CfnRoute(stack, 'Route', {
    routeTableId, destinationCidrBlock: '0.0.0.0/0', transitGatewayId: 'tgw-12345678',
  });
  const warned = (stack: Stack, kind = 'isolatedSubnets') => Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp(`${kind}\\]`)).map(({ entry }) =>
    /isolated subnets \((.*?)\)/.exec(String(entry.data))?.[1]);

  test('have a warning for the tasks and for the registration if the app defines no route', () => {
    const stack = newStack();
    const vpc = privateVpc(stack);
    inVpc(stack, { vpc, registrationNetwork: { vpc } });
    expect([warned(stack), warned(stack, 'isolatedRegistration')]).toEqual([['PrivateSubnet1, PrivateSubnet2'], ['PrivateSubnet1, PrivateSubnet2']]);
  });

  test('have no warning with a route that is defined later', () => {
    const stack = newStack();
    const vpc = privateVpc(stack);
    inVpc(stack, { vpc });
    addRoute(stack, vpc.privateSubnets[0]);
    expect(warned(stack)).toEqual(['PrivateSubnet2']);
    const other = newStack();
    const routed = privateVpc(other);
    inVpc(other, { vpc: routed, registrationNetwork: { vpc: routed } });
    addRoute(other, routed.privateSubnets[0]);
    (routed.privateSubnets[1] as ec2.Subnet).addRoute('Out', { routerType: ec2.RouterType.TRANSIT_GATEWAY, routerId: 'tgw-12345678' });
    expect([warned(other), warned(other, 'isolatedRegistration')]).toEqual([[], []]);
  });
});

describe('security groups of the app', () => {
  const closed = (stack: Stack) => Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('cdk-humanitec-ecs-runner:closed')).map(({ entry }) =>
    String(entry.data).replace(/\. Add egress rules.*?\[ack: cdk-humanitec-ecs-runner:/, ' [ack: '));
  const group = (stack: Stack, id: string, allowAllOutbound = false) => new ec2.SecurityGroup(stack, id, { vpc: importedVpc(stack), allowAllOutbound });
  const TEXT = (whose: string, ports: string, what: string, id: string) => `No egress rule of the security groups of the ${whose} allows TCP to port ${ports}, which ${what} [ack: ${id}]`;
  const tasks = (ports: string) => TEXT('tasks', ports, 'the tasks need for the orchestrator, AWS, or module sources of Git over SSH', 'closedPorts');
  const selfHosted = (stack: Stack) => Orchestrator.selfHosted({
    orgId: 'my-org', apiToken: tokenOf(stack), oidcIssuerUrl: 'https://oidc.example.com', apiUrl: 'https://orchestrator.example.com:8443',
  });
  const nothing = () => undefined;

  test('have a warning that names the blocked ports and the remedy', () => {
    const stack = newStack();
    const secret = ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'Secret', `${TOKEN_ARN.slice(0, -6)}GhIjKl`));
    const one = group(stack, 'One');
    one.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcpRange(1, 21));
    one.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.udp(443));
    inVpc(stack, { securityGroups: [one, group(stack, 'Other')], orchestrator: selfHosted(stack), secrets: { RUNNER_GIT_SSH_KEYS: secret } });
    expect(closed(stack)).toEqual([tasks('443, 8443, 22')]);
    Annotations.fromStack(stack).hasWarning('*', Match.stringLikeRegexp('22, which .*Add egress rules to a security group\\. If the connections use other ports, for example those of a proxy, '
      + 'acknowledge this warning\\.'));
  });

  test('have a warning if the Lambda of the registration cannot reach the API', () => {
    const stack = newStack();
    const registration = group(stack, 'One');
    registration.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.HTTPS);
    inVpc(stack, { registrationNetwork: { vpc: importedVpc(stack), securityGroups: [registration] }, orchestrator: selfHosted(stack) });
    expect(closed(stack)).toEqual([TEXT('registration\'s Lambda', '8443', 'it needs for AWS and the API of the orchestrator', 'closedRegistrationPorts')]);
  });

  test.each<[string, (stack: Stack) => ec2.ISecurityGroup[], (runner: EcsRunner, stack: Stack) => void]>([
    ['that allow everything', stack => [group(stack, 'One', true)], nothing],
    ['without rules of the app, which allow everything', stack => [ec2.SecurityGroup.fromSecurityGroupId(stack, 'One', new ec2.CfnSecurityGroup(stack, 'L1', { groupDescription: 'x' }).ref)], nothing],
    ['of which one is imported', stack => [group(stack, 'One'), ec2.SecurityGroup.fromSecurityGroupId(stack, 'Imported', 'sg-12345678')], nothing],
    ['that get a rule later', stack => [group(stack, 'One')], runner => runner.connections.allowToAnyIpv4(ec2.Port.tcp(443))],
    ['that get a rule with another group later', stack => [group(stack, 'One')], (runner, stack) => runner.connections.allowTo(group(stack, 'Proxy'), ec2.Port.allTcp())],
    ['to which an open one is added later', stack => [group(stack, 'One')], (runner, stack) => runner.connections.addSecurityGroup(group(stack, 'Open', true))],
  ])('have no warning: %s', (_name, groups, later) => {
    const stack = newStack();
    const runner = inVpc(stack, { securityGroups: groups(stack) });
    later(runner, stack);
    expect(closed(stack)).toEqual([]);
  });
});

describe('a subnet or security group that is given twice', () => {
  const group = (stack: Stack, id: string) => ec2.SecurityGroup.fromSecurityGroupId(stack, `Group${stack.node.children.length}`, id);

  test('is registered once', () => {
    const stack = newStack();
    const shared = Fn.importValue('group');
    const runner = runnerIn(stack, {
      subnetIds: ['subnet-2', Fn.importValue('subnet'), 'subnet-1', Fn.importValue('subnet'), 'subnet-2'],
      securityGroups: [group(stack, 'sg-1'), group(stack, shared), group(stack, 'sg-1')],
    });
    runner.connections.addSecurityGroup(group(stack, Fn.importValue('group')));
    expect(only(Template.fromStack(stack), 'Custom::HumanitecRunner').Properties.Job).toMatchObject({
      Subnets: ['subnet-2', { 'Fn::ImportValue': 'subnet' }, 'subnet-1'], SecurityGroups: ['sg-1', { 'Fn::ImportValue': 'group' }],
    });
    const other = newStack();
    const vpc = importedVpc(other);
    expect(runnerIn(other, { vpc, subnetIds: undefined, vpcSubnets: { subnets: [vpc.privateSubnets[0], vpc.privateSubnets[0]] } }).subnetIds).toEqual(['subnet-11111111']);
  });

  test('counts once towards the limit of security groups', () => {
    const stack = newStack();
    const ids = [1, 2, 3, 4, 5];
    const runner = runnerIn(stack, {
      subnetIds: [...Array(16).keys(), 15].map(i => `subnet-${i}`), securityGroups: [...ids, 1].map(i => group(stack, `sg-${i}`)),
    });
    expect(runner.subnetIds).toHaveLength(16);
    runner.connections.addSecurityGroup(group(stack, 'sg-2'));
    expect(() => runner.connections.addSecurityGroup(group(stack, 'sg-6'))).toThrow('securityGroups: expected at most 5; got 6.');
  });
});
