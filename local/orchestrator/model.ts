/** Bodies of requests and responses that are valid for the schemas. */

export interface RunnerAuth {
  readonly role_arn: string;
  readonly session_name?: string;
  readonly sts_region?: string;
}

export interface RunnerJob {
  readonly region: string;
  readonly cluster: string;
  readonly subnets: string[];
  readonly security_groups?: string[];
  readonly is_public_ip_enabled?: boolean;
  readonly execution_role_arn: string;
  readonly task_role_arn?: string;
  readonly image?: string;
  readonly environment?: Record<string, string>;
  readonly secrets?: Record<string, string>;
}

export interface RunnerConfiguration {
  readonly type: 'serverless-ecs';
  readonly auth: RunnerAuth;
  readonly job: RunnerJob;
}

export interface StateStorageConfiguration {
  readonly type: 's3';
  readonly bucket: string;
  readonly path_prefix?: string;
}

/** A runner on Kubernetes: it has no `auth`. */
export interface KubernetesRunnerConfiguration {
  readonly type: 'kubernetes' | 'kubernetes-agent' | 'kubernetes-eks' | 'kubernetes-gke';
  readonly job: object;
  readonly cluster?: { readonly auth?: object };
  readonly key?: string;
}

export type AnyRunnerConfiguration = RunnerConfiguration | KubernetesRunnerConfiguration;
export type AnyStateStorage = StateStorageConfiguration | { readonly type: 'kubernetes' | 'gcs' | 'azurerm' };

export const isEcs = (configuration: Partial<AnyRunnerConfiguration>): configuration is RunnerConfiguration => configuration.type === 'serverless-ecs';

export interface RunnerCreateBody<Configuration = AnyRunnerConfiguration, Storage = AnyStateStorage> {
  readonly id: string;
  readonly description?: string;
  readonly runner_configuration: Configuration;
  readonly state_storage_configuration: Storage;
}

export interface RunnerUpdateBody {
  readonly description?: string;
  readonly runner_configuration?: Partial<AnyRunnerConfiguration>;
  readonly state_storage_configuration?: AnyStateStorage;
}

/** A runner of any type. Runner ids are unique across all types. */
export interface AnyRunner<Configuration = AnyRunnerConfiguration, Storage = AnyStateStorage> extends RunnerCreateBody<Configuration, Storage> {
  readonly org_id: string;
  readonly created_at: string;
  readonly updated_at: string;
}

/** A runner on Amazon ECS. */
export type Runner = AnyRunner<RunnerConfiguration, StateStorageConfiguration>;

export interface RuleCreateBody {
  readonly runner_id: string;
  readonly project_id?: string;
  readonly env_type_id?: string;
}

/** A rule for all projects or all environment types has an empty string in that field. The field is never omitted. */
export interface RunnerRule extends Required<RuleCreateBody> {
  readonly id: string;
  readonly org_id: string;
  readonly created_at: string;
}

export interface NamedCreateBody {
  readonly id: string;
  readonly display_name?: string;
}

export interface EnvironmentType extends Required<NamedCreateBody> {
  readonly uuid: string;
  readonly created_at: string;
}

export interface Project extends EnvironmentType {
  readonly updated_at: string;
  readonly status: 'active' | 'deleting' | 'delete_failed';
}

export interface EnvironmentCreateBody extends NamedCreateBody {
  readonly env_type_id: string;
}

export interface Environment extends Project {
  readonly project_id: string;
  readonly project_uuid: string;
  readonly env_type_id: string;
  readonly runner_id?: string;
}
