import { failureClassOf, SLOW_START, startedLate, Task } from '../../monitoring/failure-classes';
import { AwsError, list } from '../aws';
import { Check, Context, Finding, ok, problem } from '../check';

/** How far back failed tasks are of interest. */
const PERIOD_HOURS = 24;
/** A runner with more events has its newest ones on later pages. */
const MAX_PAGES = 50;

/** A stopped task. */
export interface StoppedTask extends Task {
  readonly taskArn: string;
  /** Milliseconds since 1970. */
  readonly stoppedAtMs: number;
}

export const TASKS: Check = {
  id: 'tasks',
  title: 'The last task: whether it started and succeeded, with the class of its failure',
  reads: ['logs:FilterLogEvents', 'ecs:ListTasks', 'ecs:DescribeTasks'],
  async run(context) {
    return [lastTask(await fromEventLog(context) ?? await fromEcs(context))];
  },
};

/** What the last task says. Older failures are over if a later task succeeded. */
export function lastTask(tasks: readonly StoppedTask[]): Finding {
  const newest = [...tasks].sort((one, other) => other.stoppedAtMs - one.stoppedAtMs);
  const [last] = newest;
  if (last === undefined) {
    return ok(`No task stopped in the last ${PERIOD_HOURS} hours.`);
  }
  const when = new Date(last.stoppedAtMs).toISOString();
  const id = last.taskArn.split('/').pop();
  const failure = failureClassOf(last) ?? (startedLate(last) ? SLOW_START : undefined);
  if (failure === undefined) {
    return ok(`The last task (${id}, stopped at ${when}) succeeded.`);
  }
  const firstSuccess = newest.findIndex((task) => failureClassOf(task) === undefined);
  const failed = firstSuccess < 0 ? newest.length : Math.max(1, firstSuccess);
  const reason = last.stoppedReason ? ` ECS said: ${last.stoppedReason.replace(/[.\s]*$/, '')}.` : '';
  return problem(`The last ${failed === 1 ? 'task' : `${failed} tasks`} failed; ${id} at ${when} (${failure.id}): ${failure.title}.${reason}`, failure.remedy);
}

/** The stopped tasks in the event log of the runner; undefined if it has none, as with `eventLogGroup`. */
async function fromEventLog({ aws, runner: { properties: { RunnerId: runnerId, Job: job } } }: Context): Promise<StoppedTask[] | undefined> {
  const tasks: StoppedTask[] = [];
  let nextToken: string | undefined;
  try {
    for (let page = 0; page < MAX_PAGES; page++) {
      const answer = await aws('logs', 'FilterLogEvents', {
        logGroupName: `/aws/ecs/${runnerId}`, startTime: since(), filterPattern: '{ $.detail.lastStatus = "STOPPED" }', nextToken,
      }, job.Region);
      tasks.push(...list(answer.events).flatMap(({ message }) => stoppedTask(message)));
      nextToken = answer.nextToken;
      if (!nextToken) {
        break;
      }
    }
    return tasks;
  } catch (error) {
    if (error instanceof AwsError && error.kind === 'not-found') {
      return undefined;
    }
    throw error;
  }
}

function stoppedTask(message: string): StoppedTask[] {
  try {
    const { detail } = JSON.parse(message);
    const stoppedAtMs = Date.parse(detail.stoppedAt ?? detail.updatedAt);
    return detail.lastStatus === 'STOPPED' && Number.isFinite(stoppedAtMs) ? [{ ...detail, stoppedAtMs }] : [];
  } catch {
    return [];
  }
}

/** ECS shows stopped tasks for at least an hour. On a shared cluster, the tag of the orchestrator tells whose they are. */
async function fromEcs({ aws, runner: { properties: { RunnerId: runnerId, Job: job } } }: Context): Promise<StoppedTask[]> {
  const { taskArns } = await aws('ecs', 'ListTasks', { cluster: job.Cluster, desiredStatus: 'STOPPED' }, job.Region);
  if (list(taskArns).length === 0) {
    return [];
  }
  const { tasks } = await aws('ecs', 'DescribeTasks', { cluster: job.Cluster, tasks: taskArns, include: ['TAGS'] }, job.Region);
  return list(tasks)
    .filter(({ tags }) => list(tags).every(({ key, value }) => !/RunnerId$/.test(key) || value === runnerId))
    .filter(({ lastStatus, stoppedAt }) => lastStatus === 'STOPPED' && stoppedAt * 1000 > since())
    .map((task) => ({ ...task, stoppedAtMs: task.stoppedAt * 1000 }));
}

function since(): number {
  return Date.now() - PERIOD_HOURS * 3_600_000;
}
