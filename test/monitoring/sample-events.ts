/** Task state change events in the format of ECS. @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html */
import type { Task } from '../../src/monitoring/failure-classes';

export interface TaskEvent {
  readonly 'source': string;
  readonly 'detail-type': string;
  readonly 'region': string;
  readonly 'account': string;
  readonly 'time': string;
  readonly 'detail': Task & { readonly clusterArn: string; readonly group: string; readonly taskArn: string; readonly desiredStatus: string };
}

export interface SampleFailure {
  readonly classId: string;
  /** Where the message is documented or was reported. */
  readonly source: string;
  readonly detail: Task;
}

export const CLUSTER_ARN = 'arn:aws:ecs:us-east-1:111122223333:cluster/runner';
export const FAMILY = 'humanitec_2f7e6f5e-6d0c-4a52-a5f8-4b6d3a9d2f11';
const TASK_ID = 'c13b4cb40f1f4fe4a2971f76ae5a47ad';

/** The documented event with the given changes. */
export function taskEvent(detail: Task, { clusterArn = CLUSTER_ARN, family = FAMILY } = {}): TaskEvent {
  const lastStatus = detail.lastStatus ?? 'STOPPED';
  return {
    'source': 'aws.ecs',
    'detail-type': 'ECS Task State Change',
    'region': 'us-east-1',
    'account': '111122223333',
    'time': '2026-01-23T17:57:58Z',
    'detail': {
      clusterArn,
      group: `family:${family}`,
      taskArn: `arn:aws:ecs:us-east-1:111122223333:task/${clusterArn.split('/')[1]}/${TASK_ID}`,
      createdAt: '2026-01-23T17:57:34.402Z',
      desiredStatus: lastStatus === 'STOPPED' ? 'STOPPED' : 'RUNNING',
      containers: [{ name: 'main' }],
      ...detail,
      lastStatus,
    },
  };
}

const GUIDE = 'https://docs.aws.amazon.com/AmazonECS/latest/developerguide';
const IMAGE = `${GUIDE}/task_cannot_pull_image.html`;
const SECRET = `${GUIDE}/resource-initialization-error.html`;
const REGISTRY = '111122223333.dkr.ecr.us-east-1.amazonaws.com';
const SECRET_ARN = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:database-AbCdEf';
const ROLE = 'arn:aws:sts::111122223333:assumed-role/execution/c13b4cb40f1f4fe4a2971f76ae5a47ad';
const PULL = 'ResourceInitializationError: unable to pull secrets or registry auth:';

function notStarted(classId: string, source: string, stoppedReason: string): SampleFailure {
  return { classId, source, detail: { stopCode: 'TaskFailedToStart', stoppedReason } };
}

function exited(classId: string, source: string, container: { exitCode?: number; reason?: string }, stoppedReason = 'Essential container in task exited'): SampleFailure {
  return { classId, source, detail: { stopCode: 'EssentialContainerExited', stoppedReason, containers: [{ name: 'main', ...container }] } };
}

