/**
 * Validation rules of the API. They deliberately repeat rules of the library: tests compare the library with this server, so the two
 * must not share code.
 */

const string = (rules: Record<string, unknown> = {}): object => ({ type: 'string', ...rules });

/** Rejects unknown fields everywhere. The API rejects them only in `runner_configuration`, and ignores them elsewhere. */
const object = (required: string[], properties: Record<string, object>): object => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
});

// Matches the same ids as `^[a-z](?:-?[a-z0-9]+)+$`, which needs exponential time to reject some texts.
const IDENTIFIER = '^[a-z](?:-?[a-z0-9])+$';
const ROLE_ARN = '^arn:aws:iam::\\d{12}:role/[a-zA-Z_0-9+=,.@\\-_/]+$';
const REGION = '^[a-z]{2}-[a-z]+-\\d$';
const SECRET_ARN = '^arn:aws:(?:secretsmanager:[^:]+:[^:]+:secret:[^:]+-[a-zA-Z0-9]{6}|ssm:[^:]+:[^:]+:parameter/.+)$';

const identifier = string({ pattern: IDENTIFIER, maxLength: 100 });
const description = string({ maxLength: 200 });
const displayName = string({ minLength: 2, maxLength: 60 });
const roleArn = string({ pattern: ROLE_ARN });
const region = string({ pattern: REGION });

/** Variables that the orchestrator sets in the task. It rejects some of them and overwrites the others; this server rejects all. */
export const RESERVED_VARIABLES: readonly string[] = [
  'ORG_ID',
  'RUNNER_ID',
  'DEPLOYMENT_ID',
  'DEPLOYMENT_ENV_UUID',
  'MODE',
  'TOKEN',
  'ENCRYPTING_KEY',
  'ENCRYPTING_LOGS_KEY',
  'LOG_LEVEL',
  'RUNNER_GATEWAY_URL',
  'METADATA_KEY',
  'PLATFORM_ORCHESTRATOR_BASE_URL',
];

/** Variables with sensitive values, which must be passed as secrets. */
export const SENSITIVE_VARIABLES: readonly string[] = ['RUNNER_GIT_SSH_KEYS'];

const auth = object(['role_arn'], {
  role_arn: roleArn,
  session_name: string({ pattern: '^[a-zA-Z0-9+=,.@\\-_/]+$', minLength: 3, maxLength: 64 }),
  sts_region: region,
});

const job = object(['region', 'cluster', 'subnets', 'execution_role_arn'], {
  region,
  // A cluster name. Only ARNs contain `:` or `/`.
  cluster: string({ pattern: '^[^:/]+$', minLength: 1, maxLength: 255 }),
  subnets: { type: 'array', minItems: 1, maxItems: 16, items: string({ minLength: 1, maxLength: 24 }) },
  security_groups: { type: 'array', maxItems: 5, items: string({ minLength: 1, maxLength: 255 }) },
  is_public_ip_enabled: { type: 'boolean' },
  execution_role_arn: roleArn,
  task_role_arn: roleArn,
  image: string({ pattern: '^[a-zA-Z0-9._:/-]+(?:@[a-z0-9]+:[a-fA-F0-9]+)?$', maxLength: 255 }),
  environment: { type: 'object', additionalProperties: string({ maxLength: 1024 }) },
  secrets: { type: 'object', additionalProperties: string({ pattern: SECRET_ARN }) },
});

const kubernetesJob = object(['namespace', 'service_account'], {
  namespace: string(),
  service_account: string(),
  pod_template: { type: 'object' },
});
const kubernetesClusterData = object(['certificate_authority_data', 'server'], {
  certificate_authority_data: string(),
  proxy_url: string(),
  server: string(),
});
const kubernetesAuth = object([], { client_certificate_data: string(), client_key_data: string(), service_account_token: string() });
const gcpAuth = object(['gcp_audience', 'gcp_service_account'], { gcp_audience: string(), gcp_service_account: string() });
const gkeCluster = object(['name', 'project_id', 'location', 'auth'], {
  name: string(),
  project_id: string(),
  proxy_url: string(),
  location: string(),
  internal_ip: { type: 'boolean' },
  auth: gcpAuth,
});
const agentKey = string({ pattern: '^-----BEGIN PUBLIC KEY-----\\n[^\\n]+\\n-----END PUBLIC KEY-----(\\n)?$', maxLength: 200 });

