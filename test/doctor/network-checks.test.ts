import * as fc from 'fast-check';
import { EndpointFacts, findEndpointProblems } from '../../src/doctor/checks/endpoints';
import { AclFacts, findAclProblems, judgeTraffic } from '../../src/doctor/checks/network-acls';
import { findRouteProblems, RouteFacts } from '../../src/doctor/checks/routes';
import { findGroupProblems, GroupFacts } from '../../src/doctor/checks/security-groups';
import { AclRule, ALL_PORTS, containsRange, rangesOverlap, RouteTable } from '../../src/doctor/network/facts';
import { neededPorts } from '../../src/doctor/network/ports';

const PRIVATE = { id: 'subnet-private', vpcId: 'vpc-1', cidr: '10.0.1.0/24' };
const PUBLIC = { id: 'subnet-public', vpcId: 'vpc-1', cidr: '10.0.0.0/24' };
const route = (target: string, isActive = true) => ({ destination: '0.0.0.0/0', target, isActive });
const table = (id: string, subnetIds: string[], ...routes: RouteTable['routes']): RouteTable => ({ id, subnetIds, isMain: false, routes });
const TABLES = [table('rtb-private', [PRIVATE.id], route('nat-1')), table('rtb-public', [PUBLIC.id], route('igw-1'))];
const NAT = { id: 'nat-1', subnetId: PUBLIC.id, state: 'available', isPublic: true };

/** The result and the finding as one string. */
const summary = ({ result, found }: { result: string; found: string }) => `${result}: ${found}`;

describe('the check of the routes', () => {
  const ROUTES: RouteFacts = {
    subnetIds: [PRIVATE.id], subnets: [PRIVATE], routeTables: TABLES, natGateways: [NAT], internetGatewayIds: ['igw-1'], hasDns: true, hasPublicIp: false,
  };
  const privateRoute = (...routes: RouteTable['routes']): Partial<RouteFacts> => ({ routeTables: [table('rtb-private', [PRIVATE.id], ...routes), TABLES[1]] });

  test.each<[string, Partial<RouteFacts>, RegExp, RegExp?]>([
    ['a NAT gateway', {}, /^ok: All 1 subnets have a route to the internet, by nat-1\.$/],
    ['the main route table', { routeTables: [{ ...TABLES[0], subnetIds: [], isMain: true }, TABLES[1]] }, /^ok/],
    ['no route', privateRoute(), /^problem: The route table rtb-private of the subnet subnet-private has no route to 0\.0\.0\.0\/0/, /create-route --route-table-id rtb-private/],
    ['routes to other networks only', privateRoute({ destination: '10.1.0.0/16', target: 'pcx-1', isActive: true }), /has no route to 0\.0\.0\.0\/0/],
    ['no route table', { routeTables: [] }, /^problem: The route table \(none\) of the subnet subnet-private/],
    ['a deleted NAT gateway', { natGateways: [{ ...NAT, state: 'deleted' }] }, /leads to nat-1, which has the state deleted/, /Create a NAT gateway/],
    ['a NAT gateway that does not exist', { natGateways: [] }, /leads to nat-1, which does not exist/],
    ['a black hole to a NAT gateway', privateRoute(route('nat-1', false)), /^problem/],
    ['a NAT gateway without an internet gateway', { routeTables: [TABLES[0], table('rtb-public', [PUBLIC.id])] }, /whose own subnet subnet-public has no route to an internet gateway/],
    ['a NAT gateway behind a detached internet gateway', { internetGatewayIds: [] }, /whose own subnet subnet-public has no route/, /Attach an internet gateway/],
    ['a private NAT gateway', { natGateways: [{ ...NAT, isPublic: false }], internetGatewayIds: [] }, /^ok/],
    ['an internet gateway with public addresses', { subnetIds: [PUBLIC.id], subnets: [PUBLIC], hasPublicIp: true }, /^ok: .* by igw-1\.$/],
    ['an internet gateway without public addresses', { subnetIds: [PUBLIC.id], subnets: [PUBLIC] }, /but the tasks get no public IP address/, /Set `assignPublicIp` to true/],
    ['a detached internet gateway', { subnetIds: [PUBLIC.id], subnets: [PUBLIC], hasPublicIp: true, internetGatewayIds: [] }, /leads to igw-1, which is not attached/],
    ['a transit gateway', privateRoute(route('tgw-1')), /^ok: .* by tgw-1\. What is behind tgw-1 cannot be checked\.$/],
    ['a black hole to a transit gateway', privateRoute(route('tgw-1', false)), /leads to tgw-1, which does not exist any more/],
    ['a subnet that does not exist', { subnetIds: [PRIVATE.id, 'subnet-2'] }, /^problem: The subnets subnet-2 do not exist/, /Give existing subnets/],
    ['no subnet that exists', { subnets: [], routeTables: [] }, /^problem: The subnets subnet-private do not exist/],
    ['a VPC without DNS', { hasDns: false }, /^problem: The VPC vpc-1 answers no DNS requests/, /--enable-dns-support/],
  ])('evaluates %s', (_what, facts, found, remedy = /.*/) => {
    const findings = findRouteProblems({ ...ROUTES, ...facts });
    expect(findings.map(summary)).toEqual([expect.stringMatching(found)]);
    expect(findings[0].remedy ?? '').toMatch(remedy);
  });

  test('reports each subnet that has a problem, and no other', () => {
    const subnets = [PRIVATE, PUBLIC, { ...PRIVATE, id: 'subnet-3' }];
    const findings = findRouteProblems({ ...ROUTES, subnetIds: subnets.map(({ id }) => id), subnets });
    expect(findings.map(({ found }) => /subnet-\w+/.exec(found)![0])).toEqual(['subnet-public', 'subnet-3']);
  });
});

