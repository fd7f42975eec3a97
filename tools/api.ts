/** Compiles the library with jsii, and checks that the committed API.md is what its docstrings say. */
import { spawnSync } from 'child_process';
import { mkdirSync, readFileSync } from 'fs';
import { join } from 'path';

const root = join(__dirname, '..');
const fresh = join(root, 'test-results', 'API.md');

function run(command: string, ...args: string[]): void {
  const { status } = spawnSync(join(root, 'node_modules', '.bin', command), args, {
    cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '1' },
  });
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}

mkdirSync(join(root, 'test-results'), { recursive: true });
run('jsii', '--silence-warnings=reserved-word');
run('jsii-docgen', '-o', fresh);
if (readFileSync(fresh, 'utf8') !== readFileSync(join(root, 'API.md'), 'utf8')) {
  console.error('API.md is not what the docstrings say: run `npx projen docgen` and commit it.');
  process.exitCode = 1;
}
