/** Python virtual environments: created in the checkout at first use, and again when their requirements change. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withoutAws } from './emulator/environment';

const STAMP = 'requirements.sha256';
const MINIMUM = [3, 10] as const;

export interface VirtualEnvironment {
  /** The path of the virtual environment. */
  readonly directory: string;
  /** The path of a requirements file that pins every package. */
  readonly requirements: string;
  /** The installed software, for messages. For example `the AWS emulator`. */
  readonly name: string;
  /** Printed when the installation starts. */
  readonly installMessage: string;
}

/** Returns the Python path of the virtual environment, after installing it if necessary. */
export async function ensureVirtualEnvironment(environment: VirtualEnvironment, log: (line: string) => void): Promise<string> {
  const { directory, requirements, name, installMessage } = environment;
  const checksum = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const python = join(directory, 'bin', 'python');
  if (isReady(directory, checksum)) return python;

  await checkPython(name);
  log(installMessage);
  // Installed into a temporary directory and then renamed, so an interrupted or concurrent installation never leaves an incomplete environment.
  const temporary = `${directory}.${process.pid}`;
  mkdirSync(join(directory, '..'), { recursive: true });
  try {
    await run('python3', ['-m', 'venv', temporary], 'python3 could not create a virtual environment. '
      + 'Install the venv module (on Debian and Ubuntu the package python3-venv) and try again.');
    await run(join(temporary, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '-r', requirements],
      `pip could not install ${name}. Check that pip on this machine can reach its package index.`);
    writeFileSync(join(temporary, STAMP), checksum);
    if (!isReady(directory, checksum)) {
      rmSync(directory, { recursive: true, force: true });
      renameSync(temporary, directory);
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return python;
}

function isReady(directory: string, checksum: string): boolean {
  const stamp = join(directory, STAMP);
  // The Python installation that the environment links to may no longer exist.
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === checksum && existsSync(join(directory, 'bin', 'python'));
}

async function checkPython(name: string): Promise<void> {
  const requirement = `${name[0].toUpperCase()}${name.slice(1)} needs Python ${MINIMUM.join('.')} or later as \`python3\` on the PATH`;
  const version = await run('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], `${requirement}, but python3 does not run.`);
  const [major, minor] = version.trim().split('.').map(Number);
  if (major !== MINIMUM[0] || minor < MINIMUM[1]) throw new Error(`${requirement}, but found ${version.trim()}.`);
}

/** Runs a command and returns its standard output. The error of a failed command has `problem` and the end of the output. */
async function run(command: string, args: string[], problem: string): Promise<string> {
  try {
    return (await promisify(execFile)(command, args, { env: withoutAws() })).stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    const output = `${stdout}${stderr}`.trim().split('\n').slice(-8).join('\n');
    throw new Error(output ? `${problem}\nOutput of the command:\n${output}` : problem, { cause: error });
  }
}
