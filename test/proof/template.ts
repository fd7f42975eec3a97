/** Reads an account's policies and runners from a synthesized template. */
import { list, type Account, type Document, type Role, type Runner, type Secret, type Statement } from './model';
import { Resolver, SECRET_SUFFIX } from './resolver';
import type { WireToken } from '../../src/registration/wire';

/** Facts that a template does not contain, about existing resources and about the orchestrator. Values can be CloudFormation expressions. */
export interface Given {
  readonly issuer?: string;
  readonly familyPrefix?: string;
  readonly existingBucket?: boolean;
  /** Roles that the user gave. */
  readonly givenRoles?: unknown[];
  /** The account that owns the bucket. */
  readonly bucketOwner?: string;
  /** Customer managed keys of an existing bucket, secrets and parameters, each with the ARN of the encrypted resource. */
  readonly keys?: [of: unknown, key: unknown][];
  /** The policies of existing keys. */
  readonly keyPolicies?: [key: unknown, policy: unknown][];
  /** Statements that a user adds to a role because of a warning. */
  readonly added?: [role: unknown, statements: unknown][];
  /** The permissions boundary of created roles. */
  readonly boundary?: Document;
  /** Whether the runner has its own event log. The default is true. */
  readonly eventLog?: boolean;
}

const BASIC_EXECUTION: Document = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'], Resource: '*' }],
};
/** An unknown managed policy is assumed to allow everything. */
const UNKNOWN: Document = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };

/** The policies of all roles and resources in the template. */
export function accountOf(resolver: Resolver, given: Given = {}): Account {
  const id = resolver.place.account;
  const roles: Record<string, { policies: Record<string, Document>; trust?: Document; boundary?: Document }> = {};
  const arnByName = new Map<string, string>();
  for (const [logicalId, properties] of resolver.resourcesOf('AWS::IAM::Role')) {
    const arn = resolver.resolve({ 'Fn::GetAtt': [logicalId, 'Arn'] });
    arnByName.set(resolver.resolve({ Ref: logicalId }), arn);
    const policies = Object.fromEntries(list(properties.Policies).map((policy: any) =>
      [resolver.resolve(policy.PolicyName), resolver.resolve(policy.PolicyDocument)]));
    for (const managed of list(properties.ManagedPolicyArns).map((value) => String(resolver.resolve(value)))) {
      policies[managed] = managed.endsWith('/AWSLambdaBasicExecutionRole') ? BASIC_EXECUTION : UNKNOWN;
    }
    roles[arn] = {
      policies,
      trust: resolver.resolve(properties.AssumeRolePolicyDocument),
      boundary: properties.PermissionsBoundary ? given.boundary : undefined,
    };
  }
  const add = (arn: string, name: string, document: Document) => {
    roles[arn] = { ...roles[arn], policies: { ...roles[arn]?.policies, [name]: document } };
  };
  for (const type of ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::RolePolicy']) {
    for (const [logicalId, properties] of resolver.resourcesOf(type)) {
      for (const name of list(resolver.resolve(properties.Roles ?? properties.RoleName))) {
        // Only the name of an imported role is known here. The inputs of the runner contain its ARN.
        const arn = arnByName.get(name) ?? runnerRoles(resolver).find((role) => role.split('/').pop() === name) ?? `arn:aws:iam::${id}:role/${name}`;
        add(arn, logicalId, resolver.resolve(properties.PolicyDocument));
      }
    }
  }
  for (const [index, [role, statements]] of (given.added ?? []).entries()) {
    add(resolver.resolve(role), `AddedByHand${index + 1}`, { Version: '2012-10-17', Statement: list(resolver.resolve(statements) as Statement[]) });
  }
  for (const arn of runnerRoles(resolver)) roles[arn] ??= { policies: {} };
  return {
    id,
    roles: roles as Record<string, Role>,
    buckets: Object.fromEntries(resolver.resourcesOf('AWS::S3::BucketPolicy').map(([, { Bucket, PolicyDocument }]) =>
      [`arn:aws:s3:::${resolver.resolve(Bucket)}`, resolver.resolve(PolicyDocument)])),
    keys: {
      ...Object.fromEntries((given.keyPolicies ?? []).map(([key, policy]) => [resolver.resolve(key), resolver.resolve(policy)])),
      ...Object.fromEntries(resolver.resourcesOf('AWS::KMS::Key').map(([logicalId, { KeyPolicy }]) =>
        [resolver.resolve({ 'Fn::GetAtt': [logicalId, 'Arn'] }), resolver.resolve(KeyPolicy)])),
    },
    logs: Object.fromEntries(resolver.resourcesOf('AWS::Logs::ResourcePolicy').map(([logicalId, { PolicyDocument }]) =>
      [logicalId, JSON.parse(resolver.resolve(PolicyDocument))])),
  };
}

