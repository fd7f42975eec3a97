/**
 * `npx projen compat`: compares the public API with the latest version on npm and reports breaking changes.
 *
 * To accept a breaking change, add its printed key to `.compatignore` and `BREAKING CHANGE:` to the commit message.
 */
import { spawnSync } from 'child_process';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'fs';
import { devNull } from 'os';
import { join } from 'path';
import { Assembly, compile, readAssembly, ROOT } from './assembly';
import { check, Check, main } from './checks';

/** Runs jsii-diff on two assemblies. `ignored` is the file with accepted breaking changes. */
function compared(before: string, after: string, ignored = devNull): { readonly ok: boolean; readonly output: string } {
  const args = [before, after, '--keys', '--error-on', 'all', '--ignore-file', ignored];
  const { status, stdout, stderr, error } = spawnSync(join(ROOT, 'node_modules', '.bin', 'jsii-diff'), args, {
    cwd: ROOT, encoding: 'utf8', env: { ...process.env, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '1' },
  });
  return { ok: status === 0, output: error?.message ?? `${stdout}${stderr}`.replace(/^!!.*\n/gm, '').trim() };
}

/** Breaking changes that are made to a copy of the assembly. jsii-diff must report each of them. */
const BREAKS: Record<string, (assembly: any, type: (name: string) => any) => void> = {
  'a changed property type': (_, type) => { property(type('EcsRunnerProps'), 'description').type = { primitive: 'number' }; },
  'a newly required property': (_, type) => { delete property(type('EcsRunnerProps'), 'description').optional; },
  'a removed method': (_, type) => { type('EcsRunner').methods = type('EcsRunner').methods.filter(({ name }: { name: string }) => name !== 'fromRunnerId'); },
  'a removed type': (assembly) => { delete assembly.types['cdk-humanitec-ecs-runner.OnInUse']; },
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
    // jsii-diff also reads package.json, which names the peer dependencies.
    copyFileSync(join(ROOT, 'package.json'), join(directory, 'package.json'));
    const { ok, output } = compared(ROOT, directory);
    return check(`jsii-diff reports ${name}`, ok || !/^err /m.test(output) ? [`Expected an error of jsii-diff; it printed: ${output || 'nothing'}`] : [],
      'Check whether an upgrade changed jsii-diff, and how tools/compat.ts calls it.');
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
    check('the public API is compatible with the last release', ok ? [] : ['This version breaks code that uses the latest version on npm:', output],
      'Undo the change, or add the key in [brackets] to .compatignore and `BREAKING CHANGE:` to the commit message.'),
    ...Object.keys(BREAKS).map(notices),
  ];
}

if (require.main === module) {
  main(compatChecks);
}
