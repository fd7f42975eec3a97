/** Terraform states (format version 4) with the resources that the module creates. */

/** Settings of the module. */
export interface ModuleSettings {
  readonly module?: string;
  readonly runnerId?: string;
  readonly orgId?: string;
  readonly account?: string;
  readonly region?: string;
  readonly issuer?: string;
  readonly prefix?: string;
  readonly subnetIds?: readonly string[];
  readonly securityGroupIds?: readonly string[];
  readonly environment?: Record<string, string>;
  readonly secrets?: Record<string, string>;
  readonly rules?: readonly { readonly project_id?: string; readonly env_type_id?: string }[];
  readonly tags?: Record<string, string>;
  /** Additional fields of the job. */
  readonly job?: object;
  /** Additional fields of the authentication. */
  readonly auth?: object;
  /** Paths of the runner's attributes that Terraform marks as sensitive. */
  readonly sensitive?: readonly (readonly string[])[];
  /** Whether the module created the VPC. */
  readonly hasVpc?: boolean;
  /** The ARN of a customer managed key. */
  readonly keyArn?: string;
  /** A policy of the task role that is defined outside the module. */
  readonly taskPolicy?: object;
}

export interface StateInstance {
  readonly index_key?: string | number;
  readonly schema_version: number;
  readonly attributes: Record<string, unknown>;
  readonly sensitive_attributes: unknown[];
  readonly dependencies?: string[];
}

export interface State {
  readonly version: number;
  readonly terraform_version: string;
  readonly serial: number;
  readonly lineage: string;
  readonly outputs: Record<string, never>;
  readonly resources: {
    readonly module?: string;
    readonly mode: 'managed' | 'data';
    readonly type: string;
    readonly name: string;
    readonly provider: string;
    readonly instances: StateInstance[];
  }[];
}

const AWS = 'provider["registry.terraform.io/hashicorp/aws"]';
const RANDOM = 'provider["registry.terraform.io/hashicorp/random"]';
const ORCHESTRATOR = 'provider["registry.terraform.io/humanitec/platform-orchestrator"]';
const SUFFIX = '1a2b3c4d';