/** The fields of each runner type besides `type`. All of them are required when a runner is created. */
const RUNNER_TYPES: Readonly<Record<string, Record<string, object>>> = {
  'serverless-ecs': { auth, job },
  'kubernetes': { job: kubernetesJob, cluster: object(['cluster_data', 'auth'], { cluster_data: kubernetesClusterData, auth: kubernetesAuth }) },
  'kubernetes-agent': { job: kubernetesJob, key: agentKey },
  'kubernetes-eks': { job: kubernetesJob, cluster: object(['name', 'region', 'auth'], { name: string(), region: string(), auth }) },
  'kubernetes-gke': { job: kubernetesJob, cluster: gkeCluster },
};

const bucket = string({ pattern: '^[a-z0-9][a-z0-9\\-]*[a-z0-9]$' });
const pathPrefix = string({ pattern: '^[a-zA-Z0-9._-]+(?:/[a-zA-Z0-9._-]+)*/?$' });

/** An object whose fields depend on its `type`. For an unknown type, only the type is reported as invalid. */
const objectByType = (branches: Readonly<Record<string, object>>): object => ({
  type: 'object',
  required: ['type'],
  properties: { type: { enum: Object.keys(branches) } },
  allOf: Object.entries(branches).map(([type, branch]) => ({
    if: { type: 'object', required: ['type'], properties: { type: { const: type } } },
    then: branch,
  })),
});

const stateStorage = objectByType({
  kubernetes: object(['type', 'namespace'], { type: {}, namespace: string() }),
  s3: object(['type', 'bucket'], { type: {}, bucket, path_prefix: pathPrefix }),
  gcs: object(['type', 'bucket'], { type: {}, bucket, path_prefix: pathPrefix }),
  azurerm: object(['type', 'storage_account_name', 'container_name'], {
    type: {},
    resource_group_name: string(),
    storage_account_name: string(),
    container_name: string(),
    path_prefix: pathPrefix,
  }),
});

const runnerConfiguration = (requiredOf: (fields: string[]) => string[]): object =>
  objectByType(Object.fromEntries(Object.entries(RUNNER_TYPES).map(([type, fields]) =>
    [type, object(['type', ...requiredOf(Object.keys(fields))], { type: {}, ...fields })])));

export const runnerCreateSchema = object(['id', 'runner_configuration', 'state_storage_configuration'], {
  id: identifier,
  description,
  runner_configuration: runnerConfiguration((fields) => fields),
  state_storage_configuration: stateStorage,
});

/** `type` is required although it cannot change, because it selects the schema of the other fields. */
export const runnerUpdateSchema = object([], {
  description,
  runner_configuration: runnerConfiguration(() => []),
  state_storage_configuration: stateStorage,
});

/** Without patterns: an empty project or environment type means "any", and an invalid id gives "not found". */
export const ruleCreateSchema = object(['runner_id'], {
  runner_id: string({ minLength: 1 }),
  project_id: string(),
  env_type_id: string(),
});

/** The id of a rule in a path must be a UUID. */
export const ruleParamsSchema = {
  type: 'object',
  properties: { ruleId: string({ pattern: '^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' }) },
};

export const namedCreateSchema = object(['id'], { id: identifier, display_name: displayName });
export const environmentCreateSchema = object(['id', 'env_type_id'], {
  id: identifier,
  env_type_id: identifier,
  display_name: displayName,
});

/** Query parameters stay strings, because values are never converted. Unknown parameters are ignored. */
export const pageQuerySchema = {
  type: 'object',
  properties: { per_page: string({ pattern: '^-?\\d{1,9}$' }), page: string() },
};
export const ruleQuerySchema = {
  type: 'object',
  properties: { ...pageQuerySchema.properties, byRunnerId: string(), byProjectId: string(), byEnvTypeId: string() },
};
export const refreshQuerySchema = { type: 'object', properties: { dry_run: { enum: ['true', 'false'] } } };
