/**
 * Whether users of the last release can take this version: `npx projen compat` compares the public API with that of the newest version on npm.
 *
 * A break that is meant has the key that is printed for it in `.compatignore`, and `BREAKING CHANGE:` in its commit.
 */
import { spawnSync } from 'child_process';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'fs';
import { devNull } from 'os';
import { join } from 'path';
import { Assembly, compile, readAssembly, ROOT } from './assembly';
import { check, Check, main } from './checks';

/** Compares an assembly with an earlier one, except for the breaks in a file. Without a version on npm, jsii-diff has nothing to compare. */
function compared(before: string, after: string, ignored = devNull): { readonly ok: boolean; readonly output: string } {
  const args = [before, after, '--keys', '--error-on', 'all', '--ignore-file', ignored];
  const { status, stdout, stderr, error } = spawnSync(join(ROOT, 'node_modules', '.bin', 'jsii-diff'), args, {
    cwd: ROOT, encoding: 'utf8', env: { ...process.env, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '1' },
  });
  return { ok: status === 0, output: error?.message ?? `${stdout}${stderr}`.replace(/^!!.*\n/gm, '').trim() };
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
  const directory = join(ROOT, '.local', `broken-${process.pid}`);
  mkdirSync(directory, { recursive: true });
  try {
    const assembly: Assembly = readAssembly();
    BREAKS[name](assembly, type => assembly.types[`cdk-humanitec-ecs-runner.${type}`]);
    writeFileSync(join(directory, '.jsii'), JSON.stringify({ ...assembly, fingerprint: '*' }));
    // It names the peers, which the comparison reads too.
    copyFileSync(join(ROOT, 'package.json'), join(directory, 'package.json'));
    const { ok, output } = compared(ROOT, directory);
    return check(`the comparison notices ${name}`, ok || !/^err /m.test(output) ? [`Expected jsii-diff to refuse it; it printed: ${output || 'nothing'}`] : [],
      'Look what became of jsii-diff, and how tools/compat.ts calls it.');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export function compatChecks(): Check[] {
  compile();
  const { ok, output } = compared('npm:cdk-humanitec-ecs-runner', ROOT, join(ROOT, '.compatignore'));
  if (output) {
    console.log(output);
  }
  return [
    check('users of the last release can take this version', ok ? [] : ['The API of the newest version on npm was compatible with the code of its users, and no longer is:', output],
      'Take the change back, or write the key in [brackets] into .compatignore, and `BREAKING CHANGE:` into the commit.'),
    ...Object.keys(BREAKS).map(notices),
  ];
}

if (require.main === module) {
  main(compatChecks);
}
