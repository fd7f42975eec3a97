/** How `npm test` runs its parts. Each test starts a process to which it can send signals. */
import { ChildProcess, spawn } from 'child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { setTimeout as pause } from 'timers/promises';

const ROOT = join(__dirname, '..', '..');

describe('npm test', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'run-parts-'));
    ['node_modules/.bin', 'results', 'temporary'].forEach(path => mkdirSync(join(directory, path), { recursive: true }));
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** Starts a process that runs parts. Each part is a shell script. */
  function start(scripts: Record<string, string>): ChildProcess {
    for (const [name, script] of Object.entries(scripts)) {
      const file = join(directory, 'node_modules', '.bin', name);
      writeFileSync(file, `#!/bin/sh\n${script}\n`);
      chmodSync(file, 0o755);
    }
    const program = join(directory, 'program.ts');
    writeFileSync(program, `
import { PartRunner } from ${JSON.stringify(join(ROOT, 'tools', 'run-parts'))};
const parts = ${JSON.stringify(Object.keys(scripts))}.map(name => ({ name, description: name, cores: 0.1, command: [name] }));
void new PartRunner(process.argv[2], process.argv[2] + '/results', () => '').run(parts).then(counts => console.log(JSON.stringify(counts)));
`);
    return spawn(process.execPath, ['--import', 'tsx', program, directory], {
      cwd: ROOT, env: { ...process.env, TMPDIR: join(directory, 'temporary') }, stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  const file = (name: string) => join(directory, name);

  const temporaryDirectories = () => readdirSync(file('temporary')).filter(name => name.startsWith('npm-test-'));

  async function exitCode(child: ChildProcess): Promise<number | null> {
    child.stdout!.resume();
    return new Promise(resolve => child.on('close', resolve));
  }

  test('gives all parts one temporary directory, and removes it at the end', async () => {
    const script = `echo $TMPDIR > ${file('$0')}.txt; touch $TMPDIR/left`.replace(/\$0/g, 'used-$(basename $0)');
    expect(await exitCode(start({ one: script, two: script }))).toBe(0);
    const [one, two] = ['one', 'two'].map(name => readFileSync(file(`used-${name}.txt`), 'utf8').trim());
    expect(one).toBe(two);
    expect(one.startsWith(join(file('temporary'), 'npm-test-'))).toBe(true);
    expect(temporaryDirectories()).toEqual([]);
  });

  test.each([['SIGINT', 130], ['SIGTERM', 143]] as const)('sends %s to every part, waits until they end, kills the processes that they leave behind, and removes the temporary files', async (signal, code) => {
    const child = start({
      slow: `trap 'sleep 1; touch ${file('slow-ended')}; exit 1' INT TERM; touch $TMPDIR/left ${file('slow-begun')}; while :; do sleep 0.1; done`,
      // The shell ends at the signal, but its child process ignores the signal.
      forgetful: `(trap '' INT TERM; while :; do touch ${file('beat')}; sleep 0.1; done) & wait`,
    });
    const ended = exitCode(child);
    while (!['slow-begun', 'beat'].every(name => existsSync(file(name)))) {
      await pause(50);
    }
    child.kill(signal);
    expect(await ended).toBe(code);
    expect(existsSync(file('slow-ended'))).toBe(true);
    rmSync(file('beat'));
    await pause(1_000);
    expect(existsSync(file('beat'))).toBe(false);
    expect(temporaryDirectories()).toEqual([]);
  });
});
