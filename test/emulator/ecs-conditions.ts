/** Condition keys of ECS, and settings of the emulator. */
import { strict as assert } from 'node:assert';
import { ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { createCluster, registerTask, taskRequest } from './task-support';
import { allow, refusal, type Rule, type Statement, type World } from './world';

/** The error name of a call with a role that has these statements. Undefined if the call is allowed. */
async function denialOf(world: World, statements: Statement[], call: (ecs: ECSClient) => Promise<unknown>): Promise<string | undefined> {
  const ecs = new ECSClient(await world.as(await world.role(...statements)));
  return call(ecs).then(() => undefined, (error: Error) => error.name).finally(() => ecs.destroy());
}

export const ecsConditions: Rule[] = [
  {
    name: 'a privileged container denies RegisterTaskDefinition if the policy excludes ecs:privileged',
    async check(world) {
      const statements = [allow('ecs:RegisterTaskDefinition', '*', { StringNotEquals: { 'ecs:privileged': 'true' } })];
      const register = (privileged?: boolean) => async (ecs: ECSClient) => ecs.send(new RegisterTaskDefinitionCommand({
        family: world.name('family'), containerDefinitions: [{ name: 'main', image: 'x', memory: 128, privileged }],
      }));
      assert.equal(await denialOf(world, statements, register()), undefined);
      assert.equal(await denialOf(world, statements, register(true)), 'AccessDeniedException');
    },
  },
  {
    name: 'ECS Exec denies RunTask if the policy excludes ecs:enable-execute-command',
    async check(world) {
      const [cluster, definition] = [await createCluster(world), await registerTask(world)];
      const statements = [allow('ecs:RunTask', '*', { StringNotEquals: { 'ecs:enable-execute-command': 'true' } })];
      const run = (enableExecuteCommand?: boolean) => async (ecs: ECSClient) => ecs.send(await taskRequest(world, definition, cluster, { enableExecuteCommand }));
      assert.equal(await denialOf(world, statements, run()), undefined);
      assert.equal(await denialOf(world, statements, run(true)), 'AccessDeniedException');
    },
  },
  {
    name: 'the denial of an ECS call names the missing action and resource, and an unknown access key is rejected',
    async check(world) {
      const taskRole = await world.role();
      const definition = await registerTask(world, { taskRole: taskRole.arn });
      const cluster = await createCluster(world);
      const request = await taskRequest(world, definition, cluster);
      const caller = new ECSClient(await world.as(await world.role(allow('ecs:RunTask', '*'))));
      const { name, message } = await refusal(async () => caller.send(request)).finally(() => caller.destroy());
      assert.equal(name, 'AccessDeniedException');
      assert.match(message, new RegExp(`not authorized to perform: iam:PassRole on resource: ${taskRole.arn}$`));
      const unknown = new ECSClient({ ...world.settings, credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x' } });
      assert.match((await refusal(async () => unknown.send(request)).finally(() => unknown.destroy())).name, /^(UnrecognizedClient|InvalidClientTokenId)/);
    },
  },
  {
    name: 'an update cannot give a log group the name of another log group',
    async check(world) {
      const [first, second] = [world.name('/group'), world.name('/group')];
      const group = (LogGroupName: string) => ({ Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName } });
      await world.stack({ Group: group(first) });
      const { name } = await world.stack({ Group: group(second) });
      assert.match(await world.failingUpdate(name, { Group: group(first) }), /already exists/);
    },
  },
  {
    name: 'the emulator rejects unknown settings and values of wrong types',
    async check({ emulator }) {
      const set = (settings: object) => refusal(async () => emulator.setBehaviour(settings as Parameters<typeof emulator.setBehaviour>[0]));
      assert.match((await set({ policyDelay: 5 })).message, /unknown setting 'policyDelay': expected one of .*policyDelayMs/);
      assert.match((await set({ policyDelayMs: '5' })).message, /setting 'policyDelayMs' has the wrong type: '5'/);
    },
  },
];
