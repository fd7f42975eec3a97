/** The credentials that ECS provides to the containers of a task. */
import { strict as assert } from 'node:assert';
import { StopTaskCommand } from '@aws-sdk/client-ecs';
import { UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { createCluster, registerTask, runTask } from './task-support';
import { policy, until, type Rule } from './world';

export const taskCredentials: Rule[] = [
  {
    name: 'only a running task with a role that trusts ECS tasks gets credentials',
    async check(world) {
      const cluster = await createCluster(world);
      const credentials = async (taskArn: string) => {
        const response = await fetch(`${world.emulator.url}/_local/task-credentials/${world.account}/${world.region}/${taskArn.split(':task/')[1]}`);
        return { status: response.status, answer: await response.json() as Record<string, string> };
      };
      const refused = async (taskArn: string) => {
        const { status, answer } = await credentials(taskArn);
        return `${status} ${answer.message}`;
      };
      const role = await world.role();
      const { taskArn } = await runTask(world, await registerTask(world, { taskRole: role.arn }), cluster);
      await until(async () => (await credentials(taskArn!)).status === 200);
      const { answer } = await credentials(taskArn!);
      const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken } = answer as Record<string, string>;
      const sts = new STSClient({ ...world.settings, credentials: { accessKeyId: accessKeyId!, secretAccessKey: secretAccessKey!, sessionToken } });
      const { Arn } = await sts.send(new GetCallerIdentityCommand({})).finally(() => sts.destroy());
      assert.equal(Arn, `arn:aws:sts::${world.account}:assumed-role/${role.name}/${taskArn!.split('/').pop()}`);

      assert.equal(await refused(`${taskArn!.slice(0, -4)}none`), '404 no such task is running');
      const PolicyDocument = policy({ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' });
      await world.iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: role.name, PolicyDocument }));
      assert.match(await refused(taskArn!), /^403 .* does not trust ecs-tasks\.amazonaws\.com/);
      await world.ecs.send(new StopTaskCommand({ cluster, task: taskArn }));
      await until(async () => await refused(taskArn!) === '404 no such task is running');

      const plain = await runTask(world, await registerTask(world), cluster);
      await until(async () => await refused(plain.taskArn!) === '404 the task has no role');
    },
  },
];
