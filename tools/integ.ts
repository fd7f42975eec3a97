/**
 * Compares the integration test with its snapshot. Other arguments are passed to integ-runner.
 *
 *   npx projen integ                           compares only
 *   npx projen integ -- --dry-run --force      writes a new snapshot without a deployment
 *   npx projen integ -- --update-on-failed     deploys changes to a real account and writes a new snapshot
 */
import { spawnSync } from 'child_process';
import { writeFileSync } from 'fs';
import { join } from 'path';

// projen passes the `--` in front of the arguments on.
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
  // integ-runner prints one line for each test: the result, then the name.
  // eslint-disable-next-line no-control-regex
  const lines = output.replace(/\u001b\[[0-9;]*m/g, '').split('\n');
  const checks = lines.flatMap((line) => {
    const match = line.match(/^\s*(UNCHANGED|CHANGED|NEW|FAILED|ERROR|REMOVED)\s+(\S+)/);
    return match ? [{ name: match[2], ok: match[1] === 'UNCHANGED' }] : [];
  });
  writeFileSync(file, JSON.stringify({ checks }));
}
process.exitCode = status ?? 1;
