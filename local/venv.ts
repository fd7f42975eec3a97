/** Virtual environments of Python: made inside the checkout at first use, and again when their requirements change. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withoutAws } from './emulator/environment';

const STAMP = 'requirements.sha256';
const MINIMUM = [3, 10] as const;

/** What to install, and how to speak of it. */
export interface VirtualEnvironment {
  /** Where it is, or will be. */
  readonly directory: string;
  /** A file with every package pinned. */
  readonly requirements: string;
  /** As the object of a sentence, such as `the AWS emulator`. */
  readonly name: string;
  /** What the user reads while it is installed. */
  readonly says: string;
}

/** Returns the path of the virtual environment's Python. */
export async function ensureVirtualEnvironment(what: VirtualEnvironment, log: (line: string) => void): Promise<string> {
  const { directory, requirements, name, says } = what;
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const python = join(directory, 'bin', 'python');
  if (isReady(directory, wanted)) return python;

  await checkPython(name);
  log(says);
  // Made beside and moved into place, so that an interrupted installation or a second process never leaves half of one.
  const fresh = `${directory}.${process.pid}`;
  mkdirSync(join(directory, '..'), { recursive: true });
  try {
    await run('python3', ['-m', 'venv', fresh], 'python3 could not make a virtual environment.\n'
      + 'Install what it needs for that (on Debian and Ubuntu the package python3-venv) and try again.');
    await run(join(fresh, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '-r', requirements],
      `pip could not install ${name}. It needs a package index that it can reach, as pip is configured for on this machine.`);
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

async function checkPython(name: string): Promise<void> {
  const needed = `${name[0].toUpperCase()}${name.slice(1)} needs Python ${MINIMUM.join('.')} or later as \`python3\` on the PATH`;
  const version = await run('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], `${needed}, and found none that runs.`);
  const [major, minor] = version.trim().split('.').map(Number);
  if (major !== MINIMUM[0] || minor < MINIMUM[1]) throw new Error(`${needed}, and found ${version.trim()}.`);
}

/** Runs a command to its end and returns what it printed; on failure says what that means, and what it said. */
async function run(command: string, args: string[], problem: string): Promise<string> {
  try {
    return (await promisify(execFile)(command, args, { env: withoutAws() })).stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    const output = `${stdout}${stderr}`.trim().split('\n').slice(-8).join('\n');
    throw new Error(output ? `${problem}\nIt said:\n${output}` : problem, { cause: error });
  }
}
