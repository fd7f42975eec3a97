/** What a stack of a history wants: a runner and rules, as the construct's template would say it. */
import { ENV_TYPES, PROJECT, type World } from './world';
import { SERVICE_TIMEOUT_SECONDS } from '../../src/registration/delivery-times';

export const SECRET = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:humanitec-api-token-AbCdEf';
export const FOREIGN_ROLE = 'arn:aws:iam::123456789012:role/somebody-else';

export interface RunnerTemplate {
  readonly logical: 'A' | 'B';
  /** Undefined for a generated one. */
  readonly id?: string;
  readonly prefix: string;
  readonly org: string;
  /** Another one stands for a role that was replaced. */
  readonly role: number;
  readonly bucket: string;
  readonly pathPrefix?: string;
  readonly description?: string;
  readonly publicIp: boolean;
  readonly allowMove: boolean;
  readonly adopt: boolean;
  readonly retain: boolean;
  /** The stack has rules only, for a runner of this id that is somebody else's business. */
  readonly imported?: boolean;
}

export const FILTERS = ['all', ...ENV_TYPES, PROJECT] as const;

export interface RuleTemplate {
  readonly logical: 'Rule0' | 'Rule1';
  readonly filter: string;
}

export interface Template {
  readonly runner: RunnerTemplate;
  readonly rules: readonly RuleTemplate[];
}

export type ResourceType = 'RunnerId' | 'Runner' | 'RunnerRule';
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Properties = Record<string, any>;

/** A custom resource of a template; its properties wait for the ids of those before it. */
export interface Declared {
  readonly logical: string;
  readonly type: ResourceType;
  properties(ref: (logical: string) => string): Properties;
}

export function resourcesOf({ runner, rules }: Template, world: World, stackId: string): Declared[] {
  const common = {
    ServiceToken: 'arn:aws:lambda:us-east-1:123456789012:function:f',
    ServiceTimeout: String(SERVICE_TIMEOUT_SECONDS),
    ApiUrl: world.orchestrator.url,
    OrgId: runner.org,
    Token: { SecretId: SECRET, SecretField: 'token' },
  };
  const idOf = `${runner.logical}Id`;
  const own: Declared[] = [
    {
      logical: idOf,
      type: 'RunnerId',
      properties: () => ({ ...common, ...(runner.id === undefined ? { RunnerIdPrefix: runner.prefix } : { RunnerId: runner.id }) }),
    },
    { logical: runner.logical, type: 'Runner', properties: (ref) => ({ ...common, ...runnerProperties(runner, ref(idOf), stackId) }) },
  ];
  return [
    ...runner.imported ? [] : own,
    ...rules.map(({ logical, filter }): Declared => ({
      logical,
      type: 'RunnerRule',
      properties: (ref) => ({ ...common, RunnerId: runner.imported ? runner.id ?? 'prod-runner' : ref(idOf), ...filterProperties(filter) }),
    })),
  ];
}

function runnerProperties(runner: RunnerTemplate, id: string, stackId: string): Properties {
  return {
    RunnerId: id,
    ...(runner.description === undefined ? {} : { Description: runner.description }),
    Auth: { RoleArn: `arn:aws:iam::123456789012:role/${stackId.split('/')[2]}-${runner.logical}-${runner.role}` },
    Job: {
      Region: 'us-east-1',
      Cluster: 'cluster',
      Subnets: ['subnet-1', 'subnet-2'],
      IsPublicIpEnabled: String(runner.publicIp),
      ExecutionRoleArn: 'arn:aws:iam::123456789012:role/execution',
      TaskRoleArn: 'arn:aws:iam::123456789012:role/task',
    },
    StateStorage: { Bucket: runner.bucket, ...(runner.pathPrefix === undefined ? {} : { PathPrefix: runner.pathPrefix }) },
    ...(runner.adopt ? { AdoptExisting: 'true' } : {}),
    ...(runner.retain ? { OnInUse: 'retain' } : {}),
    ...(runner.allowMove ? { AllowStateMove: 'true' } : {}),
  };
}

function filterProperties(filter: string): Properties {
  return filter === 'all' ? {} : filter === PROJECT ? { ProjectId: PROJECT } : { EnvTypeId: filter };
}

/** What the orchestrator has to hold for a runner, without what is empty. Written down once more: the handler's own idea of it is what is tested. */
export function expectedRunner(properties: Properties): object {
  return {
    id: properties.RunnerId,
    org_id: properties.OrgId,
    description: properties.Description ?? '',
    runner_configuration: {
      type: 'serverless-ecs',
      auth: { role_arn: properties.Auth.RoleArn },
      job: {
        region: properties.Job.Region,
        cluster: properties.Job.Cluster,
        subnets: properties.Job.Subnets,
        ...(properties.Job.IsPublicIpEnabled === 'true' && { is_public_ip_enabled: true }),
        execution_role_arn: properties.Job.ExecutionRoleArn,
        task_role_arn: properties.Job.TaskRoleArn,
      },
    },
    state_storage_configuration: {
      type: 's3',
      bucket: properties.StateStorage.Bucket,
      ...(properties.StateStorage.PathPrefix === undefined ? {} : { path_prefix: properties.StateStorage.PathPrefix }),
    },
  };
}

export function expectedRule(properties: Properties): { runner_id: string; project_id: string; env_type_id: string } {
  return { runner_id: properties.RunnerId, project_id: properties.ProjectId ?? '', env_type_id: properties.EnvTypeId ?? '' };
}

export const keyOf = (properties: Properties): string => `${properties.OrgId}/${properties.RunnerId}`;
