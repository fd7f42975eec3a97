/**
 * The facts about the Platform Orchestrator that the library depends on.
 *
 * @see https://developer.humanitec.com/platform-orchestrator/docs/configure/runners/runner-types/serverless-ecs/
 */

export const HUMANITEC_API_URL = 'https://api.humanitec.dev';
export const HUMANITEC_OIDC_ISSUER = 'https://oidc.humanitec.dev';
/** Family of the task definitions that the hosted orchestrator registers. */
export const HUMANITEC_TASK_FAMILY_PREFIX = 'humanitec_';
/** Audience of the OIDC token that the orchestrator presents to STS. */
export const OIDC_AUDIENCE = 'sts.amazonaws.com';
/**
 * Maximum size of a task, in CPU units and MiB. The orchestrator's tasks have 512 and 1,024. The limit leaves room for larger tasks, and denies the
 * largest ones to an attacker with the orchestrator's credentials.
 */
export const TASK_CPU_MAX = 4096;
export const TASK_MEMORY_MAX = 8192;

/** The orchestrator's `^[a-z](?:-?[a-z0-9]+)+$`, written so that a long bad id does not take exponential time. */
export const RUNNER_ID_PATTERN = /^[a-z](?:-?[a-z0-9])+$/;
export const RUNNER_ID_MAX = 100;
/** A generated id is `<prefix>-` and this many characters of [a-z0-9]. */
export const RUNNER_ID_SUFFIX_LENGTH = 8;
export const DEFAULT_RUNNER_ID_PREFIX = 'runner';

export const DESCRIPTION_MAX = 200;
export const ROLE_ARN_PATTERN = /^arn:aws:iam::\d{12}:role\/[a-zA-Z_0-9+=,.@\-_/]+$/;
export const SESSION_NAME_MAX = 64;
export const REGION_PATTERN = /^[a-z]{2}-[a-z]+-\d$/;
export const CLUSTER_NAME_MAX = 255;
export const SUBNETS_MAX = 16;
export const SUBNET_ID_MAX = 24;
export const SECURITY_GROUPS_MAX = 5;
export const IMAGE_PATTERN = /^[a-zA-Z0-9._:/-]+(?:@[a-z0-9]+:[a-fA-F0-9]+)?$/;
export const IMAGE_MAX = 255;
export const ENVIRONMENT_VALUE_MAX = 1024;
export const BUCKET_PATTERN = /^[a-z0-9][a-z0-9\-]*[a-z0-9]$/;
export const PATH_PREFIX_PATTERN = /^[a-zA-Z0-9._-]+(?:\/[a-zA-Z0-9._-]+)*\/?$/;

/** Variables that the orchestrator sets: it refuses some of them as inputs, and overwrites or duplicates the others. */
export const RESERVED_ENVIRONMENT = [
  'ORG_ID', 'RUNNER_ID', 'DEPLOYMENT_ID', 'DEPLOYMENT_ENV_UUID', 'MODE', 'TOKEN', 'ENCRYPTING_KEY', 'ENCRYPTING_LOGS_KEY',
  'LOG_LEVEL', 'RUNNER_GATEWAY_URL', 'METADATA_KEY', 'PLATFORM_ORCHESTRATOR_BASE_URL',
];
/** The variable with the keys of module sources that OpenTofu reads from Git over SSH. */
export const GIT_SSH_KEYS = 'RUNNER_GIT_SSH_KEYS';
/** Variables that the orchestrator takes only as secrets. */
export const SECRET_ONLY_ENVIRONMENT = [GIT_SSH_KEYS];
