/** `doctor cut-off` and `doctor let-in` for a deployed runner with a running task. */
import { randomUUID } from 'node:crypto';
import { STACK } from '../../local/try/cdk';
import { dataPlaneOf } from '../../local/try/deployments';
import { complaints, diagnose, run, type World } from '../../local/try/faults/world';
import type { Report } from '../../local/try/report';
import { main } from '../../src/cli';

export async function checkCutOff(world: World, report: Report): Promise<void> {
  const { aws, runner: { properties: { RunnerId: runnerId, Auth, Job } } } = world;
  const dataPlane = dataPlaneOf(world.trial, await world.trial.registered(runnerId));
  const { taskArn, taskDefinition } = await dataPlane.start({ environmentUuid: randomUUID(), deploymentId: randomUUID(), projectId: 'shop', envId: 'cut-off' });
  // A task of another runner in the same cluster.
  const { tasks: [{ taskArn: otherTask }] } = await aws('ecs', 'RunTask', {
    cluster: Job.Cluster,
    taskDefinition,
    launchType: 'FARGATE',
    tags: [{ key: 'PlatformOrchestratorRunnerId', value: 'other-runner' }],
    networkConfiguration: { awsvpcConfiguration: { subnets: Job.Subnets, securityGroups: Job.SecurityGroups } },
  });
  const roles = [Auth.RoleArn, Job.TaskRoleArn].map((arn) => arn.split('/').pop()!);
  const policies = async () => (await Promise.all(roles.map(async (RoleName) => (await aws('iam', 'ListRolePolicies', { RoleName })).PolicyNames as string[])))
    .flat().filter((name) => name === 'CutOff').length;
  const stateOf = async (arn: string) => {
    const { tasks: [task] } = await aws('ecs', 'DescribeTasks', { cluster: Job.Cluster, tasks: [arn] });
    return `${task.desiredStatus}: ${task.stoppedReason}`;
  };

  const unconfirmed = await run('doctor', 'cut-off', '--stack', STACK);
  report.add('cut-off without a confirmation', 'exit code 2, --yes', `exit code ${unconfirmed.code}, ${unconfirmed.errors}`, unconfirmed.code === 2 && /--yes/.test(unconfirmed.errors));
  report.add('policies CutOff without a confirmation', 0, await policies());

  let asked = '';
  const refused = await main(['doctor', 'cut-off', '--stack', STACK], {
    print: () => undefined, printError: () => undefined, isColoured: false, ask: async (question) => { asked = question; return 'no'; },
  });
  report.add('cut-off with another answer than the name of the stack', `asks for ${STACK}, exit code 1`, `${asked}, exit code ${refused}`, asked.includes(STACK) && refused === 1);
  report.add('policies CutOff after another answer', 0, await policies());

  const cutOff = await run('doctor', 'cut-off', '--stack', STACK, '--yes');
  report.add('exit code of cut-off', 0, cutOff.code);
  const warnings = [/middle of an apply/, /before you delete the stack/, /Stopped 1 tasks/];
  report.add('cut-off warns about interrupted deployments, and names the steps before a deletion', warnings.map(String), cutOff.output, warnings.every((text) => text.test(cutOff.output)));
  report.add('policies CutOff', 2, await policies());
  report.add('the running task', 'STOPPED: runner cut off', await stateOf(taskArn));
  report.add('the running task of another runner', 'RUNNING', (await stateOf(otherTask)).split(':')[0]!);
  const problems = (await diagnose()).checks.filter(({ result }) => result === 'problem').map(({ id }) => id);
  report.add('problems while the runner is cut off', 'task-manager-role, task-role, tasks', problems.join(', '));

  const letIn = await run('doctor', 'let-in', '--stack', STACK, '--yes');
  report.add('exit code of let-in', 0, letIn.code);
  report.add('policies CutOff after let-in', 0, await policies());
  report.add('checks that are not ok after let-in', ['tasks'], complaints(await diagnose()).map((text) => text.split(' ')[0]!));
  const again = await run('doctor', 'let-in', '--stack', STACK, '--yes');
  report.add('let-in without a cut-off', 'exit code 0, no policy', `exit code ${again.code}, ${again.output}`, again.code === 0 && /has no policy CutOff/.test(again.output));
}
