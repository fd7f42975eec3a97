import { Duration, Fn, Lazy, Stack } from 'aws-cdk-lib';
import { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import { CfnMetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { MonitoredRunner } from './monitored-runner';
import type { TaskQuery } from './queries';
import { logUrl } from './task-events';
import { metricNamespaceOf } from './task-metrics';
import { RegistrationProvider } from '../registration/provider';
import { registrationOf } from '../registration/resources';
import { DRIFT_CHECK_MESSAGE, DRIFT_MESSAGE, DriftCheck as Input, DriftCheckEvent } from '../registration/wire';

const METRIC = 'RegistrationDrift';
/** Id of the construct below the runner. */
const CHECK_ID = 'DriftCheck';
/** EventBridge accepts no longer input of a target: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html */
const INPUT_MAX = 8192;

/**
 * Lets the Lambda of the registration compare the registration with the template on a schedule. Part of the runner's stack: another stack would import the physical
 * ID of the registration, and CloudFormation changes no exported value that is in use.
 */
export class DriftCheck extends Construct {
  /** The check of a runner; undefined if there is none yet. */
  public static find(runner: MonitoredRunner): DriftCheck | undefined {
    return runner.node.tryFindChild(CHECK_ID) as DriftCheck | undefined;
  }

  /** The log group of the Lambda. */
  public readonly logGroupName: string;

  constructor(
    private readonly runner: MonitoredRunner,
    private readonly interval: Duration,
    /** Called at the end of synthesis: rules can be added until then. */
    private readonly rules: () => Input['Rules'],
  ) {
    super(runner, CHECK_ID);
    const { resource } = registrationOf(runner);
    const provider = RegistrationProvider.find(Stack.of(runner), runner.orchestrator!.apiUrl)!;
    this.logGroupName = provider.logGroupName;
    const schedule = new CfnRule(this, 'Schedule', {
      description: 'Compares the registration of a Platform Orchestrator runner with the template',
      scheduleExpression: `rate(${interval.toMinutes()} minutes)`,
      state: 'ENABLED',
      targets: [{ id: 'Registration', arn: provider.serviceToken, input: Lazy.string({ produce: () => this.input() }) }],
    });
    new CfnPermission(this, 'Permission', {
      action: 'lambda:InvokeFunction',
      functionName: provider.serviceToken,
      principal: 'events.amazonaws.com',
      sourceArn: schedule.attrArn,
    });
    const filter = new CfnMetricFilter(this, 'Filter', {
      logGroupName: provider.logGroupName,
      filterPattern: `{ $.message = "${DRIFT_CHECK_MESSAGE}" && $.runner = "${runner.runnerId}" }`,
      metricTransformations: [{ metricNamespace: metricNamespaceOf(runner), metricName: METRIC, metricValue: '$.problems' }],
    });
    // With the policy for the API token. The first check is counted, too.
    filter.node.addDependency(resource);
    schedule.addDependency(filter);
    this.node.addValidation({ validate: () => this.problems() });
  }

  public metric(options: MetricOptions = {}): Metric {
    return new Metric({ namespace: metricNamespaceOf(this.runner), metricName: METRIC, statistic: 'Maximum', period: this.interval, ...options }).attachTo(this.runner);
  }

  public get query(): TaskQuery {
    return {
      id: 'RegistrationDriftQuery',
      name: 'Registration drift',
      lines: ['fields @timestamp, problem', `filter message = "${DRIFT_MESSAGE}" and runner = "${this.runner.runnerId}"`, 'sort @timestamp desc', 'limit 20'],
    };
  }

  /** For people, when the alarm has fired. */
  public get message(): string {
    return [
      `The registration of the runner ${this.runner.runnerId} at the orchestrator differs from the template, or cannot be read.`,
      'Next step: run `npx cdk-humanitec-ecs-runner doctor` for this stack. To restore the registration, change an input such as the description and deploy.',
      `Differences: ${logUrl(this.runner, this.logGroupName)}`,
    ].join('\n');
  }

  private input(): string {
    const { runner } = this;
    const { resource, properties } = registrationOf(runner);
    const { orgId, apiToken } = runner.orchestrator!;
    const { Subnets: subnets, SecurityGroups: securityGroups, ...job } = properties.Job;
    const stack = Stack.of(runner);
    const groups: string[] = stack.resolve(securityGroups) ?? [];
    const event: DriftCheckEvent = {
      DriftCheck: {
        PhysicalId: resource.ref,
        Runner: {
          ...properties,
          OrgId: orgId,
          Token: apiToken._wire(runner),
          Job: { ...job, Subnets: Fn.join(',', subnets), SecurityGroups: groups.length > 0 ? Fn.join(',', groups) : undefined },
        },
        Rules: this.rules(),
      },
    };
    return stack.toJsonString(event);
  }

  private problems(): string[] {
    const text = Stack.of(this).resolve(this.input());
    const known: unknown[] = typeof text === 'string' ? [text] : text['Fn::Join'][1];
    const length = known.map(part => typeof part === 'string' ? part.length : 0).reduce((sum, each) => sum + each, 0);
    return length <= INPUT_MAX ? [] : [
      `driftCheckInterval: expected a runner whose registration has at most ${INPUT_MAX} characters, which EventBridge accepts as input; got ${length} characters. `
      + 'Shorten the values of `environment`, or omit `driftCheckInterval`.',
    ];
  }
}
