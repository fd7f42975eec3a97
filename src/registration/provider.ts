import { ArnFormat, Aws, Lazy, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct, Dependable, IConstruct, IDependable } from 'constructs';
import { describeCode, handlerCode, TRUST_CERTIFICATES } from './code';
import { EVENT_AGE_SECONDS, HANDLER_SECONDS } from './delivery-times';
import { API_TOKEN_WILDCARDS, registrationFunctionFindings, ROLE_WILDCARDS } from './findings';
import { checkRegistrationNetwork, isOtherNetwork, NetworkAttachment, networkStatements } from './network';
import { API_URL_VARIABLE } from './wire';
import { acknowledge } from '../common/acknowledgements';
import { HUMANITEC_API_URL } from '../common/contract';
import { besidesResourceOf } from '../common/dependencies';
import { hash8 } from '../common/hash';
import { logGroupFindings } from '../common/log-groups';
import { checkPartition, checkPlace, checkVpcParts, placeOf } from '../common/place';
import { acknowledgeRole } from '../common/policy-findings';
import type { Problems } from '../common/problems';
import { retainExceptOnCreate } from '../common/removal-policy';
import { addPolicy } from '../common/role-policies';
import { checkTagsOfResources } from '../common/tags';
import { canonical, differs, hidePlaceholder, quote, sameValue } from '../common/unknown-values';
import type { ApiToken } from '../inputs/api-token';
import type { Orchestrator } from '../inputs/orchestrator';
import type { RegistrationNetwork } from '../inputs/registration-network';

/** Id of the shared construct below the stack: a public contract, as users suppress findings by its path. */
const PROVIDER_ID = 'HumanitecRunnerRegistration';

/** The providers of each stack: one per API. */
const providersOf = new WeakMap<Stack, RegistrationProvider[]>();

/** What the runners of a stack ask of the Lambda that they share. */
export interface RegistrationSettings {
  readonly rolePath?: string;
  readonly permissionsBoundary?: iam.IManagedPolicy;
  readonly logRetention: logs.RetentionDays;
  readonly logRemovalPolicy: RemovalPolicy;
  readonly tags: Record<string, string>;
  readonly network?: RegistrationNetwork;
  /** Of the log group, when no runner before had one. */
  readonly encryptionKey?: kms.IKey;
}

/** What the runners of a stack have to agree on. */
export type SharedSettings = Pick<RegistrationSettings, 'rolePath' | 'permissionsBoundary' | 'network'>;

/**
 * The Lambda that calls the API of an orchestrator: one, with its role and its log group, for all runners of a stack that use the API. An event cannot
 * send the API token to another API. The API that a stack moved away from keeps its Lambda until the last of its custom resources is deleted.
 */
export class RegistrationProvider extends Construct {
  /** The provider of the API in the stack of the scope, created if the stack has none yet. */
  public static for(scope: Construct, apiUrl: string, settings: RegistrationSettings): RegistrationProvider {
    const stack = Stack.of(scope);
    const provider = RegistrationProvider.find(stack, apiUrl) ?? new RegistrationProvider(stack, `${PROVIDER_ID}${apiSuffix(scope, apiUrl)}`, settings, apiUrl);
    provider.join(settings);
    return provider;
  }

