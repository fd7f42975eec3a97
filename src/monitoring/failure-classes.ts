/**
 * Why tasks fail, by what ECS says about a stopped task. Metrics, queries and events are made of this list, and programs without the CDK classify tasks with
 * it: the file imports nothing of the CDK.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
 */
import { all, any, applies, Condition, is, like, not } from './conditions';
import { TaskFailure } from './task-failure';

const ECS_GUIDE = 'https://docs.aws.amazon.com/AmazonECS/latest/developerguide';

/** The parts of a task that its class depends on, as ECS has them in its events and API. */
export interface Task {
  readonly lastStatus?: string;
  readonly stopCode?: string;
  readonly stoppedReason?: string;
  /** ISO 8601, a date, or seconds since 1970. */
  readonly createdAt?: string | Date | number;
  readonly startedAt?: string | Date | number;
  readonly containers?: readonly { readonly name?: string; readonly exitCode?: number; readonly reason?: string }[];
}

/** One reason for which tasks fail. */
export interface FailureClass {
  /** Name in programs and output. */
  readonly id: string;
  /** Name of the metric that counts such tasks. */
  readonly metricName: string;
  /** What happened, for people. */
  readonly title: string;
  /** What to do. */
  readonly remedy: string;
  /** Page of AWS that documents it. */
  readonly source: string;
  /** How to recognise a stopped task of the class. A failed task matches the condition of one class only. */
  readonly condition: Condition;
}

/** Name of the container in which the orchestrator runs OpenTofu. */
export const MAIN_CONTAINER = 'main';
/** Runtime Monitoring of Amazon GuardDuty adds a container to tasks, so the main container is the first or the second. */
const CONTAINERS = ['containers[0]', 'containers[1]'];

/** ECS could not start the task. */
export const FAILED_TO_START = is('stopCode', 'TaskFailedToStart');
const EXITED = is('stopCode', 'EssentialContainerExited');
const MAIN_SUCCEEDED = any(...CONTAINERS.map(container => all(is(`${container}.name`, MAIN_CONTAINER), is(`${container}.exitCode`, 0))));
/** The task is over. */
export const STOPPED = is('lastStatus', 'STOPPED');
/** The task is over, and OpenTofu did not end with exit code 0. */
export const FAILED = all(STOPPED, not(all(EXITED, MAIN_SUCCEEDED)));

const containing = (field: string, ...texts: string[]) => like(field, ...texts.map(text => `*${text}*`));
const reason = (...texts: string[]) => containing('stoppedReason', ...texts);

// What ECS was doing when it failed. The texts appear in the messages of current and earlier platform versions.
const PULLING_IMAGE = ['CannotPull', 'registry auth from', 'ecr registry auth'];
const READING_SECRET = ['from asm', 'from ssm', 'retrieve the secret'];
const CREATING_NETWORK_INTERFACE = ['etwork interface', 'etwork Interface', 'ecurity group', 'InternalError'];
const NO_CAPACITY = ['apacity is unavailable'];

// Why it failed.
const RATE_LIMIT = ['toomanyrequests', 'Too Many Requests', 'pull rate limit'];
const NO_IMAGE_PERMISSION = ['AccessDenied', 'permissions to pull', '403 Forbidden', 'access denied'];
const NO_SECRET_PERMISSION = ['AccessDenied', 'not authorized'];
const NO_ROUTE = ['network configuration', 'timeout', 'deadline exceeded', 'canceled'];

const OUT_OF_MEMORY = any(reason('OutOfMemory'), ...CONTAINERS.map(container => containing(`${container}.reason`, 'OutOfMemory')));
const STOPPED_BY_USER = is('stopCode', 'UserInitiated');
const MAINTENANCE = reason('performing maintenance');

