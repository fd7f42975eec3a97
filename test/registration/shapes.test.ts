import { CfnParameter } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { ApiToken, EcsRunner, OnInUse, Orchestrator, RunnerImage, StateStorage } from '../../src';
import { importedVpc, newStack, only, TOKEN_ARN } from '../support';
import { api, call, Props, registered, send, store, TOKEN } from './lifecycle-support';
import { Shape, SHAPES } from './shapes';
import { SECRET } from './support';

const current = SHAPES[SHAPES.length - 1];
const here = (properties: object): Props => ({ ...properties, ApiUrl: api.url });
beforeEach(async () => {
  store.values.set(SECRET, JSON.stringify({ token: TOKEN }));
  await call('POST', '/projects', { id: 'shop' });
  await call('POST', '/env-types', { id: 'production' });
});

describe.each(SHAPES.map((shape): [string, Shape] => [shape.name, shape]))('properties of the shape "%s"', (_name, shape) => {
  test('are registered, updated to the current shape, rolled back and deleted', async () => {
    const steps: [request: 'Create' | 'Update' | 'Delete', now: Shape, old?: Shape][] = [
      ['Create', shape], ['Update', current, shape], ['Update', shape, current], ['Delete', shape],
    ];
    const ids: Record<string, string> = {};
    for (const [request, now, old] of steps) {
      // CloudFormation deletes in reverse order.
      const types = [['RunnerId', 'runnerId'], ['Runner', 'runner'], ['RunnerRule', 'rule']] as const;
      for (const [type, key] of request === 'Delete' ? [...types].reverse() : types) {
        // While adoptExisting is set, a delete keeps runner and rule.
        const answer = await send(type, request, here(request === 'Delete' ? { ...now[key], AdoptExisting: undefined } : now[key]), { id: ids[key], old: old && here(old[key]) });
        expect(answer.Status).toBe('SUCCESS');
        expect(answer.PhysicalResourceId).toBe(ids[key] ?? answer.PhysicalResourceId);
        ids[key] = answer.PhysicalResourceId;
      }
      if (request !== 'Delete') {
        const shown = await registered();
        expect(shown).toMatchObject({
          description: 'text', runner_configuration: { job: { image: 'registry.example/runner:1' } }, state_storage_configuration: { bucket: 'state-bucket' },
        });
        // The API omits `false`.
        expect(shown.runner_configuration.job).not.toHaveProperty('is_public_ip_enabled');
        expect((await call('GET', '/runner-rules')).body.items).toMatchObject([{ runner_id: 'prod-runner', project_id: 'shop', env_type_id: 'production' }]);
      }
    }
    expect((await call('GET', '/runners')).body.items).toEqual([]);
    expect((await call('GET', '/runner-rules')).body.items).toEqual([]);
  });
});

test('unknown properties are ignored, because a later version may have added them before a rollback to this version', async () => {
  const later = here({ ...current.runner, Later: { Option: 'text' }, Job: { ...current.runner.Job as object, Later: 'text' } });
  const { PhysicalResourceId: id } = await send('Runner', 'Create', later);
  expect(await send('Runner', 'Update', here(current.runner), { id, old: later })).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: id });
  expect(await send('Runner', 'Delete', { ...later, AdoptExisting: undefined }, { id })).toMatchObject({ Status: 'SUCCESS' });
  expect((await call('GET', '/runners')).body.items).toEqual([]);
});

/** The names of all properties, except for map keys that the user chooses. */
function names(properties: Props, path = ''): string[] {
  return Object.entries(properties).flatMap(([name, value]) => {
    const whole = path + name;
    const inner = typeof value === 'object' && !Array.isArray(value) && !['Job.Environment', 'Job.Secrets', 'Values'].includes(whole)
      && !Object.keys(value).some((key) => /^(Ref|Fn::)/.test(key));
    return inner ? names(value, `${whole}.`) : [whole];
  }).sort();
}

test('the last shape has all properties of the current templates (otherwise add a new shape, and do not change the others)', () => {
  const stack = newStack();
  const secret = secretsmanager.Secret.fromSecretCompleteArn(stack, 'Secret', TOKEN_ARN);
  const runner = new EcsRunner(stack, 'Runner', {
    vpc: importedVpc(stack),
    orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken: ApiToken.fromSecretsManager(secret, 'token') }),
    runnerId: 'prod-runner',
    description: 'text',
    image: RunnerImage.fromRegistry('registry.example/runner:1'),
    environment: { A: '1' },
    secrets: { B: ecs.Secret.fromSecretsManager(secret) },
    stateStorage: StateStorage.newBucket({ prefix: new CfnParameter(stack, 'Prefix').valueAsString }),
    adoptExisting: true,
    onInUse: OnInUse.RETAIN,
    allowStateMove: true,
  });
  runner.addRule('Rule', { projectId: 'shop', envTypeId: 'production' });
  const template = Template.fromStack(stack);
  const said = (type: string) => names(only(template, `Custom::Humanitec${type}`).Properties);
  expect(said('RunnerId')).toEqual(names(current.runnerId));
  expect(said('Runner')).toEqual(names(current.runner));
  expect(said('RunnerRule')).toEqual(names(current.rule));
});