  /** Says what does not fit with the runners that the stack has already, whose Lambda the new one would share. */
  public static check(scope: Construct, problems: Problems, given: SharedSettings, isRule = false): void {
    const [existing] = providersOf.get(Stack.of(scope)) ?? [];
    // A rule uses the Lambda that the stack has, whatever its settings are.
    const settings = isRule && existing ? {
      rolePath: given.rolePath ?? existing.settings.rolePath,
      permissionsBoundary: given.permissionsBoundary ?? existing.settings.permissionsBoundary,
      network: given.network ?? existing.settings.network,
    } : given;
    problems.checkText('rolePath', settings.rolePath, {
      pattern: /^\/(?:[a-zA-Z_0-9+=,.@-]+\/)*$/,
      max: 512,
      expected: 'a path that starts and ends with "/", such as "/platform/runners/", of letters, digits and _+=,.@- between slashes',
      fix: 'Add the missing slash, or remove what the orchestrator does not accept in role ARNs.',
    });
    checkBoundary(scope, problems, settings.permissionsBoundary);
    checkRegistrationNetwork(problems, settings.network);
    checkVpcParts(scope, problems, 'registrationNetwork.', settings.network ?? {});
    if (!existing) {
      return;
    }
    if (problems.list.every(({ input }) => !input.startsWith('registrationNetwork')) && isOtherNetwork(scope, existing.settings.network, settings.network)) {
      problems.add({
        input: 'registrationNetwork',
        expected: existing.settings.network ? 'the network that the stack\'s other runners have' : 'none, as the stack\'s other runners have none',
        got: settings.network ? 'another one' : 'none',
        fix: 'The runners of a stack share the registration\'s Lambda: give all of them the same, or put this one into another stack.',
      });
    }
    const fix = 'The runners of a stack share the registration\'s role: give all of them the same, or put this one into another stack.';
    const path = existing.settings.rolePath ?? '/';
    if (differs(scope, path, settings.rolePath ?? '/')) {
      problems.add({ input: 'rolePath', expected: `${quote(path)}, as the stack's other runners have`, got: quote(settings.rolePath ?? '/'), fix });
    }
    const boundary = existing.settings.permissionsBoundary?.managedPolicyArn;
    if (differs(scope, boundary, settings.permissionsBoundary?.managedPolicyArn)) {
      problems.add({
        input: 'permissionsBoundary',
        expected: boundary ? 'the boundary that the stack\'s other runners have' : 'none, as the stack\'s other runners have none',
        got: settings.permissionsBoundary ? 'another one' : 'none',
        fix,
      });
    }
  }

  /** The provider of an API in a stack. */
  public static find(stack: Stack, apiUrl: string): RegistrationProvider | undefined {
    return stack.node.tryFindChild(`${PROVIDER_ID}${apiSuffix(stack, apiUrl)}`) as RegistrationProvider | undefined;
  }

  /** The settings that all providers of the stack share. */
  public static settingsOf(stack: Stack): RegistrationSettings | undefined {
    return providersOf.get(stack)?.[0].settings;
  }

  public readonly serviceToken: string;
  /** The role of the Lambda. */
  public readonly role: iam.Role;
  /** What has to be there for the Lambda to reach anything. */
  public readonly connectivity: IDependable[];
  /** The policies for API tokens, by what they allow. */
  private readonly tokenPolicies = new Map<string, iam.Policy>();
  /** The same policies by API token, as most runners of a stack share one. */
  private readonly policyOfToken = new Map<ApiToken, iam.Policy>();
  private readonly logGroup: logs.CfnLogGroup;
  private readonly logGroupNames: string;
  private readonly fn: lambda.CfnFunction;
  private readonly attachment?: NetworkAttachment;
  private readonly certificates = new Set<string>();
  private retention: number;
  private key?: kms.IKey;

