import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { newStack, referencesOf, runnerIn } from './support';
import { EXAMPLES, synthesize } from './synthesize';

const REGISTRATION = 'Custom::HumanitecRunner';
/** CloudFormation reports nothing until this time if an answer is lost. All deliveries of an event must fit into it, in seconds. */
const LONGEST_SERVICE_TIMEOUT = 600;
/** Additional seconds for the last delivery of an event, on top of the function's timeout. */
const SLACK = 60;
/** Seconds until Lambda's ninth attempt to deliver an event: 1 + 2 + 4 + … + 128. A VPC function that was idle for weeks needs minutes to start. */
const NINTH_TRY = 255;

/** Resource types that a deployment needs. They must be created before the registration and deleted after it. */
const NEEDED = [
  'AWS::IAM::Policy', 'AWS::IAM::Role', 'Custom::HumanitecOidcProvider', 'AWS::S3::BucketPolicy', 'AWS::S3::Bucket', 'AWS::ECS::Cluster',
  'AWS::ECS::ClusterCapacityProviderAssociations', 'AWS::Logs::LogGroup', 'AWS::Logs::ResourcePolicy', 'AWS::KMS::Key', 'AWS::EC2::SecurityGroup',
  'AWS::EC2::NatGateway', 'AWS::EC2::Route', 'AWS::Events::Rule', 'AWS::Logs::MetricFilter',
];

/** Resource types that can be created and deleted at the same time as the registration, with the reason. */
const BESIDE: Record<string, string> = {
  'AWS::CDK::Metadata': 'describes the template and has no effect',
  'AWS::CloudWatch::Alarm': 'watches the runner; the next deployment creates it again',
  'AWS::CloudWatch::Dashboard': 'shows metrics; the next deployment creates it again',
  'AWS::KMS::Alias': 'is a display name of the key: roles, bucket and logs use the key\'s ARN',
  'AWS::Logs::QueryDefinition': 'is a saved query; the next deployment creates it again',
};

/** The drift check depends on the registration. */
const WATCHES_REGISTRATION = /DriftCheck/;

type Resources = Record<string, any>;

/** The logical ids that `Fn::Sub` refers to. `referencesOf` finds all other references. */
function substituted(value: unknown, ids: Set<string>): string[] {
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  return Object.entries(value).flatMap(([key, inner]) => {
    const text = key === 'Fn::Sub' ? [inner].flat()[0] : undefined;
    const names = typeof text === 'string' ? [...text.matchAll(/\$\{([^!.}]+)[^}]*\}/g)].map(([, name]) => name) : [];
    return [...names.filter(name => ids.has(name)), ...substituted(inner, ids)];
  });
}

/** All resources that CloudFormation creates before the resource and deletes after it. */
function before(id: string, resources: Resources): Set<string> {
  const ids = new Set(Object.keys(resources));
  const found = new Set<string>();
  const open = [id];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const other of [...referencesOf(resources[next], ids), ...substituted(resources[next].Properties, ids)]) {
      if (!found.has(other)) {
        found.add(other);
        open.push(other);
      }
    }
  }
  return found;
}

function named(ids: string[], resources: Resources): string[] {
  return ids.map(id => `${id} (${resources[id].Type})`);
}

/** The resources that neither precede nor follow the registration. */
function loose(registration: string, resources: Resources): string[] {
  const earlier = before(registration, resources);
  return Object.keys(resources).filter(id => id !== registration && !earlier.has(id) && !before(id, resources).has(registration));
}

function registrationsOf(resources: Resources): string[] {
  return Object.keys(resources).filter(id => resources[id].Type === REGISTRATION);
}

function expectOrder(resources: Resources): void {
  for (const registration of registrationsOf(resources)) {
    expect(named(loose(registration, resources).filter(id => !(resources[id].Type in BESIDE)), resources)).toEqual([]);
    const earlier = before(registration, resources);
    const late = Object.keys(resources).filter(id => NEEDED.includes(resources[id].Type) && !earlier.has(id) && !WATCHES_REGISTRATION.test(id));
    expect(named(late, resources)).toEqual([]);
  }
}

function expectTimeouts(resources: Resources): void {
  for (const [id, { Type: type, Properties: properties }] of Object.entries(resources)) {
    if (type.startsWith('Custom::Humanitec')) {
      const provider = resources[properties.ServiceToken['Fn::GetAtt'][0]];
      const { MaximumEventAgeInSeconds: age } = Object.values(resources).find(resource =>
        resource.Type === 'AWS::Lambda::EventInvokeConfig' && resource.Properties.FunctionName.Ref === properties.ServiceToken['Fn::GetAtt'][0])!.Properties;
      const timeout = Number(properties.ServiceTimeout);
      expect({ id, timeout, enough: timeout >= age + provider.Properties.Timeout + SLACK, short: timeout <= LONGEST_SERVICE_TIMEOUT, ninthTry: age >= NINTH_TRY })
        .toEqual({ id, timeout: expect.any(Number), enough: true, short: true, ninthTry: true });
    }
  }
}