/** The classes of failed tasks. Every failed task has one of them. */
export const FAILURE_CLASSES: readonly FailureClass[] = [
  {
    id: TaskFailure.IMAGE_NOT_FOUND,
    metricName: 'TasksFailedImageNotFound',
    title: 'The image of the runner was not found, or could not be used',
    remedy: 'Check that the repository and the tag or digest of `image` exist, and that the image is for the CPU architecture of the task (linux/amd64).',
    source: `${ECS_GUIDE}/task_cannot_pull_image.html`,
    condition: all(FAILED_TO_START, reason(...PULLING_IMAGE), not(reason(...RATE_LIMIT, ...NO_IMAGE_PERMISSION, ...NO_ROUTE))),
  },
  {
    id: TaskFailure.IMAGE_PERMISSION,
    metricName: 'TasksFailedImagePermission',
    title: 'The execution role may not pull the image of the runner',
    remedy: 'Create the image with `RunnerImage.fromEcrRepository()`, which grants the pull. For a repository of another account, allow the execution role in the policy of '
      + 'the repository. ECS also reports this if the image does not exist.',
    source: `${ECS_GUIDE}/task_cannot_pull_image.html`,
    condition: all(FAILED_TO_START, reason(...PULLING_IMAGE), reason(...NO_IMAGE_PERMISSION), not(reason(...RATE_LIMIT))),
  },
  {
    id: TaskFailure.IMAGE_ROUTE,
    metricName: 'TasksFailedImageRoute',
    title: 'The task could not reach the image registry',
    remedy: 'Give the subnets of the tasks a route to the registry (NAT gateway, or endpoints for ECR and S3), and let the security groups of the tasks send to port 443.',
    source: `${ECS_GUIDE}/verify-connectivity.html`,
    condition: all(FAILED_TO_START, reason(...PULLING_IMAGE), reason(...NO_ROUTE), not(reason(...RATE_LIMIT, ...NO_IMAGE_PERMISSION))),
  },
  {
    id: TaskFailure.IMAGE_RATE_LIMIT,
    metricName: 'TasksFailedImageRateLimit',
    title: 'The image registry limits the rate of pulls',
    remedy: 'Copy the image to a repository in Amazon ECR of your account, and use that repository as `image`.',
    source: `${ECS_GUIDE}/task_cannot_pull_image.html`,
    condition: all(FAILED_TO_START, reason(...PULLING_IMAGE), reason(...RATE_LIMIT)),
  },
  {
    id: TaskFailure.SECRET_MISSING,
    metricName: 'TasksFailedSecretMissing',
    title: 'A secret or parameter of the runner does not exist, or could not be used',
    remedy: 'Create or restore the secret or parameter that the reason names, or remove it from `secrets`. Secrets and the runner must be in the same region.',
    source: `${ECS_GUIDE}/resource-not-found-error.html`,
    condition: all(FAILED_TO_START, reason(...READING_SECRET), not(reason(...PULLING_IMAGE, ...NO_SECRET_PERMISSION, ...NO_ROUTE))),
  },
  {
    id: TaskFailure.SECRET_PERMISSION,
    metricName: 'TasksFailedSecretPermission',
    title: 'The execution role may not read a secret or parameter of the runner',
    remedy: 'Pass the secret in `secrets` of the runner, which grants the read. For an execution role of your own or a key of another account, add the permission that the reason '
      + 'names. Check also the policies of the secret and its key, and the permissions boundary.',
    source: `${ECS_GUIDE}/resource-initialization-error.html`,
    condition: all(FAILED_TO_START, reason(...READING_SECRET), reason(...NO_SECRET_PERMISSION), not(reason(...PULLING_IMAGE))),
  },
  {
    id: TaskFailure.SECRET_ROUTE,
    metricName: 'TasksFailedSecretRoute',
    title: 'The task could not reach Secrets Manager or Systems Manager',
    remedy: 'Give the subnets of the tasks a route to the service (NAT gateway, or an interface endpoint with private DNS), and let the security groups of the tasks send to port 443.',
    source: `${ECS_GUIDE}/verify-connectivity.html`,
    condition: all(FAILED_TO_START, reason(...READING_SECRET), reason(...NO_ROUTE), not(reason(...PULLING_IMAGE, ...NO_SECRET_PERMISSION))),
  },
  {
    id: TaskFailure.NETWORK_INTERFACE,
    metricName: 'TasksFailedNetworkInterface',
    title: 'The task got no network interface',
    remedy: 'Check that the subnets and security groups of the runner exist and belong to the same VPC, and that the subnets have free IP addresses. Then deploy again.',
    source: `${ECS_GUIDE}/failed-to-start-error.html`,
    condition: all(FAILED_TO_START, reason(...CREATING_NETWORK_INTERFACE), not(reason(...PULLING_IMAGE, ...READING_SECRET))),
  },
  {
    id: TaskFailure.CAPACITY,
    metricName: 'TasksFailedCapacity',
    title: 'AWS Fargate had no capacity',
    remedy: 'Deploy again later. Use subnets in several Availability Zones.',
    source: 'https://repost.aws/knowledge-center/ecs-fargate-runtask-capacity',
    condition: all(FAILED_TO_START, reason(...NO_CAPACITY), not(reason(...PULLING_IMAGE, ...READING_SECRET, ...CREATING_NETWORK_INTERFACE))),
  },
  {
    id: TaskFailure.START,
    metricName: 'TasksFailedOtherStart',
    title: 'ECS could not start the task',
    remedy: 'Read the reason of ECS, and look it up on the page of AWS about stopped tasks.',
    source: `${ECS_GUIDE}/stopped-task-error-codes.html`,
    condition: all(FAILED_TO_START, not(reason(...PULLING_IMAGE, ...READING_SECRET, ...CREATING_NETWORK_INTERFACE, ...NO_CAPACITY))),
  },
  {
    id: TaskFailure.OUT_OF_MEMORY,
    metricName: 'TasksFailedOutOfMemory',
    title: 'OpenTofu used more memory than the task has',
    remedy: 'The orchestrator sets the memory of the task, and a runner cannot change it: split the module, or deploy fewer resources at once.',
    source: `${ECS_GUIDE}/out-of-memory.html`,
    condition: all(EXITED, not(MAIN_SUCCEEDED), OUT_OF_MEMORY),
  },
  {
    id: TaskFailure.EXIT_CODE,
    metricName: 'TasksFailedExitCode',
    title: 'OpenTofu ended with an error',
    remedy: 'Read the log of the deployment at the orchestrator. For an error of AWS permissions, grant the permission to the runner. For a timeout, connect the runner with the target.',
    source: `${ECS_GUIDE}/stopped-task-errors.html`,
    condition: all(EXITED, not(MAIN_SUCCEEDED), not(OUT_OF_MEMORY)),
  },
  {
    id: TaskFailure.USER,
    metricName: 'TasksFailedUser',
    title: 'A user or program stopped the task',
    remedy: 'Find who called StopTask in AWS CloudTrail. If OpenTofu was applying, check the state before the next deployment, because the orchestrator does not know what was done.',
    source: `${ECS_GUIDE}/ecs_task_events.html`,
    condition: all(STOPPED_BY_USER, not(MAINTENANCE)),
  },
  {
    id: TaskFailure.PLATFORM,
    metricName: 'TasksFailedPlatform',
    title: 'AWS stopped the task, for example for maintenance',
    remedy: 'Deploy again. If OpenTofu was applying, check the state first.',
    source: `${ECS_GUIDE}/task-maintenance.html`,
    condition: any(all(STOPPED_BY_USER, MAINTENANCE), not(is('stopCode', 'TaskFailedToStart', 'EssentialContainerExited', 'UserInitiated'))),
  },
];

