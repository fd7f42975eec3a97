import { join } from 'path';
import { ArnFormat, Aws, Duration, Lazy, Names, RemovalPolicy, Stack, Tags, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { acknowledge, acknowledgeRole, REGISTRATION_FUNCTION, REGISTRATION_LOG_GROUP } from '../acknowledgements';
import type { ApiToken } from '../api-token';
import type { Problems } from '../problems';

/** Id of the shared construct below the stack: a public contract, as users suppress findings by its path. */
const PROVIDER_ID = 'HumanitecRunnerRegistration';
const HANDLER_DIRECTORY = join(__dirname, '..', '..', 'assets', 'registration');
/** What Lambda gives the handler: time for its retries, and for a slow answer. */
const HANDLER_TIMEOUT = Duration.minutes(2);
/**
 * CloudFormation gives up on the handler's answer after this; without it a stack would wait an hour. It is longer than the last
 * delivery of an event can take.
 */
export const SERVICE_TIMEOUT = Duration.minutes(5);

/** What the runners of a stack ask of the Lambda that they share. */
export interface RegistrationSettings {
  readonly rolePath?: string;
  readonly permissionsBoundary?: iam.IManagedPolicy;
  readonly logRetention: logs.RetentionDays;
  readonly logRemovalPolicy: RemovalPolicy;
  readonly tags: Record<string, string>;
}

/**
 * The Lambda that talks to the orchestrator: one, with its role and its log group, for all runners of a stack.
 */
export class RegistrationProvider extends Construct {
  /** The provider of the stack that the scope is in, made when there is none yet. */
  public static for(scope: Construct, settings: RegistrationSettings): RegistrationProvider {
    const stack = Stack.of(scope);
    const provider = RegistrationProvider.find(stack) ?? new RegistrationProvider(stack, PROVIDER_ID, settings);
    provider.join(settings);
    return provider;
  }

  /** Says what does not fit with the runners that the stack has already, whose Lambda the new one would share. */
  public static check(scope: Construct, problems: Problems, settings: Pick<RegistrationSettings, 'rolePath' | 'permissionsBoundary'>): void {
    const existing = RegistrationProvider.find(Stack.of(scope));
    if (!existing) {
      return;
    }
    const fix = 'The runners of a stack share the registration\'s role: give all of them the same, or put this one into another stack.';
    const path = existing.settings.rolePath ?? '/';
    if (path !== (settings.rolePath ?? '/')) {
      problems.add({ input: 'rolePath', expected: `"${path}", as the stack's other runners have`, got: `"${settings.rolePath ?? '/'}"`, fix });
    }
    const boundary = existing.settings.permissionsBoundary?.managedPolicyArn;
    if (boundary !== settings.permissionsBoundary?.managedPolicyArn) {
      problems.add({
        input: 'permissionsBoundary',
        expected: boundary ? 'the boundary that the stack\'s other runners have' : 'none, as the stack\'s other runners have none',
        got: settings.permissionsBoundary ? 'another one' : 'none',
        fix,
      });
    }
  }

  /** The provider of a stack, for what joins a runner that exists already. */
  public static find(stack: Stack): RegistrationProvider | undefined {
    return stack.node.tryFindChild(PROVIDER_ID) as RegistrationProvider | undefined;
  }

  public readonly serviceToken: string;
  private readonly statements = new Map<string, iam.PolicyStatement>();
  private readonly policy = new iam.PolicyDocument();
  private readonly logGroup: logs.CfnLogGroup;
  private retention: number;

  private constructor(scope: Construct, id: string, private readonly settings: RegistrationSettings) {
    super(scope, id);
    const stack = Stack.of(this);

    this.retention = settings.logRetention;
    this.logGroup = new logs.CfnLogGroup(this, 'LogGroup', {
      // The longest that any of the runners asks for; infinite is the absence of a retention.
      retentionInDays: Lazy.number({ produce: () => this.retention === logs.RetentionDays.INFINITE ? undefined : this.retention }),
    });
    this.logGroup.applyRemovalPolicy(settings.logRemovalPolicy);
    acknowledge(this.logGroup, REGISTRATION_LOG_GROUP);

    const role = new iam.Role(this, 'Role', {
      description: 'Registers Platform Orchestrator runners: reads the API token, writes its own log',
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      path: settings.rolePath,
      permissionsBoundary: settings.permissionsBoundary,
      // Inline, and so there before the function: a separate policy would have to be waited for by everything.
      inlinePolicies: { Registration: this.policy },
    });
    acknowledgeRole(role);
    this.policy.addStatements(new iam.PolicyStatement({
      sid: 'WriteLog',
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [stack.formatArn({
        service: 'logs',
        resource: 'log-group',
        // CloudFormation names the group after stack and logical id. Naming the pattern rather than the group keeps
        // the role from waiting for it.
        resourceName: `${Aws.STACK_NAME}-${stack.getLogicalId(this.logGroup)}-*:*`,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      })],
    }));

    const code = new Asset(this, 'Code', { path: HANDLER_DIRECTORY });
    // Typed L1: the L2 function drags in the whole of Lambda, EC2 and more at the first use, for nothing that is needed here.
    const fn = new lambda.CfnFunction(this, 'Function', {
      description: 'Registers Platform Orchestrator runners (cdk-humanitec-ecs-runner)',
      runtime: 'nodejs24.x',
      architectures: ['arm64'],
      handler: 'index.handler',
      code: { s3Bucket: code.s3BucketName, s3Key: code.s3ObjectKey },
      role: role.roleArn,
      timeout: HANDLER_TIMEOUT.toSeconds(),
      memorySize: 256,
      loggingConfig: { logGroup: this.logGroup.ref },
    });
    code.addResourceMetadata(fn, 'Code');
    acknowledge(fn, REGISTRATION_FUNCTION);
    // Lambda repeats an event that failed, and keeps one that it has no room for, for hours. A create that came after
    // CloudFormation gave up on it, and deleted what it made, would leave a registration that nobody knows of.
    new lambda.CfnEventInvokeConfig(this, 'Deliveries', {
      functionName: fn.ref,
      qualifier: '$LATEST',
      maximumEventAgeInSeconds: SERVICE_TIMEOUT.toSeconds() - 60 - HANDLER_TIMEOUT.toSeconds(),
    });
    this.serviceToken = fn.attrArn;
  }

  /** Lets the Lambda read the token. */
  public allowToken(token: ApiToken): void {
    for (const statement of token._statements(this)) {
      // Two runners with one token need one statement; two tokens need statements of different names.
      const { Sid: sid, ...content } = statement.toStatementJson();
      const key = JSON.stringify(Stack.of(this).resolve(content));
      if (!this.statements.has(key)) {
        const same = [...this.statements.values()].filter(s => s.sid?.startsWith(sid)).length;
        this.statements.set(key, statement);
        statement.sid = same === 0 ? sid : `${sid}${same + 1}`;
        this.policy.addStatements(statement);
      }
    }
  }

  private join(settings: RegistrationSettings): void {
    this.retention = Math.max(this.retention, settings.logRetention);
    for (const [key, value] of Object.entries(settings.tags)) {
      Tags.of(this).add(key, value);
    }
  }
}

/** A name for account-wide things that CloudFormation cannot name, unique in account and region. */
export function uniqueName(scope: Construct, maxLength: number): string {
  const stack = Stack.of(scope);
  const name = Token.isUnresolved(stack.stackName) ? Aws.STACK_NAME : stack.stackName;
  return `${name}-${Names.uniqueResourceName(scope, { maxLength: maxLength - 129, separator: '-' })}`;
}