describe('the check of the security groups', () => {
  const group = (port: number, ...peers: string[]) => ({ id: 'sg-1', vpcId: 'vpc-1', ingress: [], egress: [{ ports: { from: port, to: port }, peers }] });
  const ALL = { id: 'sg-2', vpcId: 'vpc-1', ingress: [], egress: [{ ports: ALL_PORTS, peers: ['0.0.0.0/0'] }] };
  const GROUPS: GroupFacts = { groupIds: ['sg-1'], groups: [group(443, '0.0.0.0/0')], vpcId: 'vpc-1', ports: [443] };

  test.each<[string, Partial<GroupFacts>, RegExp, RegExp?]>([
    ['a group that allows outbound HTTPS', {}, /^ok: The security groups let the tasks out to the TCP ports 443\.$/],
    ['a group that allows all outbound traffic', { groupIds: ['sg-2'], groups: [ALL], ports: [22, 443, 8443] }, /^ok: .* 22, 443, 8443\.$/],
    ['two groups that each allow one port', { groupIds: ['sg-1', 'sg-3'], groups: [group(443, '0.0.0.0/0'), { ...group(22, '0.0.0.0/0'), id: 'sg-3' }], ports: [22, 443] }, /^ok/],
    ['a group without outbound rules', { groups: [{ ...group(443), egress: [] }] }, /^problem: No outbound rule of the security groups sg-1 allows TCP to the ports 443/,
      /authorize-security-group-egress --group-id sg-1 --protocol tcp --port 443/],
    ['a group that allows outbound HTTPS only over IPv6', { groups: [group(443)] }, /^problem: No outbound rule/],
    ['a group without SSH', { ports: [22, 443] }, /allows TCP to the ports 22, which/, /--port 22 /],
    ['a group that allows outbound HTTPS only to some addresses', { groups: [group(443, '10.0.0.0/8', 'pl-1')] }, /^unknown: .* allow the ports 443 only to 10\.0\.0\.0\/8, pl-1\.$/],
    ['a group that does not exist', { groups: [] }, /^problem: The security groups sg-1 do not exist/],
    ['a group of another VPC', { vpcId: 'vpc-2' }, /^problem: The security groups sg-1 do not belong to vpc-2/],
    ['a group if the VPC is unknown', { vpcId: undefined }, /^ok/],
    ['no group if the VPC is unknown', { groupIds: [], groups: [], vpcId: undefined }, /^unknown: Could not check the security groups/],
  ])('evaluates %s', (_what, facts, found, remedy = /.*/) => {
    const findings = findGroupProblems({ ...GROUPS, ...facts });
    expect(findings.map(summary)).toEqual([expect.stringMatching(found)]);
    expect(findings[0].remedy ?? '').toMatch(remedy);
  });

  test.each<[string, object, object[], string, number[]]>([
    ['for a security group of the user', { SecurityGroups: ['sg-9'] }, [], 'https://api.humanitec.dev', [443]],
    ['for a self-hosted API', {}, [], 'https://api.example.com:8443', [443, 8443]],
    ['for the gateway, from the rules of the stack\'s security group', { SecurityGroups: ['sg-1'] }, [
      { IpProtocol: 'tcp', CidrIp: '0.0.0.0/0', FromPort: 9443, ToPort: 9443 },
      { IpProtocol: 'tcp', CidrIpv6: '::/0', FromPort: 9444, ToPort: 9444 },
    ], 'https://api.example.com', [443, 9443]],
    ['for Git over SSH', { Secrets: { RUNNER_GIT_SSH_KEYS: 'arn:aws:ssm:eu-west-1:111122223333:parameter/keys' } }, [], 'https://api.humanitec.dev', [22, 443]],
  ])('checks the ports %s', (_what, job, rules, apiUrl, ports) => {
    const resources = [{ type: 'AWS::EC2::SecurityGroup', physicalId: 'sg-1', properties: { SecurityGroupEgress: rules } }];
    expect(neededPorts({ stack: { resources }, runner: { apiUrl, properties: { Job: job } } } as any)).toEqual(ports);
  });
});

