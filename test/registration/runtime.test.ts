import { spawnSync } from 'child_process';
import { invoke, SecretStore } from './support';

const { HANDLER_NODE: node, HANDLER_NODE_MAJOR: major } = process.env;

/** The version that the tests were asked to run the handler on: their own, unless tools/handler-on-node.ts says otherwise. */
function wanted(): string {
  return node ? spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim() : process.version;
}

test('the handler runs on the Node.js that was asked for', async () => {
  const store = new SecretStore();
  // What runs before the handler, in its process, says which Node.js that is.
  const env = { ...store.env, NODE_OPTIONS: '--import=data:text/javascript,console.log(`runtime:${process.version}`)' };
  const { log, answers } = await invoke({ RequestType: 'Delete', PhysicalResourceId: 'none' }, env);
  const [, version] = /^runtime:(.+)$/m.exec(log) ?? [];
  expect(version).toBe(wanted());
  expect(answers).toHaveLength(1);
});

test('it is of the major version that was asked for', () => {
  expect(wanted()).toMatch(major ? `v${major}.` : process.version);
});
