/** Whether the handler's bundle is what anybody gets from the same sources, byte for byte. */
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

/** Bundles a fresh copy of the sources in the given directory, and returns the bundle's hash. */
function bundledIn(directory: string, env: NodeJS.ProcessEnv): string {
  NEEDED.forEach(path => cpSync(join(ROOT, path), join(directory, path), { recursive: true }));
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  const { status, stdout, stderr } = spawnSync(process.execPath, [join('node_modules', 'tsx', 'dist', 'cli.mjs'), join('tools', 'bundle.ts')], {
    cwd: directory, encoding: 'utf8', env: { ...process.env, ...env },
  });
  if (status !== 0) {
    throw new Error(`tools/bundle.ts failed in a copy of the sources: ${stdout}${stderr}`);
  }
  return sha256(join(directory, BUNDLE));
}

/** The bundle in `assets/`, and two that are made elsewhere, at another depth and in another time zone and language, have to be the same. */
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
      'Run `npx projen bundle`. If that does not help, something of the machine gets into the bundle: compare the files.'),
      check('the bundle is made with the esbuild that the lock names', installed === locked ? [] : [`expected esbuild ${locked}; installed is ${installed}`], 'Run `npm ci`.'),
    ];
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
