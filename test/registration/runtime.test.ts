import { spawnSync } from 'child_process';
import { invoke, SecretStore, STACK } from './support';

const { HANDLER_NODE: node, HANDLER_NODE_MAJOR: major } = process.env;

/** The requested Node.js version of the handler: the tests' own, unless tools/handler-on-node.ts sets another one. */
function wanted(): string {
  return node ? spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim() : process.version;
}

test('the handler runs on the requested Node.js version', async () => {
  // The handler's process prints its version before the handler starts.
  const env = { ...new SecretStore().env, NODE_OPTIONS: '--import=data:text/javascript,console.log(`runtime:${process.version}`)' };
  const { log, answers } = await invoke({
    RequestType: 'Delete',
    StackId: STACK,
    RequestId: 'request-1',
    ResourceType: 'Custom::HumanitecRunnerId',
    LogicalResourceId: 'Logical',
    PhysicalResourceId: 'prod-runner',
    ResourceProperties: {},
  }, env);
  const [, version] = /^runtime:(.+)$/m.exec(log) ?? [];
  expect(version).toBe(wanted());
  expect(answers).toHaveLength(1);
});

test('the handler\'s Node.js has the requested major version', () => {
  expect(wanted()).toMatch(new RegExp(`^v${major ?? '\\d+'}\\.`));
});
