import type { Aws } from './aws';
import { AwsError, list, SettingsError } from './aws';
import { notRead } from './check';
import { reportErrors, Terminal, userAws } from './main';
import { Options, parseOptions } from './options';
import { printable } from './output';
import { DeployedRunner, nameOf, runnersOf } from './runner';
import { readStack } from './stack';

/** The inline policy that denies everything. The doctor and SECURITY.md use this name, too. */
export const CUT_OFF_POLICY = 'CutOff';
const DENY_ALL = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }] });
/** The orchestrator tags each task with the runner's id. */
const RUNNER_TAG = 'PlatformOrchestratorRunnerId';

export const CUT_OFF_HELP = `cdk-humanitec-ecs-runner doctor cut-off --stack NAME [OPTIONS]
cdk-humanitec-ecs-runner doctor let-in --stack NAME [OPTIONS]

cut-off denies all requests of the orchestrator and of running deployments, and then stops the running tasks of the runner: it attaches the inline policy
${CUT_OFF_POLICY} to the task manager role and to the task role. let-in deletes this policy again.

  --stack NAME      the stack that contains the runner
  --runner RUNNER   the construct's id or path, or the runner's id; without it, all runners of the stack
  --region REGION   the region of the stack (default: your AWS settings)
  --profile NAME    the profile of the aws command (default: your AWS settings)
  --yes             do not ask

It needs iam:PutRolePolicy or iam:DeleteRolePolicy, ecs:ListTasks, ecs:DescribeTasks and ecs:StopTask, and what the check \`stack\` reads. The exit code is 0 if it is done, 1 if you did
not confirm, and 2 if it failed.
`;

interface Target {
  readonly aws: Aws;
  readonly stackName: string;
  readonly runners: readonly DeployedRunner[];
  /** Names of the roles, without those of other runners. */
  readonly roles: readonly string[];
}

/** Denies everything to the roles of a runner, and stops its tasks. Returns the exit code. */
export async function cutOff(args: readonly string[], terminal: Terminal): Promise<number> {
  return change(args, terminal, async (target, options) => {
    terminal.print(`This denies everything to the roles ${target.roles.join(' and ')}, and stops the running tasks of ${target.runners.map(nameOf).join(', ')}.\n`
      + 'A task that is stopped in the middle of an apply can leave resources that are not in the state.\n'
      + `Run \`doctor let-in\` before you delete the stack: CloudFormation cannot delete a role that has the policy ${CUT_OFF_POLICY}.\n`);
    if (!await isConfirmed(target, options, terminal)) {
      return false;
    }
    for (const role of target.roles) {
      await target.aws('iam', 'PutRolePolicy', { RoleName: role, PolicyName: CUT_OFF_POLICY, PolicyDocument: DENY_ALL });
      terminal.print(`The role ${printable(role)} is denied everything.\n`);
    }
    // After the policies, so that the orchestrator starts no other task.
    for (const runner of target.runners) {
      terminal.print(`Stopped ${await stopTasks(target.aws, runner)} tasks of ${printable(nameOf(runner))}.\n`);
    }
    terminal.print('IAM needs some seconds until a policy has an effect everywhere. Run the command again to stop a task that started meanwhile. Then revoke the API token.\n');
    return true;
  });
}

/** Deletes what `cutOff` attached. Returns the exit code. */
export async function letIn(args: readonly string[], terminal: Terminal): Promise<number> {
  return change(args, terminal, async (target, options) => {
    terminal.print(`This lets the orchestrator run deployments with the roles ${target.roles.join(' and ')} again.\n`);
    if (!await isConfirmed(target, options, terminal)) {
      return false;
    }
    for (const role of target.roles) {
      const wasCutOff = await target.aws('iam', 'DeleteRolePolicy', { RoleName: role, PolicyName: CUT_OFF_POLICY }).then(() => true, (error: unknown) => {
        if (error instanceof AwsError && error.kind === 'not-found') {
          return false;
        }
        throw error;
      });
      terminal.print(wasCutOff ? `The role ${printable(role)} has its permissions again.\n` : `The role ${printable(role)} has no policy ${CUT_OFF_POLICY}.\n`);
    }
    return true;
  });
}

async function change(args: readonly string[], terminal: Terminal, run: (target: Target, options: Options) => Promise<boolean>): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    terminal.print(CUT_OFF_HELP);
    return 0;
  }
  return reportErrors(terminal, async () => {
    const options = parseOptions(args, true);
    const { aws, region } = await userAws(options);
    const stack = await readStack(aws, options.stack, region);
    const runners = runnersOf(stack, options.runner);
    const roles = [...new Set(runners.flatMap(({ properties: { Auth, Job } }) => [Auth.RoleArn, Job.TaskRoleArn]).map(roleName))];
    try {
      return await run({ aws, stackName: stack.name, runners, roles }, options) ? 0 : 1;
    } catch (error) {
      if (error instanceof AwsError) {
        const { found, remedy } = notRead(error);
        throw new SettingsError(`Not everything was done: ${found} ${remedy} Then run the command again.`);
      }
      throw error;
    }
  });
}

async function isConfirmed({ stackName }: Target, { yes }: Options, { ask, printError }: Terminal): Promise<boolean> {
  if (yes) {
    return true;
  }
  if (!ask) {
    throw new SettingsError('Nobody can confirm the change, because the input is no terminal: run the command in a terminal, or add --yes.');
  }
  if ((await ask(`Type the name of the stack to continue (${stackName}): `)).trim() === stackName) {
    return true;
  }
  printError('Nothing was changed.\n');
  return false;
}

/** Stops the running tasks of the runner: others of a shared cluster have another tag. */
async function stopTasks(aws: Aws, { properties: { RunnerId: runnerId, Job: { Cluster: cluster, Region: region } } }: DeployedRunner): Promise<number> {
  const running: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await aws('ecs', 'ListTasks', { cluster, desiredStatus: 'RUNNING', nextToken }, region);
    const arns = list(page.taskArns);
    // A page has at most as many tasks as DescribeTasks accepts.
    const { tasks } = arns.length === 0 ? { tasks: [] } : await aws('ecs', 'DescribeTasks', { cluster, tasks: arns, include: ['TAGS'] }, region);
    const own = list(tasks).filter(({ tags }) => list(tags).some(({ key, value }) => key === RUNNER_TAG && value === runnerId));
    running.push(...own.map(({ taskArn }) => String(taskArn)));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  for (const task of running) {
    await aws('ecs', 'StopTask', { cluster, task, reason: 'runner cut off' }, region);
  }
  return running.length;
}

function roleName(arn: string): string {
  return arn.split('/').pop()!;
}
