/** Checks that the same sources always give the same handler bundle, byte for byte. */
import { spawnSync } from 'child_process';
import { createHash } from 'crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import { ROOT } from './assembly';
import { check, Check } from './checks';

const BUNDLE = join('assets', 'registration', 'index.js');
const NEEDED = ['src', 'tools', 'package.json', 'tsconfig.json', 'tsconfig.dev.json'];

export function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** Bundles a fresh copy of the sources in the given directory. Returns the SHA-256 of the bundle. */
function bundledIn(directory: string, env: NodeJS.ProcessEnv): string {
  NEEDED.forEach(path => cpSync(join(ROOT, path), join(directory, path), { recursive: true }));
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  const { status, stdout, stderr } = spawnSync(process.execPath, [join('node_modules', 'tsx', 'dist', 'cli.mjs'), join('tools', 'bundle.ts')], {
    cwd: directory, encoding: 'utf8', env: { ...process.env, ...env },
  });
  if (status !== 0) {
    throw new Error(`tools/bundle.ts failed in a copy of the sources. It printed: ${stdout}${stderr}`);
  }
  return sha256(join(directory, BUNDLE));
}

/** Compares the bundle in `assets/` with two bundles built in other directories, time zones and languages. */
export function reproducible(): Check[] {
  const temporary = mkdtempSync(join(tmpdir(), 'bundle-'));
  try {
    const deep = join(temporary, 'one', 'with a space', 'deep');
    mkdirSync(deep, { recursive: true });
    mkdirSync(join(temporary, 'two'));
    const hashes = {
      [BUNDLE]: sha256(join(ROOT, BUNDLE)),
      'one copy of the sources': bundledIn(deep, { TZ: 'Pacific/Auckland', LANG: 'de_DE.UTF-8', HOME: dirname(deep) }),
      'another copy': bundledIn(join(temporary, 'two'), { TZ: 'UTC', LANG: 'C', NODE_ENV: 'production' }),
    };
    const installed = JSON.parse(readFileSync(join(ROOT, 'node_modules', 'esbuild', 'package.json'), 'utf8')).version;
    const locked = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages['node_modules/esbuild'].version;
    return [
      check('the same sources give the same bundle', new Set(Object.values(hashes)).size === 1
        ? [] : ['expected the same bytes three times; their SHA-256:', ...Object.entries(hashes).map(([of, hash]) => `${hash}  ${of}`)],
      'Run `npx projen bundle`. If the hashes still differ, compare the bundles: one contains a path, time or setting of the machine.'),
      check('the installed esbuild has the version of the lock file', installed === locked ? [] : [`expected esbuild ${locked}; installed is ${installed}`], 'Run `npm ci`.'),
    ];
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