const resourcesOf = (template: Template): Resources => template.toJSON().Resources;

describe.each(EXAMPLES)('the example "%s"', (example) => {
  let templates: Resources[];
  beforeAll(async () => {
    templates = Object.values(await synthesize(example)).map(resourcesOf);
  });

  test('creates what a deployment needs before the registration, and deletes it afterwards', () => {
    expect(templates.flatMap(registrationsOf)).not.toEqual([]);
    templates.forEach(expectOrder);
  });

  test('lets CloudFormation wait for the last delivery of an event, even to an idle function, for at most ten minutes', () => {
    templates.forEach(expectTimeouts);
  });
});

/** Resources that no example has: the user's own cluster and roles, and resources that the CDK adds to them. */
function ownResources(stack: Stack): void {
  const vpc = new ec2.Vpc(stack, 'Network');
  const role = (id: string) => {
    const made = new iam.Role(stack, id, { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    made.addToPolicy(new iam.PolicyStatement({ actions: ['sns:Publish'], resources: ['*'] }));
    return made;
  };
  const cluster = new ecs.Cluster(stack, 'Cluster', { vpc, enableFargateCapacityProviders: true });
  const group = new ec2.SecurityGroup(stack, 'Group', { vpc, allowAllOutbound: false });
  group.addEgressRule(new ec2.SecurityGroup(stack, 'Endpoints', { vpc }), ec2.Port.tcp(443));
  const runner = runnerIn(stack, {
    vpc, subnetIds: undefined, cluster, taskRole: role('TaskRole'), executionRole: role('ExecutionRole'), securityGroups: [group],
  });
  runner.addRule('Rule', { envTypeId: 'production' });
  // A grant after the runner was defined.
  runner.grantPrincipal.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: ['*'] }));
  runner.taskManagerRole.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ['ecs:ListTasks'], resources: ['*'] }));
}

test('creates a cluster and roles of the app, with their policies, before the registration', () => {
  const stack = newStack({}, 'Stack', new App());
  ownResources(stack);
  const resources = resourcesOf(Template.fromStack(stack));
  const types = new Set(Object.values(resources).map(({ Type: type }) => type));
  expect([...types]).toEqual(expect.arrayContaining([
    'AWS::IAM::Policy', 'AWS::ECS::ClusterCapacityProviderAssociations', 'AWS::EC2::SecurityGroupEgress',
  ]));
  expectOrder(resources);
  expectTimeouts(resources);
});

test('the examples and this test contain every resource type that is checked', async () => {
  const stack = newStack({}, 'Stack', new App());
  ownResources(stack);
  const examples = [await synthesize('production'), await synthesize('monitoring')].flatMap(templates => Object.values(templates));
  const all = [Template.fromStack(stack), ...examples].flatMap(template => Object.values(resourcesOf(template)));
  const types = new Set(all.map(({ Type: type }) => type));
  expect(NEEDED.filter(type => !types.has(type))).toEqual([]);
});

test.each<[string, (resources: Resources) => void]>([
  ['DependsOn', (resources) => { resources.Registration.DependsOn = ['Role']; }],
  ['Ref', (resources) => { resources.Registration.Properties.Role = { Ref: 'Role' }; }],
  ['Fn::GetAtt', (resources) => { resources.Registration.Properties.Role = { 'Fn::GetAtt': ['Role', 'Arn'] }; }],
  ['Fn::Sub', (resources) => { resources.Registration.Properties.Role = { 'Fn::Sub': 'a ${AWS::Region} ${Role.Arn}' }; }],
  ['Fn::Sub with variables', (resources) => { resources.Registration.Properties.Role = { 'Fn::Sub': ['${x} ${Role}', { x: 1 }] }; }],
  ['another resource', (resources) => {
    resources.Other = { Type: 'AWS::S3::Bucket', Properties: { Tag: { Ref: 'Role' } } };
    resources.Registration.DependsOn = 'Other';
  }],
])('a dependency is found in %s, and a missing one is reported', (_, connect) => {
  const resources: Resources = { Registration: { Type: REGISTRATION, Properties: {} }, Role: { Type: 'AWS::IAM::Role' } };
  expect(loose('Registration', resources)).toEqual(['Role']);
  expect(() => expectOrder(resources)).toThrow('Role (AWS::IAM::Role)');
  connect(resources);
  expectOrder(resources);
});