  private constructor(scope: Construct, id: string, private readonly settings: RegistrationSettings, private readonly apiUrl: string) {
    super(scope, id);
    const stack = Stack.of(this);
    providersOf.set(stack, [...providersOf.get(stack) ?? [], this]);

    this.retention = settings.logRetention;
    this.logGroup = new logs.CfnLogGroup(this, 'LogGroup', {
      // The longest that any of the runners asks for; infinite is the absence of a retention.
      retentionInDays: Lazy.number({ produce: () => this.retention === logs.RetentionDays.INFINITE ? undefined : this.retention }),
    });
    this.logGroup.applyRemovalPolicy(retainExceptOnCreate(settings.logRemovalPolicy));
    acknowledge(this.logGroup, () => logGroupFindings(this, this.key));
    // CloudFormation names the group after stack and logical id. Naming the pattern rather than the group keeps the role from
    // waiting for it, and a key from waiting for what waits for the key.
    this.logGroupNames = `${Aws.STACK_NAME}-${stack.getLogicalId(this.logGroup)}-*`;

    this.role = new iam.Role(this, 'Role', {
      description: 'Registers Platform Orchestrator runners: reads the API token, writes its own log',
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      path: hidePlaceholder(settings.rolePath),
      permissionsBoundary: settings.permissionsBoundary,
      // Inline, and so there before the function. It refers to no other resource.
      inlinePolicies: {
        Registration: new iam.PolicyDocument({
          statements: [
            new iam.PolicyStatement({
              sid: 'WriteLog',
              actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
              resources: [stack.formatArn({
                service: 'logs', resource: 'log-group', resourceName: `${this.logGroupNames}:*`, arnFormat: ArnFormat.COLON_RESOURCE_NAME,
              })],
            }),
            ...settings.network ? networkStatements(this) : [],
          ],
        }),
      },
    });
    acknowledgeRole(this.role, ROLE_WILDCARDS);
    this.attachment = settings.network && new NetworkAttachment(this, settings.network);
    // A Lambda of a VPC reaches nothing before its security group and endpoints are there.
    this.connectivity = this.attachment ? [this, ...this.attachment.connectivity] : [];
    const code = handlerCode(this, this.certificates);
    // Typed L1: the L2 function drags in the whole of Lambda, EC2 and more at the first use, for nothing that is needed here.
    this.fn = new lambda.CfnFunction(this, 'Function', {
      description: 'Registers Platform Orchestrator runners (cdk-humanitec-ecs-runner)',
      runtime: 'nodejs24.x',
      architectures: ['arm64'],
      handler: 'index.handler',
      code: { s3Bucket: code.s3Bucket, s3Key: code.s3Key },
      role: this.role.roleArn,
      timeout: HANDLER_SECONDS,
      memorySize: 256,
      environment: { variables: this.variables },
      loggingConfig: { logGroup: this.logGroup.ref },
      vpcConfig: this.attachment && {
        subnetIds: this.attachment.subnetIds,
        securityGroupIds: this.attachment.securityGroups.map(group => group.securityGroupId),
        ipv6AllowedForDualStack: this.attachment.isDualStack || undefined,
      },
    });
    describeCode(this.fn, code);
    acknowledge(this.fn, registrationFunctionFindings(settings.network !== undefined));
    // Without it, Lambda repeats an event for hours that it cannot deliver.
    new lambda.CfnEventInvokeConfig(this, 'Deliveries', {
      functionName: this.fn.ref,
      qualifier: '$LATEST',
      maximumEventAgeInSeconds: EVENT_AGE_SECONDS,
    });
    this.serviceToken = this.fn.attrArn;
    checkTagsOfResources(this);
    // The function and what it refers to go without saying. Without the policies for API tokens: each custom resource waits for that of its own token.
    // Waiting for those of all runners of the stack could be a circular dependency, where one runner has to be deployed after another.
    const parts = () => {
      const others: IConstruct[] = [this.fn, this.logGroup, this.role, ...this.tokenPolicies.values()];
      return [...this.node.children.filter(child => !others.includes(child)), ...Dependable.of(besidesResourceOf(this.role, stack)).dependencyRoots];
    };
    Dependable.implement(this, { get dependencyRoots() { return parts(); } });
  }

