/** Compiles the library with jsii into `lib/` and `.jsii.gz`, unless both are up to date. Reads the jsii assembly, which describes the public API. */
import { spawnSync } from 'child_process';
import { createHash } from 'crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'fs';
import { join } from 'path';
import { gunzipSync } from 'zlib';

export const ROOT = join(__dirname, '..');
const STAMP = join(ROOT, '.local', 'compiled.sha256');
const INPUTS = ['src', 'README.md', 'package.json', 'tsconfig.json', 'node_modules/jsii/package.json', 'node_modules/aws-cdk-lib/package.json'];
const OUTPUTS = ['lib', '.jsii', '.jsii.gz'];

/** The parts of a docstring. */
export interface Docs {
  readonly summary?: string;
  readonly default?: string;
}

export interface Parameter {
  readonly name: string;
  readonly docs?: Docs;
}

export interface Member {
  readonly name?: string;
  readonly docs?: Docs;
  readonly optional?: boolean;
  readonly parameters?: Parameter[];
  readonly static?: boolean;
  readonly locationInModule?: { readonly filename: string; readonly line: number };
}

export interface Type extends Member {
  readonly name: string;
  readonly kind: 'class' | 'interface' | 'enum';
  /** Whether the interface is a struct (passed by value). */
  readonly datatype?: boolean;
  readonly initializer?: Member;
  readonly properties?: Member[];
  readonly methods?: Member[];
  readonly members?: Member[];
}

export interface Assembly {
  readonly types: Record<string, Type>;
}

/** Runs a program of `node_modules/.bin`. Throws an error if it fails. */
export function run(command: string, ...args: string[]): void {
  runWith({ ...process.env, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '1' }, command, ...args);
}

/** Runs a program of `node_modules/.bin` with the given environment. Throws an error if it fails. */
export function runWith(env: NodeJS.ProcessEnv, command: string, ...args: string[]): void {
  const { status, error } = spawnSync(join(ROOT, 'node_modules', '.bin', command), args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env });
  if (status !== 0) {
    throw new Error(`${command} failed: ${error?.message ?? `see its output above; its exit code is ${status}`}.`);
  }
}

/** Compiles the library, unless the compiled files are up to date. */
export function compile(): void {
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === digest([...INPUTS, ...OUTPUTS])) {
    return;
  }
  // Files of an earlier compilation would be packed, too.
  rmSync(join(ROOT, 'lib'), { recursive: true, force: true });
  run('jsii', '--silence-warnings=reserved-word', '--compress-assembly');
  mkdirSync(join(ROOT, '.local'), { recursive: true });
  writeFileSync(STAMP, digest([...INPUTS, ...OUTPUTS]));
}

/** Reads the jsii assembly in a directory. */
export function readAssembly(directory = ROOT): Assembly {
  return JSON.parse(gunzipSync(readFileSync(join(directory, '.jsii.gz'))).toString());
}

/** A hash of the names and contents of these files and directories. */
function digest(paths: string[]): string {
  const hash = createHash('sha256');
  for (const file of paths.flatMap(filesBelow)) {
    hash.update(`${file}\0`).update(readFileSync(join(ROOT, file))).update('\0');
  }
  return hash.digest('hex');
}

function filesBelow(path: string): string[] {
  if (!existsSync(join(ROOT, path))) {
    return [];
  }
  return statSync(join(ROOT, path)).isDirectory() ? readdirSync(join(ROOT, path)).sort().flatMap(name => filesBelow(join(path, name))) : [path];
}