export const SAMPLE_FAILURES: readonly SampleFailure[] = [
  notStarted('image-not-found', 'https://github.com/awsdocs/amazon-ecs-developer-guide/blob/master/doc_source/task_cannot_pull_image.md',
    `CannotPullContainerError: API error (404): repository ${REGISTRY}/runner not found`),
  notStarted('image-not-found', IMAGE, `CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref ${REGISTRY}/runner:v9: not found`),
  notStarted('image-permission', IMAGE, 'CannotPullContainerError: The task can’t pull the image. Check that the role has the permissions to pull images from the registry.'),
  notStarted('image-permission', IMAGE, 'CannotPullContainerError: pull access denied for runner, repository does not exist or may require authorization'),
  notStarted('image-permission', IMAGE, `${PULL} execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 1 time(s): `
    + `AccessDeniedException: User: ${ROLE} is not authorized to perform: ecr:GetAuthorizationToken on resource: *`),
  notStarted('image-route', IMAGE, `CannotPullContainerError: The task cannot pull ${REGISTRY}/runner:v3 from the Amazon ECR repository ${REGISTRY}/runner. `
    + 'There is a connection issue between the task and Amazon ECR. Check your task network configuration.'),
  notStarted('image-route', IMAGE, `CannotPullContainerError: API error (500): Get https://${REGISTRY}/v2/: net/http: request canceled while waiting for connection`),
  notStarted('image-route', IMAGE, `${PULL} The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. `
    + 'Check your task network configuration. RequestError: send request failed caused by: Post "https://api.ecr.us-east-1.amazonaws.com/": dial tcp 10.0.3.4:443: i/o timeout'),
  notStarted('image-rate-limit', IMAGE, 'CannotPullContainerError: inspect image has been retried 5 time(s): ERROR: toomanyrequests: Too Many Requests.'),
  notStarted('image-rate-limit', IMAGE, 'CannotPullContainerError: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading.'),
  notStarted('secret-missing', `${GUIDE}/resource-not-found-error.html`,
    `ResourceNotFoundException: The task can't retrieve the secret with ARN '${SECRET_ARN}' from AWS Secrets Manager. Check whether the secret exists in the specified Region.`),
  notStarted('secret-missing', SECRET, `${PULL} execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): `
    + `failed to fetch secret ${SECRET_ARN} from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret.`),
  notStarted('secret-missing', SECRET, `${PULL} execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): `
    + 'invalid ssm parameters: /platform/git-ssh-keys'),
  notStarted('secret-permission', SECRET, `${PULL} execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): `
    + `failed to fetch secret ${SECRET_ARN} from secrets manager: AccessDeniedException: User: ${ROLE} is not authorized to perform: secretsmanager:GetSecretValue on resource: ${SECRET_ARN}`),
  notStarted('secret-permission', SECRET, `${PULL} execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): `
    + `AccessDeniedException: User: ${ROLE} is not authorized to perform: ssm:GetParameters on resource: arn:aws:ssm:us-east-1:111122223333:parameter/platform/git-ssh-keys`),
  notStarted('secret-route', SECRET, `${PULL} unable to retrieve secret from asm: There is a connection issue between the task and AWS Secrets Manager. `
    + `Check your task network configuration. failed to fetch secret ${SECRET_ARN} from secrets manager: RequestCanceled: request context canceled caused by: context deadline exceeded`),
  notStarted('secret-route', SECRET, `${PULL} unable to retrieve secrets from ssm: The task cannot pull secrets from AWS Systems Manager. `
    + 'There is a connection issue between the task and AWS Systems Manager Parameter Store. Check your task network configuration.'),
  notStarted('network-interface', `${GUIDE}/failed-to-start-error.html`,
    "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in subnet 'subnet-abcd1234': InsufficientFreeAddressesInSubnet"),
  notStarted('network-interface', 'https://repost.aws/knowledge-center/ecs-task-stopped', 'Timeout waiting for network interface provisioning to complete.'),
  notStarted('network-interface', `${GUIDE}/failed-to-start-error.html`, 'InternalError: failed to create a network connection'),
  notStarted('capacity', 'https://repost.aws/knowledge-center/ecs-fargate-runtask-capacity',
    'Capacity is unavailable at this time. Please try again later or in a different availability zone'),
  notStarted('start', `${GUIDE}/cannot-start-container.html`, 'CannotStartContainerError: failed to get container status: no such container'),
  exited('out-of-memory', `${GUIDE}/out-of-memory.html`, { exitCode: 137, reason: 'OutOfMemoryError: container killed due to memory usage' }),
  exited('out-of-memory', `${GUIDE}/out-of-memory.html`, { exitCode: 137 }, 'OutOfMemoryError: container killed due to memory usage'),
  exited('exit-code', `${GUIDE}/stopped-task-errors.html`, { exitCode: 1 }),
  exited('exit-code', `${GUIDE}/stopped-task-errors.html`, {}),
  { classId: 'user', source: `${GUIDE}/ecs_task_events.html`, detail: { stopCode: 'UserInitiated', stoppedReason: 'Task stopped by user', containers: [{ name: 'main', exitCode: 143 }] } },
  {
    classId: 'platform',
    source: `${GUIDE}/task-maintenance.html`,
    detail: { stopCode: 'UserInitiated', stoppedReason: 'ECS is performing maintenance on the underlying infrastructure hosting the task' },
  },
  { classId: 'platform', source: 'https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html', detail: { stopCode: 'InfrastructureHealth', stoppedReason: 'Host is unhealthy' } },
];

/** A successful deployment, and one with a GuardDuty container that was killed when the task ended. */
export const SAMPLE_SUCCESSES: readonly Task[] = [
  exited('', '', { exitCode: 0 }).detail,
  {
    stopCode: 'EssentialContainerExited',
    stoppedReason: 'Essential container in task exited',
    containers: [{ name: 'aws-guardduty-agent-9kmzKyK', exitCode: 137, reason: 'OutOfMemoryError: container killed due to memory usage' }, { name: 'main', exitCode: 0 }],
  },
];
