/** CPU and memory of task definitions, and their condition keys. */
import { strict as assert } from 'node:assert';
import { ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { allow, deny, refusal, type Rule, type Statement, type World } from './world';

const REGISTER = allow('ecs:RegisterTaskDefinition', '*');

/** Whether a role with these statements can register a task definition of this size. */
async function registers(world: World, cpu: string, memory: string, ...statements: Statement[]): Promise<boolean> {
  const ecs = new ECSClient(await world.as(await world.role(...statements)));
  try {
    await ecs.send(definition(world, cpu, memory));
    return true;
  } catch (error) {
    assert.equal((error as Error).name, 'AccessDeniedException', String(error));
    return false;
  } finally {
    ecs.destroy();
  }
}

function definition(world: World, cpu: string, memory: string, networkMode: 'awsvpc' | 'bridge' = 'awsvpc'): RegisterTaskDefinitionCommand {
  return new RegisterTaskDefinitionCommand({
    family: world.name('family'), cpu, memory, networkMode, requiresCompatibilities: ['FARGATE'], containerDefinitions: [{ name: 'main', image: 'x' }],
  });
}

const allowUpTo = (cpu: string) => allow('ecs:RegisterTaskDefinition', '*', { NumericLessThanEquals: { 'ecs:task-cpu': cpu } });
const denyOver = (cpu: string) => deny('ecs:RegisterTaskDefinition', '*', { NumericGreaterThan: { 'ecs:task-cpu': cpu } });

export const taskSizes: Rule[] = [
  {
    name: 'a numeric condition compares the sizes of a task definition as integers',
    async check(world) {
      assert.equal(await registers(world, '512', '1024', allowUpTo('512')), true);
      assert.equal(await registers(world, '1024', '2048', allowUpTo('512')), false);
      assert.equal(await registers(world, '1024', '2048', REGISTER, denyOver('512')), false);
      assert.equal(await registers(world, '512', '1024', REGISTER, denyOver('512')), true);
    },
  },
  {
    name: 'sizes such as ".5 vCPU" match no numeric condition, in an Allow or in a Deny',
    async check(world) {
      assert.equal(await registers(world, '.5 vCPU', '1 GB', allowUpTo('512')), false);
      assert.equal(await registers(world, '1 vCPU', '2 GB', REGISTER, denyOver('512')), true);
    },
  },
  {
    name: 'sizes such as ".5 vCPU" are integers in conditions if the emulator is configured accordingly',
    async check(world) {
      await world.emulator.setBehaviour({ taskSizesAsIntegers: true });
      try {
        assert.equal(await registers(world, '.5 vCPU', '1 GB', allowUpTo('512')), true);
        assert.equal(await registers(world, '1 vCPU', '2 GB', REGISTER, denyOver('512')), false);
        assert.equal(await registers(world, '.5 vCPU', '1 GB', REGISTER, denyOver('512')), true);
      } finally {
        await world.emulator.setBehaviour({ taskSizesAsIntegers: false });
      }
    },
  },
  {
    name: 'a task definition keeps its sizes as CPU units and MiB',
    async check(world) {
      const { taskDefinition } = await world.ecs.send(definition(world, '.5 vCPU', '1 GB'));
      assert.deepEqual([taskDefinition!.cpu, taskDefinition!.memory], ['512', '1024']);
    },
  },
  {
    name: 'a task definition for Fargate needs sizes that Fargate supports, and the network mode awsvpc',
    async check(world) {
      const sizes = await refusal(async () => world.ecs.send(definition(world, '.5 vCPU', '512')));
      assert.match(sizes.message, /^No Fargate configuration exists for given values/);
      const words = await refusal(async () => world.ecs.send(definition(world, 'half', '1 GB')));
      assert.equal(words.message, 'Invalid \'cpu\' setting for task: \'half\'.');
      const mode = await refusal(async () => world.ecs.send(definition(world, '.5 vCPU', '1 GB', 'bridge')));
      assert.equal(mode.message, 'Fargate only supports network mode ‘awsvpc’.');
    },
  },
  {
    name: 'a task definition has at most 65,536 bytes',
    async check(world) {
      const { input } = definition(world, '.5 vCPU', '1 GB');
      const sized = (length: number) => new RegisterTaskDefinitionCommand({
        ...input, containerDefinitions: [{ name: 'main', image: 'x', environment: [{ name: 'A', value: 'v'.repeat(length) }] }],
      });
      const { message } = await refusal(async () => world.ecs.send(sized(65_536)));
      assert.match(message, /^Actual length: '\d+'\. Max allowed length is '65536' bytes\.$/);
      await world.ecs.send(sized(65_000));
    },
  },
];