describe('the check of the network ACLs', () => {
  const rule = (number: number, isEgress: boolean, allows: boolean, more: Partial<AclRule> = {}): AclRule =>
    ({ number, isEgress, allows, cidr: '0.0.0.0/0', ports: ALL_PORTS, ...more });
  const OPEN = [rule(100, true, true), rule(100, false, true)];
  const acl = (id: string, subnetIds: string[], ...rules: AclRule[]) => ({ id, subnetIds, rules });
  const ACLS: AclFacts = { subnets: [PRIVATE], acls: [acl('acl-1', [PRIVATE.id, PUBLIC.id], ...OPEN)], routeTables: TABLES, natGateways: [NAT], ports: [443] };
  const ports = (from: number, to = from) => ({ ports: { from, to } });
  const privateAcl = (...rules: AclRule[]): Partial<AclFacts> => ({ acls: [acl('acl-1', [PRIVATE.id], ...rules), acl('acl-2', [PUBLIC.id], ...OPEN)] });
  const natAcl = (...rules: AclRule[]): Partial<AclFacts> => ({ acls: [acl('acl-1', [PRIVATE.id], ...OPEN), acl('acl-2', [PUBLIC.id], ...rules)] });

  test.each<[string, Partial<AclFacts>, RegExp[]]>([
    ['rules that allow all', {}, [/^ok/]],
    ['no rules', privateAcl(), [/acl-1 denies outbound TCP to 0\.0\.0\.0\/0 on port 443/, /acl-1 denies inbound TCP from 0\.0\.0\.0\/0 on ports 32768 to 60999/]],
    ['a rule that denies HTTPS first', privateAcl(rule(50, true, false, ports(443)), ...OPEN), [/^problem: The network ACL acl-1 denies outbound TCP to 0\.0\.0\.0\/0 on port 443/]],
    ['a rule that denies HTTPS last', privateAcl(...OPEN, rule(200, true, false, ports(443))), [/^ok/]],
    ['a rule that denies other ports', privateAcl(rule(50, true, false, ports(25)), ...OPEN), [/^ok/]],
    ['a rule that denies some addresses', privateAcl(rule(50, true, false, { cidr: '198.51.100.0/24' }), ...OPEN), [/^ok/]],
    ['rules for the needed ports only', privateAcl(rule(100, true, true, ports(443)), rule(100, false, true, ports(1024, 65535))), [/^ok/]],
    ['rules that allow responses in two port ranges', privateAcl(rule(100, true, true), rule(100, false, true, ports(1024, 50000)), rule(110, false, true, ports(50001, 65535))), [/^ok/]],
    ['rules that do not allow all response ports', privateAcl(rule(100, true, true), rule(100, false, true, ports(1024, 50000))), [/denies inbound TCP from 0\.0\.0\.0\/0 on ports 32768 to 60999/]],
    ['rules for some addresses', privateAcl(rule(100, true, true, { cidr: '10.0.0.0/8' }), rule(100, false, true)), [/^unknown: .* allows outbound TCP on port 443 only for a part of 0\.0\.0\.0\/0/]],
    ['SSH that is denied', { ...privateAcl(rule(50, true, false, ports(22)), ...OPEN), ports: [22, 443] }, [/on port 22, which requests of the tasks need/]],
    ['a rule that blocks responses to the NAT gateway', natAcl(rule(100, true, true), rule(100, false, true, { cidr: '10.0.0.0/16' })), [/^unknown: .* acl-2 allows inbound TCP on ports 1024 to 65535 only for a part/]],
    ['a rule that blocks requests to the NAT gateway', natAcl(rule(100, true, true), rule(90, false, false, { cidr: '10.0.1.0/24' }), rule(100, false, true)), [/acl-2 denies inbound TCP from 10\.0\.1\.0\/24 on port 443/]],
    ['a rule that blocks requests from the NAT gateway', natAcl(rule(100, true, true, { cidr: '10.0.0.0/16' }), rule(110, true, false), rule(100, false, true)), [/^unknown: .* acl-2 allows outbound TCP on port 443 only for a part/]],
    ['a route without a NAT gateway', { ...natAcl(), routeTables: [table('rtb-private', [PRIVATE.id], route('tgw-1'))] }, [/^ok/]],
  ])('evaluates %s', (_what, facts, found) => {
    expect(findAclProblems({ ...ACLS, ...facts }).map(summary)).toEqual(found.map(text => expect.stringMatching(text)));
  });

  test('takes the first rule that matches a port, as AWS does', () => {
    const rules = fc.array(fc.record({
      number: fc.integer({ min: 1, max: 100 }),
      isEgress: fc.constant(true),
      allows: fc.boolean(),
      cidr: fc.constant('0.0.0.0/0'),
      ports: fc.tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 12 }))
        .map(([one, other]) => ({ from: Math.min(one, other), to: Math.max(one, other) })),
    }), { maxLength: 5 }).map(list => list.sort((one, other) => one.number - other.number));
    fc.assert(fc.property(rules, fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 }), (list, from, length) => {
      const all = Array.from({ length: length + 1 }, (_, index) => from + index);
      const isAllowed = all.every(port => list.find(each => each.ports.from <= port && port <= each.ports.to)?.allows === true);
      expect(judgeTraffic(list, { isEgress: true, cidr: '0.0.0.0/0', ports: { from, to: from + length } })).toBe(isAllowed ? 'allowed' : 'denied');
    }));
  });

  test('compares address ranges', () => {
    expect(containsRange('10.0.0.0/8', '10.255.0.0/16')).toBe(true);
    expect(containsRange('10.0.0.0/16', '10.0.0.0/8')).toBe(false);
    expect(containsRange('0.0.0.0/0', '203.0.113.0/24')).toBe(true);
    expect(containsRange('10.0.1.0/24', '10.0.2.0/24')).toBe(false);
    expect(rangesOverlap('10.0.0.0/16', '10.0.0.0/8')).toBe(true);
    expect(rangesOverlap('10.0.0.0/16', '10.1.0.0/16')).toBe(false);
    expect(containsRange('pl-1', 'pl-1')).toBe(true);
    expect(containsRange('pl-1', '10.0.0.0/8')).toBe(false);
  });
});

