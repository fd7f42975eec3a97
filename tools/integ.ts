/**
 * Compares the integration tests with their snapshots; more arguments go to integ-runner.
 *
 *   npx projen integ                           compare
 *   npx projen integ -- --dry-run --force      take new snapshots without deploying
 *   npx projen integ -- --update-on-failed     deploy what changed on a real account, and take new snapshots
 */
import { spawnSync } from 'child_process';
import { writeFileSync } from 'fs';
import { join } from 'path';

// projen hands on the `--` before the arguments.
const args = process.argv.slice(2).filter(arg => arg !== '--');
const json = args.indexOf('--json');
const [, file] = json >= 0 ? args.splice(json, 2) : [];

const { status, stdout, stderr } = spawnSync(join(__dirname, '..', 'node_modules', '.bin', 'integ-runner'), [
  '--directory', 'integ', '--language', 'typescript', '--test-regex', '^integ\\..*\\.ts$',
  '--app', 'node_modules/.bin/tsx --tsconfig tsconfig.dev.json {filePath}',
  ...args,
], { cwd: join(__dirname, '..'), encoding: 'utf8', stdio: ['inherit', 'pipe', 'pipe'], env: { ...process.env, CDK_DISABLE_CLI_TELEMETRY: 'true' } });
const output = stdout + stderr;
process.stdout.write(output);

if (file) {
  // integ-runner says a line a test: its verdict, then its name.
  // eslint-disable-next-line no-control-regex
  const lines = output.replace(/\u001b\[[0-9;]*m/g, '').split('\n');
  const checks = lines.flatMap((line) => {
    const match = line.match(/^\s*(UNCHANGED|CHANGED|NEW|FAILED|ERROR|REMOVED)\s+(\S+)/);
    return match ? [{ name: match[2], ok: match[1] === 'UNCHANGED' }] : [];
  });
  writeFileSync(file, JSON.stringify({ checks }));
}
process.exitCode = status ?? 1;
