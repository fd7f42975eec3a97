import { spawnSync } from 'child_process';
import { invoke, SecretStore, STACK } from './support';

const { HANDLER_NODE: node, HANDLER_NODE_MAJOR: major } = process.env;

/** The version that the tests were asked to run the handler on: their own, unless tools/handler-on-node.ts says otherwise. */
function wanted(): string {
  return node ? spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim() : process.version;
}

test('the handler runs on the Node.js that was asked for', async () => {
  // Said before the handler starts, in its own process.
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

test('it is of the major version that was asked for', () => {
  expect(wanted()).toMatch(new RegExp(`^v${major ?? '\\d+'}\\.`));
});
