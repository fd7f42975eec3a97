import { createHash } from 'crypto';
import { SESSION_NAME_MAX } from '../../common/contract';
import type { RunnerProperties } from '../wire';
import type { RunnerBody } from './client';

/** The type of a runner on Amazon ECS. */
export const TYPE = 'serverless-ecs';

/** The runner as the API wants it. */
export function runnerBody(properties: RunnerProperties): RunnerBody {
  const { Auth: auth, Job: job, StateStorage: state } = properties;
  const session = sessionName(properties);
  return {
    ...(properties.Description !== undefined ? { description: properties.Description } : {}),
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
        // CloudFormation hands every boolean over as a text, and "false" is a true text.
        is_public_ip_enabled: job.IsPublicIpEnabled === 'true',
        execution_role_arn: job.ExecutionRoleArn,
        task_role_arn: job.TaskRoleArn,
        ...(job.Image !== undefined ? { image: job.Image } : {}),
        environment: job.Environment ?? {},
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

/** Left out, it is organization and runner, which can be longer than STS takes; then it is shortened, and stays unique. */
function sessionName(properties: RunnerProperties): string | undefined {
  const natural = `${properties.OrgId}-${properties.RunnerId}`;
  if (natural.length <= SESSION_NAME_MAX) {
    return undefined;
  }
  const hash = createHash('sha256').update(natural).digest('hex').slice(0, 8);
  return `${natural.slice(0, SESSION_NAME_MAX - hash.length - 1)}-${hash}`;
}
