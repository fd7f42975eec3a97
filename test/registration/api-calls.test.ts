import { api, common, runnerProps, send } from './lifecycle-support';
import { API_CALLS_OF_CREATE } from '../api-calls';

test('the creation of each custom resource sends the number of requests listed in test/api-calls.ts', async () => {
  const calls: Record<string, number> = {};
  const creations = [
    ['RunnerId', { ...common(), RunnerIdPrefix: 'runner' }],
    ['Runner', runnerProps()],
    ['RunnerRule', { ...common(), RunnerId: 'prod-runner' }],
  ] as const;
  for (const [type, properties] of creations) {
    const before = api.requests.length;
    expect(await send(type, 'Create', properties)).toMatchObject({ Status: 'SUCCESS' });
    calls[`Custom::Humanitec${type}`] = api.requests.length - before;
  }
  expect(calls).toEqual(API_CALLS_OF_CREATE);
});