  /**
   * Lets the Lambda speak with the orchestrator: read its token, reach its API, and trust its certificate.
   *
   * @returns the policy that a custom resource of the orchestrator has to wait for
   */
  public serve({ apiToken, _apiPort, extraCaCertificates }: Orchestrator): IDependable {
    this.attachment?.allowApi(_apiPort);
    this.attachment?.allowToken(apiToken._service);
    if (extraCaCertificates !== undefined && !this.certificates.has(extraCaCertificates)) {
      this.certificates.add(extraCaCertificates);
      const code = handlerCode(this, this.certificates);
      this.fn.code = { s3Bucket: code.s3Bucket, s3Key: code.s3Key };
      this.fn.environment = { variables: { ...this.variables, ...TRUST_CERTIFICATES } };
      describeCode(this.fn, code);
    }
    const policy = this.policyOfToken.get(apiToken) ?? this.tokenPolicy(apiToken);
    this.policyOfToken.set(apiToken, policy);
    return policy;
  }

  /**
   * The policy for an API token, shared by all that use the token. Each token has a policy of its own, named after what it allows: when a runner
   * gets another token, or leaves the stack, the old policy is deleted after the last custom resource that needs it.
   */
  private tokenPolicy(apiToken: ApiToken): iam.Policy {
    const statements = apiToken._statements(this);
    const content = canonical(this, statements.map(statement => statement.toStatementJson()));
    const existing = this.tokenPolicies.get(content);
    if (existing) {
      return existing;
    }
    const policy = addPolicy(this, `ApiToken-${hash8(content)}`, this.role, statements, {
      input: 'orchestrator.apiToken',
      fix: 'Keep several API tokens in one secret (`jsonField`), or put some of the runners into another stack.',
      wildcardReasons: API_TOKEN_WILDCARDS,
    });
    this.tokenPolicies.set(content, policy);
    return policy;
  }

  /** Names of the log group, as patterns, when it is encrypted with the key. */
  public logGroupsOf(key: kms.IKey): string[] {
    return this.key && sameValue(this, this.key.keyArn, key.keyArn) ? [this.logGroupNames] : [];
  }

  /** The log group of the Lambda. */
  public get logGroupName(): string {
    return this.logGroup.ref;
  }

  private get variables(): Record<string, string> {
    return { [API_URL_VARIABLE]: this.apiUrl };
  }

  private join(settings: RegistrationSettings): void {
    this.retention = Math.max(this.retention, settings.logRetention);
    if (settings.logRemovalPolicy !== RemovalPolicy.DESTROY) {
      // Retained if any of the runners asks for it.
      this.logGroup.applyRemovalPolicy(retainExceptOnCreate(settings.logRemovalPolicy));
    }
    const { encryptionKey } = settings;
    // One log group for runners that may have different keys: the first one's serves as well as any.
    if (encryptionKey && !this.key) {
      this.key = encryptionKey;
      this.logGroup.kmsKeyId = encryptionKey.keyArn;
      this.logGroup.node.addDependency(encryptionKey);
    }
    for (const [key, value] of Object.entries(settings.tags)) {
      for (const scope of [this, this.attachment?.endpoints].filter(part => part !== undefined)) {
        Tags.of(scope).add(key, value);
      }
    }
  }
}

/**
 * Ends the ids of constructs that belong to another API than the hosted one. CloudFormation cannot change the function of a custom resource, so another API
 * means other resources.
 */
export function apiSuffix(scope: IConstruct, apiUrl: string): string {
  return apiUrl === HUMANITEC_API_URL ? '' : `-${hash8(canonical(scope, apiUrl))}`;
}

/** Rejects a boundary of another account. The policies of AWS itself belong to the account "aws". */
function checkBoundary(scope: Construct, problems: Problems, boundary: iam.IManagedPolicy | undefined): void {
  if (!boundary) {
    return;
  }
  checkPartition(scope, problems, 'permissionsBoundary', 'a policy', boundary.managedPolicyArn);
  const place = placeOf(scope, boundary, boundary.managedPolicyArn);
  if (place.account !== 'aws') {
    checkPlace(scope, problems, 'permissionsBoundary', place, {
      what: 'a policy', same: ['account'], fix: 'IAM accepts boundaries of the role\'s account and of AWS only: give a policy of this account.',
    });
  }
}
