/**
 * The rules of the API's fields, stated here once more on purpose: this server is what the library is measured against, so
 * it must not share the library's idea of them.
 */

const string = (rules: Record<string, unknown> = {}): object => ({ type: 'string', ...rules });

/** Every object is closed: an unknown field is an error of the caller's, never something to drop in silence. */
const object = (required: string[], properties: Record<string, object>): object => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
});

// The same language as `^[a-z](?:-?[a-z0-9]+)+$`, without the nested repetition that takes exponential time to say no.
const IDENTIFIER = '^[a-z](?:-?[a-z0-9])+$';
const ROLE_ARN = '^arn:aws:iam::\\d{12}:role/[a-zA-Z_0-9+=,.@\\-_/]+$';
const REGION = '^[a-z]{2}-[a-z]+-\\d$';
const SECRET_ARN = '^arn:aws:(?:secretsmanager:[^:]+:[^:]+:secret:[^:]+-[a-zA-Z0-9]{6}|ssm:[^:]+:[^:]+:parameter/.+)$';

const identifier = string({ pattern: IDENTIFIER, maxLength: 100 });
const description = string({ maxLength: 200 });
const displayName = string({ minLength: 2, maxLength: 60 });
const roleArn = string({ pattern: ROLE_ARN });
const region = string({ pattern: REGION });
const runnerType = { const: 'serverless-ecs' };

/** Variables that the orchestrator sets in the task: it refuses some of them and overwrites the others, so none gets through. */
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

/** Variables whose value would lie in the open: they must come as secrets. */
export const SENSITIVE_VARIABLES: readonly string[] = ['RUNNER_GIT_SSH_KEYS'];

const auth = object(['role_arn'], {
  role_arn: roleArn,
  session_name: string({ pattern: '^[a-zA-Z0-9+=,.@\\-_/]+$', minLength: 3, maxLength: 64 }),
  sts_region: region,
});

const job = object(['region', 'cluster', 'subnets', 'execution_role_arn'], {
  region,
  // A name, and not the ARN of a cluster: no name has one of these two characters.
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

const stateStorage = object(['type', 'bucket'], {
  type: { const: 's3' },
  bucket: string({ pattern: '^[a-z0-9][a-z0-9\\-]*[a-z0-9]$' }),
  path_prefix: string({ pattern: '^[a-zA-Z0-9._-]+(?:/[a-zA-Z0-9._-]+)*/?$' }),
});

export const runnerCreateSchema = object(['id', 'runner_configuration', 'state_storage_configuration'], {
  id: identifier,
  description,
  runner_configuration: object(['type', 'auth', 'job'], { type: runnerType, auth, job }),
  state_storage_configuration: stateStorage,
});

/** `type` is asked for although it cannot change: it says which kind of configuration the rest is. */
export const runnerUpdateSchema = object([], {
  description,
  runner_configuration: object(['type'], { type: runnerType, auth, job }),
  state_storage_configuration: stateStorage,
});

/** No patterns: an empty project or type means "any", and an id that cannot exist is simply not found. */
export const ruleCreateSchema = object(['runner_id'], {
  runner_id: string({ minLength: 1 }),
  project_id: string(),
  env_type_id: string(),
});

export const namedCreateSchema = object(['id'], { id: identifier, display_name: displayName });
export const environmentCreateSchema = object(['id', 'env_type_id'], {
  id: identifier,
  env_type_id: identifier,
  display_name: displayName,
});

/** Query strings stay strings, since nothing is coerced; other parameters are ignored, as HTTP APIs do. */
export const pageQuerySchema = {
  type: 'object',
  properties: { per_page: string({ pattern: '^-?\\d{1,9}$' }), page: string() },
};
export const ruleQuerySchema = {
  type: 'object',
  properties: { ...pageQuerySchema.properties, byRunnerId: string(), byProjectId: string(), byEnvTypeId: string() },
};
export const refreshQuerySchema = { type: 'object', properties: { dry_run: { enum: ['true', 'false'] } } };
