import { CfnTag, ITaggable, Lazy, Stack, TagManager, TagType } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import type * as logs from 'aws-cdk-lib/aws-logs';
import { CfnResourcePolicy } from 'aws-cdk-lib/aws-logs';
import { Construct, IConstruct } from 'constructs';
import { uniqueName } from './registration/provider';

/** Id of the shared construct below the stack: a public contract. */
const POLICY_ID = 'HumanitecRunnerEventLogs';

/** What the events of one runner's tasks are told by. */
export interface EventLogProps {
  readonly logGroup: logs.ILogGroup;
  readonly logGroupName: string;
  readonly clusterArn: string;
  readonly taskFamilyPrefix: string;
}

/**
 * Writes the state changes of the runner's tasks into its log group: the tasks themselves have no log, so this is where
 * it shows why one did not start.
 */
export class EventLog extends Construct implements ITaggable {
  /** What lets EventBridge write to the log group; it is shared, and so no child of this. */
  public readonly policy: IConstruct;
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
    // CloudFormation tags rules, but the L1 of older aws-cdk-lib does not know.
    rule.addPropertyOverride('Tags', Lazy.any({
      produce: () => (this.tags.renderTags() as CfnTag[] | undefined)?.map(tag => ({ Key: tag.key, Value: tag.value })),
    }));
    rule.node.addDependency(props.logGroup);
    const policy = EventLogPolicy.for(this);
    policy.allow(props.logGroupName);
    this.policy = policy;
  }
}

/** So many runners fit into one policy document: CloudWatch Logs takes 5,120 characters. */
const RUNNERS_PER_POLICY = 10;

/**
 * Lets EventBridge write to the event logs of the stack's runners. Shared, as an account has only ten such policies a
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

  public allow(logGroupName: string): void {
    this.logGroups.push(Stack.of(this).formatArn({ service: 'logs', resource: `log-group:${logGroupName}:*` }));
  }

  private document(): object {
    const base = { Effect: 'Allow', Principal: { Service: ['events.amazonaws.com', 'delivery.logs.amazonaws.com'] }, Resource: this.logGroups };
    return {
      Version: '2012-10-17',
      Statement: [
        // EventBridge names its rule with the events only, not where it makes the stream.
        { ...base, Action: 'logs:CreateLogStream' },
        // Any rule of this account and region: naming ours would have the registration wait for one more thing.
        {
          ...base,
          Action: 'logs:PutLogEvents',
          Condition: { ArnLike: { 'aws:SourceArn': Stack.of(this).formatArn({ service: 'events', resource: 'rule', resourceName: '*' }) } },
        },
      ],
    };
  }
}
