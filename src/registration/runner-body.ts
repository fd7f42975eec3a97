import { createHash } from 'crypto';
import type { RunnerProperties } from './wire';
import { SESSION_NAME_MAX } from '../common/contract';

/** What is sent to create or change a runner. */
export interface RunnerBody {
  readonly description?: string;
  readonly runner_configuration: {
    readonly type: string;
    /** Runners of other types than `serverless-ecs` have none. */
    readonly auth?: { readonly role_arn: string; readonly session_name?: string };
    readonly job?: { readonly environment?: Record<string, string>; readonly [field: string]: unknown };
  };
  readonly state_storage_configuration: { readonly type: string; readonly bucket?: string; readonly path_prefix?: string };
}

/** The type of a runner on Amazon ECS. */
export const TYPE = 'serverless-ecs';

/**
 * The runner as the API wants it. Description and environment that neither the template nor its previous version gave stay as they are registered.
 *
 * @param previous the properties before an update
 */
export function runnerBody(properties: Omit<RunnerProperties, 'ServiceToken'>, registered?: RunnerBody, previous?: RunnerProperties): RunnerBody {
  const { Auth: auth, Job: job, StateStorage: state } = properties;
  const session = sessionName(properties);
  // The API keeps an absent description, and replaces the job with its environment as a whole.
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
        // CloudFormation delivers every boolean as a text, and "false" is a true text.
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

/** Without it, the orchestrator joins organization and runner. If that is longer than STS accepts, a hash keeps the shortened name unique. */
function sessionName(properties: Pick<RunnerProperties, 'OrgId' | 'RunnerId'>): string | undefined {
  const natural = `${properties.OrgId}-${properties.RunnerId}`;
  if (natural.length <= SESSION_NAME_MAX) {
    return undefined;
  }
  const hash = createHash('sha256').update(natural).digest('hex').slice(0, 8);
  return `${natural.slice(0, SESSION_NAME_MAX - hash.length - 1)}-${hash}`;
}
