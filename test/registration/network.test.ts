import { readFileSync } from 'fs';
import { join } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ApiToken, EcsRunner, Orchestrator, RunnerOidcProvider, RunnerRule, SelfHostedOrchestratorProps } from '../../src';
import { selfSigned } from '../certificates';
import { importedVpc, newStack, only, REGION, runnerIn, statementsOf, tokenOf } from '../support';

const FUNCTION = 'AWS::Lambda::Function';
const selfHosted = (stack: Stack, change: Partial<SelfHostedOrchestratorProps> = {}) => Orchestrator.selfHosted({
  orgId: 'my-org', apiToken: tokenOf(stack), apiUrl: 'https://orchestrator.my-org.internal:8443', oidcIssuerUrl: 'https://oidc.example.com', ...change,
});

describe('the Lambda in a VPC', () => {
  test('runs in private subnets, with a security group that allows only outbound HTTPS and the port of the API', () => {
    const stack = newStack();
    runnerIn(stack, { orchestrator: selfHosted(stack), registrationNetwork: { vpc: importedVpc(stack) } });
    const template = Template.fromStack(stack);
    const [group] = Object.keys(template.findResources('AWS::EC2::SecurityGroup'));
    expect(only(template, FUNCTION).Properties.VpcConfig).toEqual({
      SubnetIds: ['subnet-11111111', 'subnet-22222222'], SecurityGroupIds: [{ 'Fn::GetAtt': [group, 'GroupId'] }],
    });
    const { SecurityGroupEgress: egress, SecurityGroupIngress: ingress } = only(template, 'AWS::EC2::SecurityGroup').Properties;
    expect(egress.map((rule: any) => [rule.CidrIp ?? rule.CidrIpv6, rule.IpProtocol, rule.FromPort, rule.ToPort])).toEqual([443, 8443].flatMap(port =>
      ['0.0.0.0/0', '::/0'].map(range => [range, 'tcp', port, port])));
    expect(ingress).toBeUndefined();
    expect(Object.keys(template.findResources('AWS::EC2::VPCEndpoint'))).toEqual([]);
  });

  test('has a role with which Lambda can create network interfaces, but the function\'s code cannot', () => {
    const stack = newStack();
    runnerIn(stack, { registrationNetwork: { vpc: importedVpc(stack) } });
    const { AttachToVpc: attach, KeepCodeFromVpc: keep } = statementsOf(Template.fromStack(stack), 'HumanitecRunnerRegistrationRole');
    expect(attach).toMatchObject({ Effect: 'Allow', Resource: '*', Condition: { StringEquals: { 'aws:RequestedRegion': REGION } } });
    expect(keep).toMatchObject({ Effect: 'Deny', Resource: '*', Condition: { Null: { 'lambda:SourceFunctionArn': 'false' } } });
    expect(keep.Action).toEqual(attach.Action);
  });

  test('uses the given security groups, and has none outside of a VPC', () => {
    const stack = newStack();
    runnerIn(stack, { registrationNetwork: { vpc: importedVpc(stack), securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-12345678')] } });
    expect(only(Template.fromStack(stack), FUNCTION).Properties.VpcConfig.SecurityGroupIds).toEqual(['sg-12345678']);
    const other = newStack();
    runnerIn(other);
    const template = Template.fromStack(other);
    expect(only(template, FUNCTION).Properties).not.toHaveProperty('VpcConfig');
    expect(Object.keys(statementsOf(template, 'HumanitecRunnerRegistrationRole'))).toEqual(['WriteLog', 'ReadApiTokenSecret', 'EnsureOidcProvider']);
  });

  test('gets the VPC endpoints for each service that stores an API token', () => {
    const stack = newStack();
    const registrationNetwork = { vpc: new ec2.Vpc(stack, 'Private', { subnetConfiguration: [{ name: 'Isolated', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }] }), createEndpoints: true };
    const oidcProvider = new RunnerOidcProvider(stack, 'OidcProvider');
    runnerIn(stack, { registrationNetwork, oidcProvider });
    runnerIn(stack, { registrationNetwork, oidcProvider }, 'Second');
    const parameter = ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Parameter', { parameterName: '/my-org/token' });
    runnerIn(stack, { registrationNetwork, oidcProvider, orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken: ApiToken.fromSsmParameter(parameter) }) }, 'Third');
    const template = Template.fromStack(stack);
    const endpoints = Object.values(template.findResources('AWS::EC2::VPCEndpoint')).map(({ Properties: p }) =>
      [p.VpcEndpointType, p.PrivateDnsEnabled, JSON.stringify(p.ServiceName)]);
    expect(endpoints).toEqual([
      ['Gateway', undefined, expect.stringContaining('.s3')],
      ['Interface', true, expect.stringContaining('.secretsmanager')],
      ['Interface', true, expect.stringContaining('.ssm')],
    ]);
    const rules = Object.values(template.findResources('AWS::EC2::SecurityGroupIngress')).map(({ Properties: p }) => [p.IpProtocol, p.FromPort]);
    expect(rules).toEqual([['tcp', 443], ['tcp', 443]]);
    // The registration must depend on everything that the Lambda needs to reach its services.
    const resources = Object.entries(template.toJSON().Resources as Record<string, { Type: string; DependsOn: string[] }>);
    const needed = resources.filter(([, { Type: type }]) => /^AWS::EC2::(VPCEndpoint|SecurityGroup(In|E)gress|SecurityGroup|SubnetRouteTableAssociation)$/.test(type));
    expect(needed.length).toBeGreaterThan(7);
    for (const [, { DependsOn: dependsOn }] of resources.filter(([, { Type: type }]) => type === 'Custom::HumanitecRunnerId')) {
      expect(dependsOn).toEqual(expect.arrayContaining(needed.map(([id]) => id)));
    }
  });

  test('has its endpoints in the selected subnets', () => {
    const stack = newStack();
    const subnetConfiguration = [{ name: 'One', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }, { name: 'Two', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }];
    const vpc = new ec2.Vpc(stack, 'Private', { maxAzs: 1, subnetConfiguration });
    runnerIn(stack, { registrationNetwork: { vpc, vpcSubnets: { subnetGroupName: 'Two' }, createEndpoints: true }, oidcProvider: new RunnerOidcProvider(stack, 'OidcProvider') });
    const [{ subnetId, routeTable }] = vpc.selectSubnets({ subnetGroupName: 'Two' }).subnets;
    const endpoints = Object.values(Template.fromStack(stack).findResources('AWS::EC2::VPCEndpoint')).map(({ Properties: { SubnetIds: subnets, RouteTableIds: tables } }) => [subnets, tables]);
    expect(endpoints).toEqual([[undefined, [stack.resolve(routeTable.routeTableId)]], [[stack.resolve(subnetId)], undefined]]);
  });

  test('is the same for all runners of a stack', () => {
    const stack = newStack();
    runnerIn(stack, { registrationNetwork: { vpc: importedVpc(stack) } });
    const fix = 'The runners of a stack share the registration\'s Lambda: give all of them the same, or put this one into another stack.';
    expect(() => runnerIn(stack, {}, 'Second')).toThrow(
      `EcsRunner 'Stack/Second' has 1 problem:\n  1. registrationNetwork: expected the network that the stack's other runners have; got none. ${fix}`);
    const other = newStack();
    runnerIn(other);
    expect(() => runnerIn(other, { registrationNetwork: { vpc: importedVpc(other) } }, 'Second')).toThrow(
      `registrationNetwork: expected none, as the stack's other runners have none; got another one. ${fix}`);
  });

  test('also runs in a VPC for rules of an imported runner', () => {
    const stack = newStack();
    const runner = EcsRunner.fromRunnerAttributes(stack, 'Imported', { runnerId: 'prod-runner', orchestrator: selfHosted(stack) });
    new RunnerRule(stack, 'Rule', { runner, envTypeId: 'production', registrationNetwork: { vpc: importedVpc(stack) } });
    expect(only(Template.fromStack(stack), FUNCTION).Properties.VpcConfig.SubnetIds).toEqual(['subnet-11111111', 'subnet-22222222']);
  });
});

describe('private CAs', () => {
  let one: string;
  let other: string;
  beforeAll(async () => {
    [one, other] = (await Promise.all([selfSigned({ dns: 'one.my-org.internal' }), selfSigned({ dns: 'other.my-org.internal' })])).map(made => made.certificate.trim());
  });

  /** The files of an API's Lambda, as Lambda unpacks them into /var/task. */
  function filesOf(stack: Stack): (name: string) => string {
    const assembly = (stack.node.root as App).synth();
    const template = Template.fromJSON(assembly.getStackByName(stack.stackName).template);
    // The function for the self-hosted API. The one for the hosted API has no certificates.
    const functions = Object.values<any>(template.findResources(FUNCTION)).map(({ Properties: properties }) => properties);
    const { Code: code } = functions.find(({ Environment: { Variables: variables } }) => variables.NODE_EXTRA_CA_CERTS) ?? functions[0];
    const [hash] = code.S3Key.split('.');
    return name => readFileSync(join(assembly.directory, `asset.${hash}`, name), 'utf8');
  }

  test('are part of the code, and an environment variable tells Node.js their path', () => {
    const stack = newStack();
    runnerIn(stack, { orchestrator: selfHosted(stack, { extraCaCertificates: `${one}\n\n` }) });
    const file = filesOf(stack);
    expect(file('extra-ca-certificates.pem')).toBe(`${one}\n`);
    expect(file('index.js')).toBe(readFileSync(join(__dirname, '..', '..', 'assets', 'registration', 'index.js'), 'utf8'));
    expect(only(Template.fromStack(stack), FUNCTION).Properties.Environment).toEqual({
      Variables: { NODE_EXTRA_CA_CERTS: '/var/task/extra-ca-certificates.pem', ORCHESTRATOR_API_URL: 'https://orchestrator.my-org.internal:8443' },
    });
  });

  test('of several orchestrators are trusted together, in any order', () => {
    const hashes = [[one, other], [other, one]].map(([first, second]) => {
      const stack = newStack();
      runnerIn(stack);
      runnerIn(stack, { orchestrator: selfHosted(stack, { extraCaCertificates: first }) }, 'Second');
      runnerIn(stack, { orchestrator: selfHosted(stack, { extraCaCertificates: second, orgId: 'other-org' }) }, 'Third');
      const pem = filesOf(stack)('extra-ca-certificates.pem');
      expect(pem).toContain(one);
      expect(pem).toContain(other);
      const functions = Object.values<any>(Template.fromStack(stack).findResources(FUNCTION));
      return functions.map(({ Properties: { Code: code, Environment: { Variables: variables } } }) => [variables.ORCHESTRATOR_API_URL, code.S3Key]);
    });
    // Each API has its own function, which the organizations of the API share.
    expect(hashes[0].map(([url]) => url)).toEqual(['https://api.humanitec.dev', 'https://orchestrator.my-org.internal:8443']);
    expect(hashes[0]).toEqual(hashes[1]);
  });
});