describe('the check of the VPC endpoints', () => {
  const ROLE = 'arn:aws:iam::111122223333:role/tasks';
  const read = { action: 'secretsmanager:GetSecretValue', resource: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-123456', principal: { kind: 'AWS', value: ROLE } as const };
  const SECRETS = { id: 'vpce-1', service: 'secretsmanager', isGateway: false, state: 'available', routeTableIds: [], groupIds: ['sg-9'], hasPrivateDns: true };
  const S3 = { id: 'vpce-2', service: 's3', isGateway: true, state: 'available', routeTableIds: ['rtb-private'], groupIds: [], hasPrivateDns: false };
  const ingress = (port: number, ...peers: string[]) => [{ id: 'sg-9', vpcId: 'vpc-1', egress: [], ingress: [{ ports: { from: port, to: port }, peers }] }];
  const ENDPOINTS: EndpointFacts = {
    subnets: [PRIVATE],
    routeTables: TABLES,
    endpoints: [SECRETS],
    groups: ingress(443, '10.0.0.0/16'),
    taskGroupIds: ['sg-1'],
    uses: [{ service: 'secretsmanager', requests: [read] }, { service: 's3', requests: [{ ...read, action: 's3:GetObject', resource: 'arn:aws:s3:::state/a' }] }],
  };
  const policy = (statement: object) => JSON.stringify({ Statement: { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*', ...statement } });

  test.each<[string, Partial<EndpointFacts>, RegExp, RegExp?]>([
    ['no endpoint', { endpoints: [] }, /^ok: No VPC endpoint is on the way to AWS\.$/],
    ['an endpoint that allows all traffic', {}, /^ok: The VPC endpoints on the way let the tasks through: secretsmanager\.$/],
    ['an endpoint of a service that the runner does not use', { endpoints: [{ ...SECRETS, service: 'sqs', state: 'failed' }] }, /^ok: No VPC endpoint/],
    ['an endpoint for the group of the tasks', { groups: ingress(443, 'sg-1') }, /^ok/],
    ['an endpoint for a prefix list', { groups: ingress(443, 'pl-1') }, /^ok/],
    ['an endpoint with a policy that allows it', { endpoints: [{ ...SECRETS, policy: policy({}) }] }, /^ok/],
    ['an endpoint with a policy for other secrets', { endpoints: [{ ...SECRETS, policy: policy({ Resource: 'arn:aws:secretsmanager:*:*:secret:other-*' }) }] },
      /^problem: The policy of the VPC endpoint vpce-1 for secretsmanager denies secretsmanager:GetSecretValue on arn:aws:secretsmanager/, /modify-vpc-endpoint/],
    ['an endpoint with a policy that denies it', { endpoints: [{ ...SECRETS, policy: policy({ Effect: 'Deny' }) }] }, /denies secretsmanager:GetSecretValue/],
    ['an endpoint with a policy for an organization', { endpoints: [{ ...SECRETS, policy: policy({ Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } } }) }] },
      /^unknown: .* its policy depends on aws:PrincipalOrgID\.$/],
    ['an endpoint that is not available', { endpoints: [{ ...SECRETS, state: 'pendingAcceptance' }] }, /has the state pendingAcceptance: expected available/],
    ['an endpoint that allows no task', { groups: ingress(443, '10.9.0.0/16') }, /^problem: The security groups sg-9 of the VPC endpoint vpce-1 .* do not let the tasks in the subnets subnet-private in on port 443/,
      /--group-id sg-9 --protocol tcp --port 443 --source-group sg-1/],
    ['an endpoint that blocks tasks without their own security group', { groups: ingress(80, '0.0.0.0/0'), taskGroupIds: [] }, /^problem/, /--cidr 10\.0\.1\.0\/24/],
    ['an endpoint without private DNS, with a route to the internet', { endpoints: [{ ...SECRETS, hasPrivateDns: false, state: 'failed' }] }, /^ok: No VPC endpoint/],
    ['an endpoint without private DNS, without another route', { endpoints: [{ ...SECRETS, hasPrivateDns: false }], routeTables: [] }, /^problem: .* has no private DNS names/, /--private-dns-enabled/],
    ['a gateway that allows it', { endpoints: [S3] }, /^ok: .*: s3\.$/],
    ['a gateway that denies it', { endpoints: [{ ...S3, policy: policy({ Resource: 'arn:aws:s3:::other/*' }) }] }, /^problem: The policy of the VPC endpoint vpce-2 for s3 denies s3:GetObject on arn:aws:s3:::state\/a/],
    ['a gateway by a route', { endpoints: [{ ...S3, routeTableIds: [], state: 'deleted' }], routeTables: [table('rtb-private', [PRIVATE.id], { destination: 'pl-1', target: 'vpce-2', isActive: true })] }, /^problem/],
    ['a gateway of other subnets', { endpoints: [{ ...S3, routeTableIds: ['rtb-public'], policy: policy({ Effect: 'Deny' }) }] }, /^ok: No VPC endpoint/],
  ])('evaluates %s', (_what, facts, found, remedy = /.*/) => {
    const findings = findEndpointProblems({ ...ENDPOINTS, ...facts });
    expect(findings.map(summary)).toEqual([expect.stringMatching(found)]);
    expect(findings[0].remedy ?? '').toMatch(remedy);
  });
});
