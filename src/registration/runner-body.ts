import { createHash } from 'crypto';
import type { RunnerProperties } from './wire';
import { SESSION_NAME_MAX } from '../common/contract';

/** Body of the requests that create or update a runner. */
export interface RunnerBody {
  readonly description?: string;
  readonly runner_configuration: {
    readonly type: string;
    /** Undefined for runners of types other than `serverless-ecs`. */
    readonly auth?: { readonly role_arn: string; readonly session_name?: string };
    readonly job?: { readonly environment?: Record<string, string>; readonly [field: string]: unknown };
  };
  readonly state_storage_configuration: { readonly type: string; readonly bucket?: string; readonly path_prefix?: string };
}

/** The type of a runner on Amazon ECS. */
export const TYPE = 'serverless-ecs';

/**
 * The runner in the format of the API. Keeps the registered description and environment if neither the template nor its previous version has them.
 *
 * @param previous the properties before an update
 */
export function runnerBody(properties: Omit<RunnerProperties, 'ServiceToken'>, registered?: RunnerBody, previous?: RunnerProperties): RunnerBody {
  const { Auth: auth, Job: job, StateStorage: state } = properties;
  const session = sessionName(properties);
  // The API keeps the description if it is missing, but replaces the complete job, including its environment.
  const description = properties.Description ?? (previous?.Description !== undefined ? '' : undefined);
  const environment = job.Environment ?? (previous?.Job.Environment ? {} : registered?.runner_configuration.job?.environment ?? {});
  return {
    ...(description !== undefined ? { description } : {}),
    runner_configuration: {
      type: TYPE,
      auth: {
        role_arn: auth.RoleArn,
        ...(session !== undefined ? { session_name: session } : {}),
      },
      job: {
        region: job.Region,
        cluster: job.Cluster,
        subnets: job.Subnets,
        security_groups: job.SecurityGroups ?? [],
        // CloudFormation delivers booleans as strings, and the string "false" is truthy.
        is_public_ip_enabled: job.IsPublicIpEnabled === 'true',
        execution_role_arn: job.ExecutionRoleArn,
        task_role_arn: job.TaskRoleArn,
        ...(job.Image !== undefined ? { image: job.Image } : {}),
        environment,
        secrets: job.Secrets ?? {},
      },
    },
    state_storage_configuration: {
      type: 's3',
      bucket: state.Bucket,
      ...(state.PathPrefix !== undefined ? { path_prefix: state.PathPrefix } : {}),
    },
  };
}

/** Session name of the role. By default, the orchestrator joins organization and runner id. If that is too long for STS, this name is shortened and unique by a hash. */
function sessionName(properties: Pick<RunnerProperties, 'OrgId' | 'RunnerId'>): string | undefined {
  const natural = `${properties.OrgId}-${properties.RunnerId}`;
  if (natural.length <= SESSION_NAME_MAX) {
    return undefined;
  }
  const hash = createHash('sha256').update(natural).digest('hex').slice(0, 8);
  return `${natural.slice(0, SESSION_NAME_MAX - hash.length - 1)}-${hash}`;
}
