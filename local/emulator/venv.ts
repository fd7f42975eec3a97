/** The emulator's virtual environment: made inside the checkout at first use, and again when its requirements change. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withoutAws } from './environment';

const REQUIREMENTS = join(__dirname, 'requirements.txt');
const STAMP = 'requirements.sha256';
const MINIMUM = [3, 10] as const;

/** Returns the path of the virtual environment's Python. */
export async function ensureVirtualEnvironment(directory: string, log: (line: string) => void): Promise<string> {
  const wanted = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex');
  const python = join(directory, 'bin', 'python');
  if (isReady(directory, wanted)) return python;

  await checkPython();
  log('Installing the AWS emulator into .local/venv (once; it takes about half a minute)');
  // Made beside and moved into place, so that an interrupted installation or a second process never leaves half of one.
  const fresh = `${directory}.${process.pid}`;
  mkdirSync(join(directory, '..'), { recursive: true });
  try {
    await run('python3', ['-m', 'venv', fresh], 'python3 could not make a virtual environment.\n'
      + 'Install what it needs for that (on Debian and Ubuntu the package python3-venv) and try again.');
    await run(join(fresh, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '-r', REQUIREMENTS],
      'pip could not install the AWS emulator. It needs a package index that it can reach, as pip is configured for on this machine.');
    writeFileSync(join(fresh, STAMP), wanted);
    if (!isReady(directory, wanted)) {
      rmSync(directory, { recursive: true, force: true });
      renameSync(fresh, directory);
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return python;
}

function isReady(directory: string, wanted: string): boolean {
  const stamp = join(directory, STAMP);
  // The Python that it was made with may be gone since.
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted && existsSync(join(directory, 'bin', 'python'));
}

async function checkPython(): Promise<void> {
  const needed = `The AWS emulator needs Python ${MINIMUM.join('.')} or later as \`python3\` on the PATH`;
  const version = await run('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], `${needed}, and found none that runs.`);
  const [major, minor] = version.trim().split('.').map(Number);
  if (major !== MINIMUM[0] || minor < MINIMUM[1]) throw new Error(`${needed}, and found ${version.trim()}.`);
}

/** Runs a command to its end and returns what it printed; on failure says what that means, and what it said. */
async function run(command: string, args: string[], problem: string): Promise<string> {
  const child = spawn(command, args, { env: withoutAws(), stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => { stdout += chunk.toString(); });
  child.stderr.on('data', (chunk: Buffer) => { stderr += chunk.toString(); });
  const code = await new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(null));
    child.on('close', resolve);
  });
  if (code !== 0) {
    const said = `${stdout}${stderr}`.trim().split('\n').slice(-8).join('\n');
    throw new Error(said ? `${problem}\nIt said:\n${said}` : problem);
  }
  return stdout;
}
