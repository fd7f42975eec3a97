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

/** Id of the shared construct below the stack. Public: it is part of the paths that users write in suppressions. */
const PROVIDER_ID = 'HumanitecRunnerRegistration';

/** The providers of each stack: one per API. */
const providersOf = new WeakMap<Stack, RegistrationProvider[]>();

/** The settings of the Lambda that the runners of a stack share. */
export interface RegistrationSettings {
  readonly rolePath?: string;
  readonly permissionsBoundary?: iam.IManagedPolicy;
  readonly logRetention: logs.RetentionDays;
  readonly logRemovalPolicy: RemovalPolicy;
  readonly tags: Record<string, string>;
  readonly network?: RegistrationNetwork;
  /** Key of the log group. The key of the first runner that has one is used. */
  readonly encryptionKey?: kms.IKey;
}

/** The settings that must be the same for all runners of a stack. */
export type SharedSettings = Pick<RegistrationSettings, 'rolePath' | 'permissionsBoundary' | 'network'>;

/**
 * The Lambda that calls the API of an orchestrator, with its role and log group. All runners of a stack with the same API share it. The API is fixed, so that an event
 * cannot send the API token to another API. If a stack changes its API, the old Lambda stays until its last custom resource is deleted.
 */
export class RegistrationProvider extends Construct {
  /** The provider of the API in the stack of the scope, created if the stack has none yet. */
  public static for(scope: Construct, apiUrl: string, settings: RegistrationSettings): RegistrationProvider {
    const stack = Stack.of(scope);
    const provider = RegistrationProvider.find(stack, apiUrl) ?? new RegistrationProvider(stack, `${PROVIDER_ID}${apiSuffix(scope, apiUrl)}`, settings, apiUrl);
    provider.join(settings);
    return provider;
  }

  /** Rejects settings that differ from those of existing runners of the stack, because the runners share the Lambda. */
  public static check(scope: Construct, problems: Problems, given: SharedSettings, isRule = false): void {
    const [existing] = providersOf.get(Stack.of(scope)) ?? [];
    // A rule uses the existing Lambda of the stack, regardless of its settings.
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
  /** The resources that the Lambda needs to reach its targets. */
  public readonly connectivity: IDependable[];
  /** The policies for API tokens, by their statements. */
  private readonly tokenPolicies = new Map<string, iam.Policy>();
  /** The same policies by API token, because most runners of a stack share an API token. */
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
      // The longest retention of all runners. `INFINITE` means that no retention is set.
      retentionInDays: Lazy.number({ produce: () => this.retention === logs.RetentionDays.INFINITE ? undefined : this.retention }),
    });
    this.logGroup.applyRemovalPolicy(retainExceptOnCreate(settings.logRemovalPolicy));
    acknowledge(this.logGroup, () => logGroupFindings(this, this.key));
    // CloudFormation generates the name from the stack name and the logical id. A pattern instead of the name avoids a dependency of the role on the log group,
    // and a circular dependency with the key.
    this.logGroupNames = `${Aws.STACK_NAME}-${this.logGroup.logicalId}-*`;

    this.role = new iam.Role(this, 'Role', {
      description: 'Registers Platform Orchestrator runners: reads the API token, writes its own log',
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      path: hidePlaceholder(settings.rolePath),
      permissionsBoundary: settings.permissionsBoundary,
      // Inline, so that the policy exists before the function. It refers to no other resource.
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
    // A Lambda in a VPC needs its security group and endpoints to reach its targets.
    this.connectivity = this.attachment ? [this, ...this.attachment.connectivity] : [];
    const code = handlerCode(this, this.certificates);
    // Typed L1, because the L2 function loads the modules of Lambda, EC2 and more, which are not needed otherwise.
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
    // Without this, Lambda retries the delivery of an event for hours.
    new lambda.CfnEventInvokeConfig(this, 'Deliveries', {
      functionName: this.fn.ref,
      qualifier: '$LATEST',
      maximumEventAgeInSeconds: EVENT_AGE_SECONDS,
    });
    this.serviceToken = this.fn.attrArn;
    checkTagsOfResources(this);
    // References already order the function. The policies for API tokens are left out, because each custom resource depends on the policy of its own token.
    // Depending on the policies of all runners can be a circular dependency if one runner is deployed after another.
    const parts = () => {
      const others: IConstruct[] = [this.fn, this.logGroup, this.role, ...this.tokenPolicies.values()];
      return [...this.node.children.filter(child => !others.includes(child)), ...Dependable.of(besidesResourceOf(this.role, stack)).dependencyRoots];
    };
    Dependable.implement(this, { get dependencyRoots() { return parts(); } });
  }

  /**
   * Allows the Lambda to use the orchestrator: to read the API token, reach the API, and trust its certificate.
   *
   * @returns the policy that the custom resources of the orchestrator depend on
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
   * The policy for an API token, shared by all custom resources that use the token. Its id depends on its statements: if a runner
   * gets another API token, or is removed from the stack, the old policy is deleted after the last custom resource that needs it.
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

  /** Name patterns of the log group if it is encrypted with the key; otherwise empty. */
  public logGroupsOf(key: kms.IKey): string[] {
    return this.key && sameValue(this, this.key.keyArn, key.keyArn) ? [this.logGroupNames] : [];
  }

  /** Name of the log group of the Lambda. */
  public get logGroupName(): string {
    return this.logGroup.ref;
  }

  private get variables(): Record<string, string> {
    return { [API_URL_VARIABLE]: this.apiUrl };
  }

  private join(settings: RegistrationSettings): void {
    this.retention = Math.max(this.retention, settings.logRetention);
    if (settings.logRemovalPolicy !== RemovalPolicy.DESTROY) {
      // Retained if any runner requires it.
      this.logGroup.applyRemovalPolicy(retainExceptOnCreate(settings.logRemovalPolicy));
    }
    const { encryptionKey } = settings;
    // Runners with different keys share the log group. The key of the first runner is used.
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
 * Suffix of construct ids for an API other than the hosted one. CloudFormation cannot change the function of a custom resource, so another API
 * needs other resources.
 */
export function apiSuffix(scope: IConstruct, apiUrl: string): string {
  return apiUrl === HUMANITEC_API_URL ? '' : `-${hash8(canonical(scope, apiUrl))}`;
}

/** Rejects a boundary of another account. AWS managed policies have the account "aws". */
function checkBoundary(scope: Construct, problems: Problems, boundary: iam.IManagedPolicy | undefined): void {
  if (!boundary) {
    return;
  }
  checkPartition(scope, problems, 'permissionsBoundary', 'a policy', boundary.managedPolicyArn);
  const arn = canonical(scope, boundary.managedPolicyArn);
  if (/^arn:[^:]*:iam::(?:\d{12}|aws):(?!policy\/\S)[^{]*$/.test(arn)) {
    problems.add({
      input: 'permissionsBoundary', expected: 'a managed policy, "arn:aws:iam::<account>:policy/<name>"', got: quote(arn), fix: 'Give the ARN or name of a managed policy.',
    });
  }
  const place = placeOf(scope, boundary, boundary.managedPolicyArn);
  if (place.account !== 'aws') {
    checkPlace(scope, problems, 'permissionsBoundary', place, {
      resource: 'a policy', mustMatch: ['account'], fix: 'IAM accepts boundaries of the role\'s account and of AWS only: give a policy of this account.',
    });
  }
}
