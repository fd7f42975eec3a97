import { Aws, CfnTag, ITaggable, Lazy, Names, Stack, TagManager, TagType, Token } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import type * as logs from 'aws-cdk-lib/aws-logs';
import { CfnResourcePolicy } from 'aws-cdk-lib/aws-logs';
import { Construct, IConstruct } from 'constructs';
import { checkPlace, placeOf } from '../common/place';
import type { Problems } from '../common/problems';
import type { EcsRunnerProps } from '../inputs/ecs-runner-props';

/** Id of the shared construct below the stack: a public contract. */
const POLICY_ID = 'HumanitecRunnerEventLogs';

export type EventLogInputs = Pick<EcsRunnerProps, 'eventLogEnabled' | 'eventLogGroup'>;

/** Checks the inputs for the log of the tasks' state changes. */
export function checkEventLog(scope: IConstruct, problems: Problems, { eventLogEnabled, eventLogGroup }: EventLogInputs): void {
  if (!eventLogGroup) {
    return;
  }
  if (eventLogEnabled === false) {
    problems.add({
      input: 'eventLogGroup',
      expected: 'either `eventLogGroup` or `eventLogEnabled: false`',
      got: 'both',
      fix: 'Omit `eventLogEnabled` to write the events to this log group, or omit `eventLogGroup`.',
    });
  }
  checkPlace(scope, problems, 'eventLogGroup', placeOf(scope, eventLogGroup), {
    resource: 'a log group', mustMatch: ['account', 'region'], fix: 'EventBridge can write only to log groups in its own account and region: give such a log group, or omit `eventLogGroup`.',
  });
}

/** The runner's values that identify the events of its tasks, and its log group. */
export interface EventLogProps {
  readonly logGroup: logs.ILogGroup;
  readonly logGroupName: string;
  /** Name of the log group in its resource policy. */
  readonly logGroupPattern: string;
  /** Whether the user manages the resource policy of the log group. */
  readonly hasPolicy: boolean;
  readonly clusterArn: string;
  readonly taskFamilyPrefix: string;
}

/**
 * Writes the state changes of the runner's tasks into its log group. The tasks themselves have no log, so only these events show why a task did not
 * start.
 */
export class EventLog extends Construct implements ITaggable {
  /** The resource policy that allows EventBridge to write to the log group. The runners of the stack share it. */
  public readonly policy?: IConstruct;
  public readonly tags = new TagManager(TagType.STANDARD, 'AWS::Events::Rule');

  constructor(scope: Construct, id: string, props: EventLogProps) {
    super(scope, id);
    const stack = Stack.of(this);
    const rule = new events.CfnRule(this, 'Rule', {
      description: 'Logs the state changes of a Platform Orchestrator runner\'s tasks',
      eventPattern: {
        'source': ['aws.ecs'],
        'detail-type': ['ECS Task State Change'],
        'detail': {
          clusterArn: [props.clusterArn],
          group: [{ prefix: `family:${props.taskFamilyPrefix}` }],
        },
      },
      state: 'ENABLED',
      targets: [{
        id: 'EventLog',
        arn: stack.formatArn({ service: 'logs', resource: `log-group:${props.logGroupName}` }),
      }],
    });
    // CloudFormation supports tags of rules, but the L1 of older versions of aws-cdk-lib does not.
    rule.addPropertyOverride('Tags', Lazy.any({
      produce: () => (this.tags.renderTags() as CfnTag[] | undefined)?.map(tag => ({ Key: tag.key, Value: tag.value })),
    }));
    rule.node.addDependency(props.logGroup);
    if (!props.hasPolicy) {
      const policy = EventLogPolicy.for(this);
      policy.allow(props.logGroupPattern);
      this.policy = policy;
    }
  }
}

/** Maximum number of runners per policy document, which CloudWatch Logs limits to 5,120 characters. */
const RUNNERS_PER_POLICY = 10;

/**
 * Allows EventBridge to write to the event logs of the stack's runners. Shared, because an account can have only ten such policies per
 * region.
 */
class EventLogPolicy extends Construct {
  public static for(scope: Construct): EventLogPolicy {
    const stack = Stack.of(scope);
    for (let count = 1; ; count++) {
      const id = count === 1 ? POLICY_ID : `${POLICY_ID}${count}`;
      const policy = (stack.node.tryFindChild(id) as EventLogPolicy | undefined) ?? new EventLogPolicy(stack, id);
      if (policy.logGroups.length < RUNNERS_PER_POLICY) {
        return policy;
      }
    }
  }

  private readonly logGroups: string[] = [];

  private constructor(scope: Construct, id: string) {
    super(scope, id);
    new CfnResourcePolicy(this, 'Resource', {
      policyName: uniqueName(this, 255),
      policyDocument: Lazy.string({ produce: () => Stack.of(this).toJsonString(this.document()) }),
    });
  }

  public allow(logGroupPattern: string): void {
    const arn = Stack.of(this).formatArn({ service: 'logs', resource: `log-group:${logGroupPattern}:*` });
    if (!this.logGroups.includes(arn)) {
      this.logGroups.push(arn);
    }
  }

  private document(): object {
    const base = { Effect: 'Allow', Principal: { Service: ['events.amazonaws.com', 'delivery.logs.amazonaws.com'] }, Resource: this.logGroups };
    return {
      Version: '2012-10-17',
      Statement: [
        // EventBridge sends `aws:SourceArn` with PutLogEvents, but not with CreateLogStream.
        { ...base, Action: 'logs:CreateLogStream' },
        // Any rule of this account and region, because the ARN of our rule would add a dependency for the registration.
        {
          ...base,
          Action: 'logs:PutLogEvents',
          Condition: { ArnLike: { 'aws:SourceArn': Stack.of(this).formatArn({ service: 'events', resource: 'rule', resourceName: '*' }) } },
        },
      ],
    };
  }
}

/** A name that is unique in the account and region, for resources that CloudFormation cannot name. */
function uniqueName(scope: Construct, maxLength: number): string {
  const stack = Stack.of(scope);
  const name = Token.isUnresolved(stack.stackName) ? Aws.STACK_NAME : stack.stackName;
  return `${name}-${Names.uniqueResourceName(scope, { maxLength: maxLength - 129, separator: '-' })}`;
}
