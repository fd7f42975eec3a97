import { Aws, AwsError, list } from '../aws';
import { Check, Finding, notRead, ok, problem } from '../check';

const ROLE = 'AWSServiceRoleForECS';
const CREATE_ROLE = 'Run `aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com`.';

export const CLUSTER: Check = {
  id: 'cluster',
  title: 'The ECS cluster, and the service-linked role of ECS',
  reads: ['ecs:DescribeClusters', 'iam:ListRoles'],
  async run({ aws, runner }) {
    const { Cluster: cluster, Region: region } = runner.properties.Job;
    const { clusters } = await aws('ecs', 'DescribeClusters', { clusters: [cluster] }, region);
    const state = clusterState(cluster, list(clusters)[0]?.status);
    return state.result === 'ok' ? [state, await serviceLinkedRole(aws)] : [state];
  },
};

export function clusterState(name: string, status?: string): Finding {
  switch (status) {
    case 'ACTIVE': return ok(`The cluster '${name}' is ACTIVE.`);
    case undefined:
    case 'INACTIVE': return problem(`The cluster '${name}' does not exist: no task can start.`,
      `Create it again: aws ecs create-cluster --cluster-name ${name}. Its settings, such as Container Insights, are those of a new cluster. Or give another one as \`cluster\` and deploy again.`);
    default: return problem(`The cluster '${name}' is ${status}: expected ACTIVE.`, 'Wait until it is ACTIVE. If it is FAILED, delete it and create it again.');
  }
}

/** ECS creates the role with the first cluster of an account, so that a missing one was deleted. */
async function serviceLinkedRole(aws: Aws): Promise<Finding> {
  try {
    const { Roles } = await aws('iam', 'ListRoles', { PathPrefix: '/aws-service-role/ecs.amazonaws.com/' });
    return list(Roles).length > 0 ? ok(`The service-linked role ${ROLE} exists.`)
      : problem(`The service-linked role ${ROLE} does not exist: ECS cannot attach network interfaces to tasks.`, CREATE_ROLE);
  } catch (error) {
    if (error instanceof AwsError) {
      return notRead(error);
    }
    throw error;
  }
}
