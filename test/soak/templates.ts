/** The template of a history, and the objects that its deployment must create at the orchestrator. */
import { isDeepStrictEqual } from 'node:util';
import { ENV_TYPES, ORGS, orchestratorOf, PROJECTS, type Api } from './orchestrators';
import { SECRETS } from './simulation';
import type { AnyRunner, RunnerRule } from '../../local/orchestrator/model';
import { withoutEmptyFields } from '../../local/orchestrator/responses';
import { SERVICE_TIMEOUT_SECONDS } from '../../src/registration/delivery-times';
import { ruleLogicalId } from '../../src/registration/wire';

export interface RunnerTemplate {
  readonly logicalId: 'A' | 'B';
  readonly api: Api;
  readonly org: string;
  /** The index of the secret with the API token. */
  readonly secret: number;
  /** Undefined for a generated id. */
  readonly id?: string;
  readonly prefix: string;
  /** The version of the role. Another number means a replaced role. */
  readonly role: number;
  /** The runner for which the role was created. Stack refactoring can give a role the logical ID of another one. */
  readonly firstRoleOf?: 'A' | 'B';
  readonly bucket: string;
  readonly pathPrefix?: string;
  readonly description?: string;
  readonly variable?: string;
  readonly publicIp: boolean;
  readonly allowStateMove: boolean;
  readonly adoptExisting: boolean;
  readonly retainInUse: boolean;
  /** Whether the template only imports the runner, to add rules to a runner of somebody else. */
  readonly isImported: boolean;
}

/** The filters of rules: everything, an environment type, a project, or an environment type of a project. */
export const FILTERS: readonly string[] = ['all', 'development', 'production', 'shop', 'shop/production', 'blog', 'blog/production', 'blog/development'];

export interface RuleTemplate {
  readonly filter: string;
  /** The index of the runner. */
  readonly runner: number;
  readonly adoptExisting: boolean;
}

export interface Template {
  readonly runners: readonly RunnerTemplate[];
  readonly rules: readonly RuleTemplate[];
}

/** The source of a rule's logical ID: its filter, or the path of its construct if the filter is a CDK token. */
export type RuleIdentity = 'filter' | 'path';

export type ResourceType = 'RunnerId' | 'Runner' | 'RunnerRule';
/** The resource types in the order of creation. They are deleted in reverse order. */
export const TYPES: readonly ResourceType[] = ['RunnerId', 'Runner', 'RunnerRule'];
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Properties = Record<string, any>;

/** A custom resource of a template. Its properties depend on physical IDs and attributes of other resources. */
export interface Declared {
  readonly logicalId: string;
  readonly type: ResourceType;
  readonly api: Api;
  properties(refer: (logicalId: string) => string): Properties;
}

export function resourcesOf({ runners, rules }: Template, stackName: string, identity: RuleIdentity): Declared[] {
  const declared = runners.flatMap((runner) => runner.isImported ? [] : runnerResources(runner, stackName));
  for (const [index, { filter, runner: at, adoptExisting }] of rules.entries()) {
    const runner = runners[at % runners.length]!;
    declared.push({
      logicalId: identity === 'filter' ? ruleLogicalId(`-${runner.api}-${runner.org}-${filter}-`) : `Rule${index}-${runner.api}`,
      type: 'RunnerRule',
      api: runner.api,
      properties: (refer) => ({
        ...common(runner),
        RunnerId: runner.isImported ? runner.id ?? 'prod-runner' : refer(`${runner.logicalId}-${runner.api}`),
        ...filterProperties(filter),
        ...adoptExisting && { AdoptExisting: 'true' },
      }),
    });
  }
  return declared;
}

/** The secrets that the policies of a template allow the Lambda to read. */
export function secretsOf({ runners }: Template): string[] {
  return runners.map(secretOf);
}

function secretOf({ api, secret }: RunnerTemplate): string {
  const secrets = SECRETS[orchestratorOf(api)];
  return secrets[secret % secrets.length]!;
}

const common = (runner: RunnerTemplate): Properties => ({
  ServiceToken: `arn:aws:lambda:us-east-1:123456789012:function:${runner.api}`,
  ServiceTimeout: String(SERVICE_TIMEOUT_SECONDS),
  OrgId: runner.org,
  Token: { SecretId: secretOf(runner), SecretField: 'token' },
});