function runnerRoles(resolver: Resolver): string[] {
  return resolver.resourcesOf('Custom::HumanitecRunner').flatMap(([, { Auth, Job }]) =>
    resolver.resolve([Auth.RoleArn, Job.ExecutionRoleArn, Job.TaskRoleArn]) as string[]);
}

/** The runners as registered. The orchestrator's calls follow from these registrations. */
export function runnersOf(resolver: Resolver, name: string, given: Given = {}): Runner[] {
  const { account, region } = resolver.place;
  const customKeys = new Map((given.keys ?? []).map(([of, key]) => [resolver.resolve(of) as string, resolver.resolve(key) as string]));
  for (const [logicalId, { KmsKeyId }] of resolver.resourcesOf('AWS::SecretsManager::Secret')) {
    if (KmsKeyId) customKeys.set(resolver.resolve({ Ref: logicalId }), resolver.resolve(KmsKeyId));
  }
  const registrations = resolver.resourcesOf('Custom::HumanitecRunner');
  return registrations.map(([logicalId, properties]) => {
    const { OrgId, RunnerId, Auth, Job, StateStorage, Token } = resolver.resolve({ ...properties, ServiceToken: undefined, ServiceTimeout: undefined });
    const bucket = bucketOf(resolver, StateStorage.Bucket);
    const lambda = functionOf(resolver, properties);
    const hosted = lambda.apiUrl === 'https://api.humanitec.dev';
    const eventLogGroup = `/aws/ecs/${RunnerId}`;
    const logNames: [string, string | undefined][] = [['task events', eventLogGroup], ['ECS Exec', `${eventLogGroup}/exec`], ['the registration', lambda.logGroup]];
    const encryptedLogs = resolver.resourcesOf('AWS::Logs::LogGroup').flatMap(([id, { KmsKeyId }]) => {
      const group = resolver.resolve({ Ref: id }) as string;
      return KmsKeyId ? logNames.filter(([, wanted]) => wanted === group).map(([what]) => ({ what, group, keyArn: resolver.resolve(KmsKeyId) as string })) : [];
    });
    const bucketArn = `arn:aws:s3:::${StateStorage.Bucket}`;
    return {
      name: registrations.length > 1 ? `${name}/${logicalId}` : name,
      account,
      region,
      orgId: OrgId,
      runnerId: RunnerId,
      issuer: given.issuer ?? (hosted ? 'oidc.humanitec.dev' : fail(`${name}: set the issuer of ${lambda.apiUrl} in Given`)),
      familyPrefix: given.familyPrefix ?? (hosted ? 'humanitec_' : `platform_orchestrator_env_${OrgId}_`),
      cluster: Job.Cluster,
      taskManagerRole: Auth.RoleArn,
      executionRole: Job.ExecutionRoleArn,
      taskRole: Job.TaskRoleArn,
      givenRoles: list(resolver.resolve(given.givenRoles)),
      registrationRole: lambda.role,
      registrationFunction: resolver.resolve(properties.ServiceToken),
      registrationInVpc: lambda.inVpc,
      ensuredProvider: providersOf(resolver).find((arn) => arn === trustedProvider(resolver, Auth.RoleArn)),
      bucket: bucketArn,
      prefix: StateStorage.PathPrefix?.replace(/\/$/, ''),
      bucketOwner: given.bucketOwner ?? account,
      // Users can turn the bucket key of their own bucket on and off.
      bucketKey: (bucket?.key && given.existingBucket ? { ...bucket.key, use: 'either' as const } : bucket?.key) ?? (customKeys.has(bucketArn) ? { arn: customKeys.get(bucketArn)!, use: 'either' } : undefined),
      ownBucket: bucket !== undefined && given.existingBucket !== true,
      eventLogGroup,
      hasEventLog: given.eventLog !== false,
      registrationLogGroup: lambda.logGroup,
      encryptedLogs,
      secrets: Object.values((Job.Secrets ?? {}) as Record<string, string>).map((arn) =>
        ({ kind: arn.includes(':secretsmanager:') ? 'secret' : 'parameter', arn, keyArn: customKeys.get(arn) })),
      imageRepository: repositoryOf(Job.Image),
      token: tokenOf(Token, resolver, customKeys),
      emptyingRole: resolver.resourcesOf('Custom::S3AutoDeleteObjects')
        .filter(([, { BucketName }]) => resolver.resolve(BucketName) === StateStorage.Bucket)
        .map(([, emptying]) => functionOf(resolver, emptying).role)[0],
    };
  });
}

