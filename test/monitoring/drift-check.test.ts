/** The schedule of the drift check: its input, its metric, and its alarm. */
import { App, CfnParameter, Duration, Lazy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as sns from 'aws-cdk-lib/aws-sns';
import { matchesPattern } from '../../local/emulator/filter-patterns';
import { EcsRunner, EcsRunnerProps, RunnerMonitoring, RunnerMonitoringProps } from '../../src';
import { ACCOUNT, newStack, only, REGION, runnerIn } from '../support';

const HOURLY: Partial<RunnerMonitoringProps> = { driftCheckInterval: Duration.hours(1) };

function monitored(runnerProps: Partial<EcsRunnerProps> = {}, props: Partial<RunnerMonitoringProps> = HOURLY, stack: Stack = newStack()) {
  const runner = runnerIn(stack, { runnerId: 'prod-runner', ...runnerProps });
  runner.addRule('Production', { envTypeId: 'production' });
  const monitoring = new RunnerMonitoring(stack, 'Monitoring', { runner, ...props });
  return { stack, runner, monitoring, template: () => Template.fromStack(stack) };
}

const resources = (template: Template, type: string): [string, any][] => Object.entries(template.findResources(type));
const idOf = (template: Template, type: string) => resources(template, type)[0][0];

/** The input of the schedule. Values known only to CloudFormation are written as `<Ref X>`, `<X Arn>` or `<list X>`. */
function inputOf(template: Template): any {
  const [target] = only(template, 'AWS::Events::Rule', 'RunnerDriftCheck').Properties.Targets;
  const text = (value: any): string => {
    if (typeof value === 'string') {
      return value;
    }
    const [name, argument] = Object.entries<any>(value)[0];
    switch (name) {
      case 'Ref': return `<Ref ${argument}>`;
      case 'Fn::GetAtt': return `<${argument.join(' ')}>`;
      case 'Fn::Join': return Array.isArray(argument[1]) ? argument[1].map(text).join(argument[0]) : `<list ${argument[1].Ref}>`;
      default: return `<${name}>`;
    }
  };
  return JSON.parse(text(target.Input));
}

describe('the drift check', () => {
  test('does not exist by default', () => {
    const template = monitored({}, {}).template();
    template.resourceCountIs('AWS::Lambda::Permission', 0);
    expect(resources(template, 'AWS::Events::Rule').filter(([id]) => id.includes('Drift'))).toEqual([]);
    expect(resources(template, 'AWS::Logs::QueryDefinition')).toHaveLength(4);
  });

  test('adds a schedule, its permission, a metric filter, an alarm and a query, and changes nothing else', () => {
    const [without, withCheck] = [{}, HOURLY].map(props => monitored({}, props).template().toJSON().Resources);
    const added = Object.keys(withCheck).filter(id => !(id in without));
    expect(added.map(id => withCheck[id].Type).sort()).toEqual([
      'AWS::CloudWatch::Alarm', 'AWS::Events::Rule', 'AWS::Lambda::Permission', 'AWS::Logs::MetricFilter', 'AWS::Logs::QueryDefinition',
    ]);
    const common = Object.fromEntries(Object.entries(withCheck).filter(([id]) => !added.includes(id)));
    expect(common).toEqual(without);
  });

  test('sends the registered values and the rules, including rules that are added later', () => {
    const { runner, template } = monitored({ description: 'text with "quotes"', environment: { A: '1' } });
    runner.addRule('Shop', { projectId: 'shop' });
    const synthesized = template();
    const registration = idOf(synthesized, 'Custom::HumanitecRunner');
    const { ServiceToken, ServiceTimeout, Job: { Subnets, SecurityGroups, ...job }, ...registered } = only(synthesized, 'Custom::HumanitecRunner').Properties;
    const input = inputOf(synthesized).DriftCheck;
    expect(input.PhysicalId).toBe(`<Ref ${registration}>`);
    expect(JSON.stringify(input.Runner)).toContain('text with \\"quotes\\"');
    expect(Object.keys(input.Runner).sort()).toEqual([...Object.keys(registered), 'Job'].sort());
    expect(Object.keys(input.Runner.Job).sort()).toEqual([...Object.keys(job), 'Subnets', ...SecurityGroups ? ['SecurityGroups'] : []].sort());
    expect(input.Runner.Job.Subnets).toBe(Subnets.join(','));
    expect(input.Rules).toEqual([
      { RuleId: expect.stringMatching(/^<HumanitecRunnerRule\w+ RuleId>$/), EnvTypeId: 'production' },
      { RuleId: expect.stringMatching(/^<HumanitecRunnerRule\w+ RuleId>$/), ProjectId: 'shop' },
    ]);
    expect([ServiceToken, ServiceTimeout].map(value => JSON.stringify(input).includes(JSON.stringify(value)))).toEqual([false, false]);
  });

  test('sends subnets of a parameter, without another custom resource', () => {
    const stack = newStack();
    const subnets = new CfnParameter(stack, 'Subnets', { type: 'List<AWS::EC2::Subnet::Id>' });
    const { template } = monitored({ subnetIds: subnets.valueAsList }, HOURLY, stack);
    expect(inputOf(template()).DriftCheck.Runner.Job.Subnets).toBe('<list Subnets>');
    expect(Object.keys(template().findResources('Custom::AWSCDKCfnJsonStringify'))).toEqual([]);
  });

  test('lets only its schedule invoke the Lambda, after the registration', () => {
    const template = monitored().template();
    const [rule, { Properties: { ScheduleExpression, Targets }, DependsOn }] = resources(template, 'AWS::Events::Rule').find(([id]) => id.includes('Drift'))!;
    const lambda = { 'Fn::GetAtt': [idOf(template, 'AWS::Lambda::Function'), 'Arn'] };
    expect(ScheduleExpression).toBe('rate(60 minutes)');
    expect(Targets.map(({ Arn }: any) => Arn)).toEqual([lambda]);
    const [filter, { DependsOn: beforeFilter }] = resources(template, 'AWS::Logs::MetricFilter').find(([id]) => id.includes('Drift'))!;
    expect(DependsOn).toEqual([filter]);
    expect(beforeFilter).toContain(idOf(template, 'Custom::HumanitecRunner'));
    expect(only(template, 'AWS::Lambda::Permission').Properties).toEqual({
      Action: 'lambda:InvokeFunction', FunctionName: lambda, Principal: 'events.amazonaws.com', SourceArn: { 'Fn::GetAtt': [rule, 'Arn'] },
    });
  });

  test('gives the Lambda no additional permission', () => {
    const roles = (props: Partial<RunnerMonitoringProps>) => {
      const template = monitored({}, props).template();
      return { ...template.findResources('AWS::IAM::Role'), ...template.findResources('AWS::IAM::Policy') };
    };
    expect(roles(HOURLY)).toEqual(roles({}));
  });

  test('is counted only by the metric of its runner', () => {
    const template = monitored().template();
    const { FilterPattern, LogGroupName, MetricTransformations: [metric] } = only(template, 'AWS::Logs::MetricFilter', 'RunnerDriftCheck').Properties;
    const pattern = FilterPattern['Fn::Join'][1].map((part: any) => typeof part === 'string' ? part : 'prod-runner').join('');
    expect(LogGroupName).toEqual({ Ref: expect.stringMatching(/^HumanitecRunnerRegistrationLogGroup/) });
    expect([metric.MetricName, metric.MetricValue]).toEqual(['RegistrationDrift', '$.problems']);
    expect(matchesPattern(pattern, { message: 'drift check', runner: 'prod-runner', problems: 2 })).toBe(true);
    expect(matchesPattern(pattern, { message: 'drift check', runner: 'other-runner', problems: 2 })).toBe(false);
    expect(matchesPattern(pattern, { message: 'registration drift', runner: 'prod-runner', problem: 'x' })).toBe(false);
    const alarm = resources(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties).find(({ MetricName }) => MetricName === metric.MetricName);
    expect(alarm).toMatchObject({ Namespace: metric.MetricNamespace, Period: 3600, Statistic: 'Maximum', Threshold: 1, EvaluationPeriods: 2, TreatMissingData: 'missing' });
  });

  test('sends an event when the alarm fires', () => {
    const { stack, monitoring, template } = monitored();
    const topic = new sns.Topic(stack, 'Topic');
    monitoring.onRegistrationDrift('Drift', { target: new targets.SnsTopic(topic) });
    const { EventPattern, Targets: [target] } = only(template(), 'AWS::Events::Rule', 'MonitoringDrift').Properties;
    expect(EventPattern).toEqual({
      'source': ['aws.cloudwatch'],
      'detail-type': ['CloudWatch Alarm State Change'],
      'resources': [{ 'Fn::GetAtt': [expect.stringMatching(/^MonitoringRegistrationDriftAlarm/), 'Arn'] }],
      'detail': { state: { value: ['ALARM'] } },
    });
    expect(JSON.stringify(target.Input)).toMatch(/differs from the template, or cannot be read.*cdk-humanitec-ecs-runner doctor/);
  });

  test('stays in the stack of the runner if the monitoring is in another one', () => {
    const stack = newStack();
    const runner = runnerIn(stack, { runnerId: 'prod-runner' });
    const other = new Stack(stack.node.root as App, 'Other', { env: { account: ACCOUNT, region: REGION } });
    new RunnerMonitoring(other, 'Monitoring', { runner, ...HOURLY });
    const template = Template.fromStack(stack);
    expect(only(template, 'AWS::Lambda::Permission')).toBeDefined();
    expect(JSON.stringify(template.findOutputs('*'))).not.toContain(idOf(template, 'Custom::HumanitecRunner'));
    expect(resources(Template.fromStack(other), 'AWS::CloudWatch::Alarm')).toHaveLength(3);
    Template.fromStack(other).resourceCountIs('AWS::Events::Rule', 0);
  });

  test('does not contain rules of other stacks', () => {
    const { runner, stack, template } = monitored();
    const other = new Stack(stack.node.root as App, 'Other', { env: { account: ACCOUNT, region: REGION } });
    const imported = EcsRunner.fromRunnerAttributes(other, 'Imported', { runnerId: 'prod-runner', orchestrator: runner.orchestrator });
    imported.addRule('Staging', { envTypeId: 'staging' });
    expect(inputOf(template()).DriftCheck.Rules).toHaveLength(1);
  });
});

describe('invalid inputs of the drift check', () => {
  test.each([
    [Duration.minutes(4)], [Duration.days(2)], [Duration.seconds(330)], [Duration.minutes(Lazy.number({ produce: () => 60 }))], ['1 hour'], [60],
  ])('rejects the interval %s', (driftCheckInterval: unknown) => {
    expect(() => monitored({}, { driftCheckInterval: driftCheckInterval as Duration }))
      .toThrow(/driftCheckInterval: expected a Duration between 5 minutes and 1 day, in whole minutes, and no CDK token; got .* Give an interval such as Duration\.hours\(1\)\./);
  });

  test('rejects a second check of a runner', () => {
    const { stack, runner } = monitored();
    expect(() => new RunnerMonitoring(stack, 'Second', { runner, ...HOURLY }))
      .toThrow('driftCheckInterval: expected one schedule per runner; got a second one for "Stack/Runner". Omit it in this RunnerMonitoring.');
  });

  test('rejects metric and event without an interval', () => {
    const { monitoring } = monitored({}, {});
    for (const use of [() => monitoring.metricRegistrationDrift(), () => monitoring.onRegistrationDrift('Drift')]) {
      expect(use).toThrow('Stack/Monitoring: expected a RunnerMonitoring with `driftCheckInterval`; got one without. Give it the interval of the checks.');
    }
  });

  test('reports a registration that is too long for the input of the schedule', () => {
    const environment = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`TEXT_${index}`, 'x'.repeat(900)]));
    expect(() => monitored({ environment }).template()).toThrow(/driftCheckInterval: expected a runner whose registration has at most 8192 characters.*; got \d+ characters\. Shorten/);
  });
});