function runnerResources(runner: RunnerTemplate, stackName: string): Declared[] {
  const idOf = `${runner.logicalId}Id-${runner.api}`;
  return [
    {
      logicalId: idOf,
      type: 'RunnerId',
      api: runner.api,
      properties: () => ({
        ...common(runner),
        ...runner.id === undefined ? { RunnerIdPrefix: runner.prefix, Seed: runner.logicalId } : { RunnerId: runner.id },
      }),
    },
    {
      logicalId: `${runner.logicalId}-${runner.api}`,
      type: 'Runner',
      api: runner.api,
      properties: (refer) => ({ ...common(runner), ...runnerProperties(runner, refer(idOf), stackName) }),
    },
  ];
}

function runnerProperties(runner: RunnerTemplate, id: string, stackName: string): Properties {
  return {
    RunnerId: id,
    ...runner.description !== undefined && { Description: runner.description },
    Auth: { RoleArn: `arn:aws:iam::123456789012:role/${stackName}-${runner.firstRoleOf ?? runner.logicalId}-${runner.role}` },
    Job: {
      Region: 'us-east-1',
      Cluster: 'cluster',
      Subnets: ['subnet-1', 'subnet-2'],
      IsPublicIpEnabled: String(runner.publicIp),
      ExecutionRoleArn: 'arn:aws:iam::123456789012:role/execution',
      TaskRoleArn: 'arn:aws:iam::123456789012:role/task',
      ...runner.variable !== undefined && { Environment: { VARIABLE: runner.variable } },
    },
    StateStorage: { Bucket: runner.bucket, ...runner.pathPrefix !== undefined && { PathPrefix: runner.pathPrefix } },
    ...runner.adoptExisting && { AdoptExisting: 'true' },
    ...runner.retainInUse && { OnInUse: 'retain' },
    ...runner.allowStateMove && { AllowStateMove: 'true' },
  };
}

export function filterProperties(filter: string): Properties {
  const parts = filter.split('/');
  const project = parts.find((part) => PROJECTS.includes(part));
  const envType = parts.find((part) => ENV_TYPES.includes(part));
  return { ...project !== undefined && { ProjectId: project }, ...envType !== undefined && { EnvTypeId: envType } };
}

/** Whether a runner has the declared configuration. Description and environment are compared only if they are declared. */
export function hasDeclaredContent(runner: AnyRunner, properties: Properties): boolean {
  const { id, description = '', runner_configuration: configuration, state_storage_configuration: storage } = withoutEmptyFields(runner);
  if (configuration.type !== 'serverless-ecs') return false;
  const { environment = {}, ...job } = configuration.job;
  const { Job, Auth, StateStorage } = properties;
  return isDeepStrictEqual({ id, role: configuration.auth.role_arn, job, storage }, {
    id: properties.RunnerId,
    role: Auth.RoleArn,
    job: {
      region: Job.Region,
      cluster: Job.Cluster,
      subnets: Job.Subnets,
      ...Job.IsPublicIpEnabled === 'true' && { is_public_ip_enabled: true },
      execution_role_arn: Job.ExecutionRoleArn,
      task_role_arn: Job.TaskRoleArn,
    },
    storage: { type: 's3', bucket: StateStorage.Bucket, ...StateStorage.PathPrefix !== undefined && { path_prefix: StateStorage.PathPrefix } },
  })
    && (properties.Description === undefined || description === properties.Description)
    && (Job.Environment === undefined || isDeepStrictEqual(environment, Job.Environment));
}

/** The filter of a rule, as the orchestrator returns it. */
export function filterOf({ ProjectId = '', EnvTypeId = '' }: Properties): Pick<RunnerRule, 'project_id' | 'env_type_id'> {
  return { project_id: ProjectId, env_type_id: EnvTypeId };
}

/** Whether an update refers to another object at the orchestrator. */
export function isOther(before: Properties, after: Properties): boolean {
  return ['OrgId', 'RunnerId', 'ProjectId', 'EnvTypeId'].some((name) => before[name] !== after[name]);
}

export const DEFAULT_RUNNER: RunnerTemplate = {
  logicalId: 'A',
  api: 'main',
  org: ORGS[0],
  secret: 0,
  id: 'prod-runner',
  prefix: 'runner',
  role: 1,
  bucket: 'state-1',
  publicIp: false,
  allowStateMove: false,
  adoptExisting: false,
  retainInUse: false,
  isImported: false,
};