function providersOf(resolver: Resolver): string[] {
  return resolver.resourcesOf('Custom::HumanitecOidcProvider').map(([id]) => resolver.resolve({ Ref: id }) as string);
}

/** The OIDC provider that the role trusts. */
function trustedProvider(resolver: Resolver, role: string): string | undefined {
  return resolver.resourcesOf('AWS::IAM::Role').filter(([id]) => resolver.resolve({ 'Fn::GetAtt': [id, 'Arn'] }) === role)
    .map(([, { AssumeRolePolicyDocument }]) => resolver.resolve(AssumeRolePolicyDocument).Statement[0].Principal.Federated as string)[0];
}

function bucketOf(resolver: Resolver, name: string) {
  for (const [logicalId, { BucketEncryption }] of resolver.resourcesOf('AWS::S3::Bucket')) {
    if (resolver.resolve({ Ref: logicalId }) !== name) continue;
    const rule = list(BucketEncryption?.ServerSideEncryptionConfiguration)[0] as any;
    const arn = resolver.resolve(rule?.ServerSideEncryptionByDefault?.KMSMasterKeyID) as string | undefined;
    return { key: arn === undefined ? undefined : { arn, use: rule.BucketKeyEnabled ? 'bucket' as const : 'object' as const } };
  }
  return undefined;
}

/** The role and the log group of a custom resource's function. */
function functionOf(
  resolver: Resolver, { ServiceToken }: Record<string, any>,
): { role: string; logGroup?: string; inVpc: boolean; apiUrl?: string } {
  const { Role, LoggingConfig, VpcConfig, Environment } = resolver.template.Resources[ServiceToken['Fn::GetAtt'][0]]!.Properties!;
  return {
    role: resolver.resolve(Role),
    logGroup: resolver.resolve(LoggingConfig?.LogGroup),
    inVpc: VpcConfig !== undefined,
    apiUrl: Environment?.Variables.ORCHESTRATOR_API_URL,
  };
}

function repositoryOf(image?: string): string | undefined {
  const [, account, region, name] = image?.match(/^(\d{12})\.dkr\.ecr\.([^.]+)\.amazonaws\.com\/([^:@]+)/) ?? [];
  return name && `arn:aws:ecr:${region}:${account}:repository/${name}`;
}

/** The secret or parameter with the API token, and its ARN. A secret known by name gets a suffix. */
function tokenOf({ SecretId, ParameterName, Region }: WireToken, resolver: Resolver, keys: Map<string, string>): Secret {
  const { account, region } = resolver.place;
  const arnOf = (service: string, resource: string) => `arn:aws:${service}:${Region ?? region}:${account}:${resource}`;
  const [kind, name] = SecretId ? ['secret' as const, SecretId] : ['parameter' as const, ParameterName!];
  const known = name.startsWith('arn:') ? name : kind === 'secret' ? arnOf('secretsmanager', `secret:${name}`) : arnOf('ssm', `parameter/${name.replace(/^\//, '')}`);
  // AWS appends a suffix to names, even if they look as if they had one. ARNs of Secrets Manager already contain the suffix.
  const isWhole = kind === 'parameter' || /^arn:.*-[a-zA-Z0-9]{6}$/.test(name);
  return { kind, arn: isWhole ? known : `${known}${SECRET_SUFFIX}`, keyArn: keys.get(known) };
}

function fail(message: string): never {
  throw new Error(message);
}