/** The orchestrator gives up on a task that has not started after this time. */
export const START_LIMIT_SECONDS = 120;

/**
 * A task that ECS started, but too late for the orchestrator. No metric counts these tasks: a filter pattern cannot subtract timestamps.
 */
export const SLOW_START: Omit<FailureClass, 'metricName' | 'condition'> = {
  id: 'slow-start',
  title: `The task started after more than ${START_LIMIT_SECONDS / 60} minutes`,
  remedy: 'Use a smaller image, or a registry in the region of the runner. Check that the subnets have free IP addresses.',
  source: `${ECS_GUIDE}/ecs_task_events.html`,
};

/** The class of a stopped task; undefined if it succeeded or is not stopped yet. */
export function failureClassOf(task: Task): FailureClass | undefined {
  return applies(FAILED, task) ? FAILURE_CLASSES.find(({ condition }) => applies(condition, task)) : undefined;
}

/** Whether ECS needed more time to start the task than the orchestrator allows; false if it is not known. */
export function startedLate({ createdAt, startedAt }: Task): boolean {
  return createdAt !== undefined && startedAt !== undefined && milliseconds(startedAt) - milliseconds(createdAt) > START_LIMIT_SECONDS * 1000;
}

function milliseconds(time: string | Date | number): number {
  return typeof time === 'number' ? time * 1000 : new Date(time).getTime();
}