const TASKS_TRUST = { Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' } };

/** The names and policy documents of the module's resources. */
export function moduleNames(settings: ModuleSettings = {}) {
  const { runnerId: id = 'prod-runner', orgId = 'my-org', account = '123456789012', region = 'us-east-1', issuer = 'oidc.humanitec.dev' } = settings;
  const roleArn = (name: string) => `arn:aws:iam::${account}:role/${name}`;
  const manager = `${id}-ecs-task-manager-${SUFFIX}`;
  const bucketArn = `arn:aws:s3:::${id}-state`;
  const cluster = `${id}-cluster-${SUFFIX}`;
  const oidcProviderArn = `arn:aws:iam::${account}:oidc-provider/${issuer}`;
  const policy = (...statements: object[]) => ({ Version: '2012-10-17', Statement: statements });
  const ecs = (resource: string) => `arn:aws:ecs:${region}:${account}:${resource}`;
  return {
    id,
    orgId,
    account,
    region,
    issuer,
    manager,
    cluster,
    oidcProviderArn,
    execution: `${id}-execution-${SUFFIX}`,
    task: `${id}-task-${SUFFIX}`,
    roleArn,
    bucket: `${id}-state`,
    bucketArn,
    clusterArn: ecs(`cluster/${cluster}`),
    eventLogGroup: `/aws/ecs/${id}`,
    execLogGroup: `/aws/ecs/${id}/exec`,
    trusts: {
      manager: policy({
        Action: 'sts:AssumeRoleWithWebIdentity',
        Effect: 'Allow',
        Principal: { Federated: oidcProviderArn },
        Condition: { StringEquals: { [`${issuer}:aud`]: 'sts.amazonaws.com', [`${issuer}:sub`]: `${orgId}+${id}` } },
      }),
      execution: policy(TASKS_TRUST),
      task: policy(TASKS_TRUST, { Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { AWS: roleArn(manager) } }),
    },
    policyNames: { manager: `${id}-ecs-task-manager-policy`, task: `${id}-task-s3-policy` },
    policies: {
      manager: policy(
        // The module allows ListTasks only for the cluster. AWS may evaluate ListTasks on *, as the emulator does.
        { Effect: 'Allow', Action: ['ecs:ListTaskDefinitions', 'ecs:DeregisterTaskDefinition', 'ecs:ListTasks'], Resource: '*' },
        {
          Effect: 'Allow',
          Action: ['ecs:RegisterTaskDefinition', 'ecs:DeleteTaskDefinitions', 'ecs:ListTasks', 'ecs:DescribeTasks', 'ecs:RunTask', 'ecs:TagResource'],
          Resource: [ecs('task-definition/platform_orchestrator_*'), ecs(`cluster/${cluster}`), ecs(`task/${cluster}/*`), ecs(`container-instance/${cluster}/*`)],
        },
        { Effect: 'Allow', Action: 'iam:PassRole', Resource: '*', Condition: { StringLike: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } } },
      ),
      task: policy({ Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject', 's3:ListBucket'], Resource: [bucketArn, `${bucketArn}/*`] }),
    },
  };
}

/** The runner that the module registers. */
export function moduleRegistration(settings: ModuleSettings = {}) {
  const { id, region, cluster, manager, execution, task, roleArn, bucket } = moduleNames(settings);
  const { prefix, subnetIds = ['subnet-11111111', 'subnet-22222222'], securityGroupIds = ['sg-12345678'], environment = {}, secrets = {} } = settings;
  return {
    id,
    description: `Deploys using the ${cluster} ECS cluster in ${region}`,
    runner_configuration: {
      type: 'serverless-ecs' as const,
      auth: { role_arn: roleArn(manager), ...settings.auth },
      job: {
        region,
        cluster,
        subnets: [...subnetIds],
        security_groups: [...securityGroupIds],
        is_public_ip_enabled: false,
        execution_role_arn: roleArn(execution),
        task_role_arn: roleArn(task),
        environment,
        secrets,
        ...settings.job,
      },
    },
    state_storage_configuration: { type: 's3' as const, bucket, ...prefix !== undefined && { path_prefix: prefix } },
  };
}

/** The state of a configuration with one module and with rules outside the module. */
export function moduleState(settings: ModuleSettings = {}): State {
  const { module = 'module.ecs_runner', rules = [{ env_type_id: 'production' }], tags = {}, sensitive = [], keyArn } = settings;
  const names = moduleNames(settings);
  const { id, bucket, bucketArn, roleArn, account, trusts, policyNames, policies } = names;
  const allTags = { ManagedBy: 'terraform', ...tags };
  const ofModule = (type: string, name: string, attributes: Record<string, unknown>, more: Partial<StateInstance> = {}, provider = AWS) => ({
    ...module !== '' && { module },
    mode: 'managed' as const,
    type,
    name,
    provider,
    instances: [{ schema_version: 0, attributes, sensitive_attributes: [], ...more }],
  });
  const first = { index_key: 0 };
  const role = (name: string, roleName: string, trust: object) => ofModule('aws_iam_role', name, {
    id: roleName, name: roleName, arn: roleArn(roleName), path: '/', assume_role_policy: JSON.stringify(trust), tags: allTags, tags_all: allTags,
  });
  const inline = (name: string, roleName: string, policyName: string, document: object) => ofModule('aws_iam_role_policy', name, {
    id: `${roleName}:${policyName}`, name: policyName, role: roleName, policy: JSON.stringify(document),
  });
  const { runner_configuration: { type: _type, ...configuration }, state_storage_configuration: { type, ...s3 }, ...registration } = moduleRegistration(settings);
  const address = (name: string) => module === '' ? name : `${module.replace(/\[.*?\]/g, '')}.${name}`;
  const outside = (typeName: string, name: string, index: number, attributes: Record<string, unknown>, dependencies: string[], provider: string) => ({
    mode: 'managed' as const,
    type: typeName,
    name,
    provider,
    instances: [{ index_key: index, schema_version: 0, attributes, sensitive_attributes: [], dependencies }],
  });
  return {
    version: 4,
    terraform_version: '1.11.4',
    serial: 7,
    lineage: '8f1c0e0e-3a52-4d0e-9a9e-0f3f6f3c5a10',
    outputs: {},
    resources: [
      { ...ofModule('aws_caller_identity', 'current', { account_id: account }), mode: 'data' },
      ofModule('random_id', 'suffix', { hex: SUFFIX, byte_length: 4 }, {}, RANDOM),
      ofModule('aws_ecs_cluster', 'main', { id: names.clusterArn, arn: names.clusterArn, name: names.cluster, tags: allTags }, first),
      ofModule('aws_ecs_cluster_capacity_providers', 'main', { id: names.cluster, cluster_name: names.cluster, capacity_providers: ['FARGATE', 'FARGATE_SPOT'] }, first),
      ofModule('aws_iam_openid_connect_provider', 'oidc', {
        id: names.oidcProviderArn, arn: names.oidcProviderArn, url: names.issuer, client_id_list: ['sts.amazonaws.com'],
      }, first),
      role('ecs_task_manager', names.manager, trusts.manager),
      inline('ecs_task_manager', names.manager, policyNames.manager, policies.manager),
      role('execution', names.execution, trusts.execution),
      ofModule('aws_iam_role_policy_attachment', 'execution', {
        id: `${names.execution}-1`, role: names.execution, policy_arn: 'arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy',
      }),
      role('task', names.task, trusts.task),
      inline('task_s3', names.task, policyNames.task, policies.task),
      ofModule('aws_s3_bucket', 'state', { id: bucket, bucket, arn: bucketArn, tags: allTags }),
      ofModule('aws_s3_bucket_public_access_block', 'runner', { id: bucket, bucket }),
      ...keyArn === undefined ? [] : [ofModule('aws_s3_bucket_server_side_encryption_configuration', 'state', {
        id: bucket, bucket, rule: [{ bucket_key_enabled: true, apply_server_side_encryption_by_default: [{ sse_algorithm: 'aws:kms', kms_master_key_id: keyArn }] }],
      })],
      ofModule('aws_cloudwatch_log_group', 'ecs', { id: names.eventLogGroup, name: names.eventLogGroup, retention_in_days: 30 }),
      ofModule('aws_cloudwatch_log_group', 'exec', { id: names.execLogGroup, name: names.execLogGroup, retention_in_days: 30 }),
      ...settings.hasVpc ? [{ ...ofModule('aws_vpc', 'this', { id: 'vpc-12345678' }, first), module: `${module}.module.vpc[0]` }] : [],
      ofModule('platform-orchestrator_serverless_ecs_runner', 'runner', {
        ...registration,
        runner_configuration: {
          ...configuration,
          auth: { session_name: null, sts_region: null, ...configuration.auth },
          job: { image: null, ...configuration.job },
        },
        state_storage_configuration: { type, s3_configuration: { path_prefix: null, ...s3 } },
      }, { sensitive_attributes: sensitive.map(path => path.map(value => ({ type: 'get_attr', value }))) }, ORCHESTRATOR),
      ...rules.map((rule, index) => outside('platform-orchestrator_runner_rule', 'rule', index, {
        id: `00000000-0000-4000-8000-00000000000${index}`, runner_id: id, project_id: '', env_type_id: '', ...rule,
      }, [address('platform-orchestrator_serverless_ecs_runner.runner')], ORCHESTRATOR)),
      ...settings.taskPolicy === undefined ? [] : [outside('aws_iam_role_policy', 'deployments', 0, {
        id: `${names.task}:deployments`, name: 'deployments', role: names.task, policy: JSON.stringify(settings.taskPolicy),
      }, [address('aws_iam_role.task')], AWS)],
    ],
  };
}
