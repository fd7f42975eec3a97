/**
 * What the template hands to the handler: the properties of the custom resources.
 *
 * Both sides compile against these types, so that neither can drift. CloudFormation turns every number and boolean into
 * a string on the way, which is why there are none here.
 */
import type { WireToken } from '../common/wire-token';

export type { WireToken };

/** The resource types, as users see them in their templates and events. */
export const RUNNER_ID_TYPE = 'Custom::HumanitecRunnerId';
export const RUNNER_TYPE = 'Custom::HumanitecRunner';
export const RUNNER_RULE_TYPE = 'Custom::HumanitecRunnerRule';
export const OIDC_PROVIDER_TYPE = 'Custom::HumanitecOidcProvider';

/**
 * The logical ID of a rule whose filter is known at synthesis, so that no other resource of the stack has this filter. A logical ID that the CDK makes of a construct's path
 * ends in upper-case hexadecimal digits, so it never looks like this one.
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

/** Common to the three resources that use the orchestrator's API. */
export interface WireOrchestrator {
  readonly ServiceToken: string;
  /** Seconds, as a string; CloudFormation itself enforces it. */
  readonly ServiceTimeout?: string;
  readonly OrgId: string;
  readonly Token: WireToken;
}

/** `Custom::HumanitecRunnerId`. Its physical id (and so its `Ref`) is the runner's id. Exactly one of the two is set. */
export interface RunnerIdProperties extends WireOrchestrator {
  readonly RunnerId?: string;
  readonly RunnerIdPrefix?: string;
  /** What the generated id depends on, beside the stack: the place of the runner's construct. */
  readonly Seed?: string;
  /** Values of other inputs, by input: policies have them, and nobody knew them before the deployment. Wildcards in them are refused. */
  readonly Values?: Record<string, string>;
}

/** `Custom::HumanitecRunner`. `handler/physical-ids.ts` has its physical IDs. Its attribute `RunnerId` is the id of the runner. */
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
  /** Take over a runner of this id that somebody else registered. A delete then leaves the registration. */
  readonly AdoptExisting?: WireBoolean;
  /** What a delete does when environments or rules of others still use the runner: `fail` (the default) or `retain` the registration. */
  readonly OnInUse?: 'fail' | 'retain';
  /** Let an update move the state to another bucket or prefix. */
  readonly AllowStateMove?: WireBoolean;
}

/** `Custom::HumanitecRunnerRule`. Its attribute `RuleId` is the rule's UUID. A rule with neither filter matches everything. */
export interface RunnerRuleProperties extends WireOrchestrator {
  readonly RunnerId: string;
  readonly ProjectId?: string;
  readonly EnvTypeId?: string;
  /** Take over an existing rule with the same filter: any (`true`), or one that points at the same runner (`identical`). */
  readonly AdoptExisting?: 'true' | 'identical';
}

/** `Custom::HumanitecOidcProvider`. Its physical id (and so its `Ref`) is the ARN of the provider. It uses IAM, and neither the orchestrator nor its API token. */
export interface OidcProviderProperties {
  readonly ServiceToken: string;
  /** Seconds, as a string; CloudFormation itself enforces it. */
  readonly ServiceTimeout?: string;
  /** `https://`, host and path, without a trailing slash. */
  readonly IssuerUrl: string;
  /** IAM derives it from the account and the issuer. */
  readonly ProviderArn: string;
}

/**
 * What the schedule of `RunnerMonitoring` sends to the Lambda: a registration and its rules as the template has them. CloudFormation cannot write a list of
 * unknown length as JSON, so the lists are joined with commas.
 */
export interface DriftCheck {
  /** Physical ID of the registration. */
  readonly PhysicalId: string;
  readonly Runner: Omit<RunnerProperties, 'ServiceToken' | 'Job'> & {
    readonly Job: Omit<RunnerProperties['Job'], 'Subnets' | 'SecurityGroups'> & { readonly Subnets: string; readonly SecurityGroups?: string };
  };
  readonly Rules: (Pick<RunnerRuleProperties, 'ProjectId' | 'EnvTypeId'> & { readonly RuleId: string })[];
}

/** The event with a drift check. */
export interface DriftCheckEvent {
  readonly DriftCheck: DriftCheck;
}

/** What the Lambda logs after a drift check, with the fields `runner` and `problems`: their number. */
export const DRIFT_CHECK_MESSAGE = 'drift check';
/** What the Lambda logs for each problem, with the fields `runner` and `problem`. */
export const DRIFT_MESSAGE = 'registration drift';
