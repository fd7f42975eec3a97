/**
 * The properties of the custom resources, which the template passes to the handler.
 *
 * Constructs and handler compile against these types, so that they cannot differ. CloudFormation converts numbers and booleans into
 * strings, so these types have strings only.
 */
import type { WireToken } from '../common/wire-token';

export type { WireToken };

/** The resource types in templates and events. */
export const RUNNER_ID_TYPE = 'Custom::HumanitecRunnerId';
export const RUNNER_TYPE = 'Custom::HumanitecRunner';
export const RUNNER_RULE_TYPE = 'Custom::HumanitecRunnerRule';
export const OIDC_PROVIDER_TYPE = 'Custom::HumanitecOidcProvider';

/**
 * The logical ID of a rule whose filter is known at synthesis. It ensures that no other resource of the stack has the same filter. A logical ID that the CDK generates from a
 * construct path ends with upper-case hexadecimal digits, so it never has this format.
 */
export function ruleLogicalId(filterHash: string): string {
  return `HumanitecRunnerRule${filterHash}ByFilter`;
}

export function isRuleLogicalId(logicalId: string): boolean {
  return /^HumanitecRunnerRule.+ByFilter$/.test(logicalId);
}

/** The function's environment variable with the URL of the API, without a trailing slash. */
export const API_URL_VARIABLE = 'ORCHESTRATOR_API_URL';

/** Booleans as CloudFormation delivers them. */
export type WireBoolean = 'true' | 'false';

/** Properties of all resources that use the orchestrator's API. */
export interface WireOrchestrator {
  readonly ServiceToken: string;
  /** Timeout in seconds, as a string. CloudFormation enforces it. */
  readonly ServiceTimeout?: string;
  readonly OrgId: string;
  readonly Token: WireToken;
}

/** `Custom::HumanitecRunnerId`. Its physical ID (and `Ref`) is the runner id. Exactly one of `RunnerId` and `RunnerIdPrefix` is set. */
export interface RunnerIdProperties extends WireOrchestrator {
  readonly RunnerId?: string;
  readonly RunnerIdPrefix?: string;
  /** Path of the runner's construct. The generated id depends on the stack and this path. */
  readonly Seed?: string;
  /** Values in policies that are known only at deployment, by input. The handler rejects wildcards in them. */
  readonly Values?: Record<string, string>;
}

/** `Custom::HumanitecRunner`. Its attribute `RunnerId` is the runner id. Physical IDs: `handler/physical-ids.ts`. */
export interface RunnerProperties extends WireOrchestrator {
  readonly RunnerId: string;
  readonly Description?: string;
  readonly Auth: {
    readonly RoleArn: string;
  };
  readonly Job: {
    readonly Region: string;
    readonly Cluster: string;
    readonly Subnets: string[];
    readonly SecurityGroups?: string[];
    readonly IsPublicIpEnabled: WireBoolean;
    readonly ExecutionRoleArn: string;
    readonly TaskRoleArn: string;
    readonly Image?: string;
    readonly Environment?: Record<string, string>;
    /** Variable name to the ARN of the secret or parameter. */
    readonly Secrets?: Record<string, string>;
  };
  readonly StateStorage: {
    readonly Bucket: string;
    readonly PathPrefix?: string;
  };
  /** Whether to take over an existing runner with this id. A delete then leaves the registration. */
  readonly AdoptExisting?: WireBoolean;
  /** What a delete does if environments or rules of others still use the runner: `fail` (the default) or `retain` the registration. */
  readonly OnInUse?: 'fail' | 'retain';
  /** Whether an update may move the state to another bucket or prefix. */
  readonly AllowStateMove?: WireBoolean;
}

/** `Custom::HumanitecRunnerRule`. Its attribute `RuleId` is the rule's UUID. A rule with neither filter matches everything. */
export interface RunnerRuleProperties extends WireOrchestrator {
  readonly RunnerId: string;
  readonly ProjectId?: string;
  readonly EnvTypeId?: string;
  /** Whether to take over an existing rule with the same filter: any (`true`), or one that points at the same runner (`identical`). */
  readonly AdoptExisting?: 'true' | 'identical';
}

/** `Custom::HumanitecOidcProvider`. Its physical ID (and `Ref`) is the ARN of the provider. It uses IAM, but neither the orchestrator nor its API token. */
export interface OidcProviderProperties {
  readonly ServiceToken: string;
  /** Timeout in seconds, as a string. CloudFormation enforces it. */
  readonly ServiceTimeout?: string;
  /** `https://`, host and path, without a trailing slash. */
  readonly IssuerUrl: string;
  /** The ARN, which IAM derives from the account and the issuer. */
  readonly ProviderArn: string;
}

/**
 * The event of a drift check, which the schedule of `RunnerMonitoring` sends to the Lambda: the registration and its rules in the template. CloudFormation cannot write
 * a list of unknown length as JSON, so lists are joined with commas.
 */
export interface DriftCheck {
  /** Physical ID of the registration. */
  readonly PhysicalId: string;
  readonly Runner: Omit<RunnerProperties, 'ServiceToken' | 'Job'> & {
    readonly Job: Omit<RunnerProperties['Job'], 'Subnets' | 'SecurityGroups'> & { readonly Subnets: string; readonly SecurityGroups?: string };
  };
  readonly Rules: (Pick<RunnerRuleProperties, 'ProjectId' | 'EnvTypeId'> & { readonly RuleId: string })[];
}

/** The event that contains a drift check. */
export interface DriftCheckEvent {
  readonly DriftCheck: DriftCheck;
}

/** Log message after a drift check, with the fields `runner` and `problems` (the number of problems). */
export const DRIFT_CHECK_MESSAGE = 'drift check';
/** Log message for each problem of a drift check, with the fields `runner` and `problem`. */
export const DRIFT_MESSAGE = 'registration drift';
