/**
 * Whether users of the last release can take this version: compares the public API with that of the last tag, made from git.
 *
 *   npx projen compat                      against the last tag
 *   npx projen compat -- --against COMMIT  against any commit
 *
 * A break that is meant has the key that is printed for it in `.compatignore`, and `BREAKING CHANGE:` in its commit.
 */
import { spawnSync } from 'child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'fs';
import { devNull } from 'os';
import { join } from 'path';
import { Assembly, compile, readAssembly, ROOT } from './assembly';
import { check, Check, main } from './checks';

const LOCAL = join(ROOT, '.local');

interface Outcome {
  readonly ok: boolean;
  readonly said: string;
}

function execute(command: string, args: string[], cwd = ROOT): Outcome {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd, encoding: 'utf8', maxBuffer: 64_000_000, env: { ...process.env, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '1' },
  });
  return { ok: status === 0, said: error?.message ?? `${stdout}${stderr}`.replace(/^!!.*\n/gm, '').trim() };
}

/** The tag of the last release that this commit comes after; undefined when there was none. */
function lastTag(): string | undefined {
  const { ok, said } = execute('git', ['describe', '--tags', '--abbrev=0', '--match', 'v[0-9]*']);
  if (ok) {
    return said;
  }
  const shallow = execute('git', ['rev-parse', '--is-shallow-repository']);
  if (!shallow.ok) {
    throw new Error(`Expected a git repository; ${shallow.said}`);
  }
  if (shallow.said === 'true') {
    console.log('This clone is shallow, and may lack the tag of the last release: `git fetch --unshallow --tags` brings it.');
  }
  return undefined;
}

/** Compiles what a commit had, with what it was locked to, and returns the directory. */
function compiled(commit: string): string {
  const { ok, said: hash } = execute('git', ['rev-parse', '--verify', `${commit}^{commit}`]);
  if (!ok) {
    throw new Error(`git knows no ${commit}: ${hash}`);
  }
  const directory = join(LOCAL, `released-${hash}`);
  if (!existsSync(directory)) {
    console.log(`Compiling ${commit} into .local/ (once)`);
    readdirSync(LOCAL).filter(name => name.startsWith('released-')).forEach(name => rmSync(join(LOCAL, name), { recursive: true }));
    // Made beside and moved into place, so that an interrupted compilation never leaves half of one.
    const fresh = join(LOCAL, `compiling-${process.pid}`);
    mkdirSync(fresh, { recursive: true });
    try {
      const steps: [string, string[], string?][] = [
        ['git', ['archive', '--output', join(fresh, 'sources.tar'), hash]],
        ['tar', ['-xf', 'sources.tar'], fresh],
        ['npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], fresh],
        [join(fresh, 'node_modules', '.bin', 'jsii'), ['--silence-warnings=reserved-word'], fresh],
      ];
      for (const [command, args, cwd] of steps) {
        const step = execute(command, args, cwd);
        if (!step.ok) {
          throw new Error(`${commit} could not be compiled: \`${command} ${args[0]}\` said:\n${step.said}`);
        }
      }
      // The peers are those of the project from here on.
      rmSync(join(fresh, 'node_modules'), { recursive: true });
      renameSync(fresh, directory);
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  }
  return directory;
}

/** Whether users of what is in the first directory could use what is in the second, but for the breaks that are meant. */
function compared(before: string, after: string, meant = devNull): Outcome {
  return execute(join(ROOT, 'node_modules', '.bin', 'jsii-diff'), [before, after, '--keys', '--error-on', 'all', '--ignore-file', meant]);
}

/** Changes that would break users, made to a copy of the assembly: each has to be noticed. */
const BREAKS: Record<string, (assembly: any, type: (name: string) => any) => void> = {
  'a property of another type': (_, type) => { property(type('EcsRunnerProps'), 'description').type = { primitive: 'number' }; },
  'a property that is required now': (_, type) => { delete property(type('EcsRunnerProps'), 'description').optional; },
  'a method that is gone': (_, type) => { type('EcsRunner').methods = type('EcsRunner').methods.filter(({ name }: { name: string }) => name !== 'fromRunnerId'); },
  'a type that is gone': (assembly) => { delete assembly.types['cdk-humanitec-ecs-runner.OnInUse']; },
};

function property(type: any, name: string): any {
  return type.properties.find((one: { name: string }) => one.name === name);
}

function notices(name: string): Check {
  const directory = join(LOCAL, `broken-${process.pid}`);
  mkdirSync(directory, { recursive: true });
  try {
    const assembly: Assembly = readAssembly();
    BREAKS[name](assembly, type => assembly.types[`cdk-humanitec-ecs-runner.${type}`]);
    writeFileSync(join(directory, '.jsii'), JSON.stringify({ ...assembly, fingerprint: '*' }));
    // It names the peers, which the comparison reads too.
    copyFileSync(join(ROOT, 'package.json'), join(directory, 'package.json'));
    const { ok, said } = compared(ROOT, directory);
    return check(`the comparison notices ${name}`, ok || !/^err /m.test(said) ? [`expected jsii-diff to refuse it; it said: ${said || 'nothing'}`] : [],
      'Look what became of jsii-diff, and how tools/compat.ts calls it.');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export function compatChecks(against?: string): Check[] {
  compile();
  const name = 'users of the last release can take this version';
  let last: Check;
  try {
    const commit = against ?? lastTag();
    if (commit === undefined) {
      console.log('There is no release yet to compare the API with: git knows no tag like v1.2.3.');
    }
    const { ok, said } = commit === undefined ? { ok: true, said: '' } : compared(compiled(commit), ROOT, join(ROOT, '.compatignore'));
    last = check(name, ok ? [] : [`The API of ${commit} was compatible with what its users wrote, and is not any more:\n${said}`],
      'Take the change back, or write the key in [brackets] into .compatignore, and `BREAKING CHANGE:` into the commit.');
  } catch (error) {
    last = check(name, [(error as Error).message], 'Mend that and run it again.');
  }
  return [last, ...Object.keys(BREAKS).map(notices)];
}

if (require.main === module) {
  const against = process.argv.indexOf('--against');
  main(() => compatChecks(against > 0 ? process.argv[against + 1] : undefined));
}
