/** The library as jsii compiles it: `lib/`, and the assembly with all that is public. Compiled when it is not what the sources give. */
import { spawnSync } from 'child_process';
import { createHash } from 'crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'fs';
import { join } from 'path';
import { gunzipSync } from 'zlib';

export const ROOT = join(__dirname, '..');
const STAMP = join(ROOT, '.local', 'compiled.sha256');
const INPUTS = ['src', 'README.md', 'package.json', 'tsconfig.json', 'node_modules/jsii/package.json', 'node_modules/aws-cdk-lib/package.json'];
const OUTPUTS = ['lib', '.jsii', '.jsii.gz'];

/** What docstrings say. */
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
  /** Whether the interface is a struct: what is passed by value. */
  readonly datatype?: boolean;
  readonly initializer?: Member;
  readonly properties?: Member[];
  readonly methods?: Member[];
  readonly members?: Member[];
}

export interface Assembly {
  readonly types: Record<string, Type>;
}

/** Runs a program of the project's packages, and fails with it. */
export function run(command: string, ...args: string[]): void {
  runWith({ ...process.env, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '1' }, command, ...args);
}

/** Runs a program of the project's packages in an environment, and fails with it. */
export function runWith(env: NodeJS.ProcessEnv, command: string, ...args: string[]): void {
  const { status, error } = spawnSync(join(ROOT, 'node_modules', '.bin', command), args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env });
  if (status !== 0) {
    throw new Error(`${command} failed: ${error?.message ?? `see its output above; its exit code is ${status}`}.`);
  }
}

/** Compiles the library, unless that is done. */
export function compile(): void {
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === digest([...INPUTS, ...OUTPUTS])) {
    return;
  }
  // What an earlier compilation left would be packed too.
  rmSync(join(ROOT, 'lib'), { recursive: true, force: true });
  run('jsii', '--silence-warnings=reserved-word', '--compress-assembly');
  mkdirSync(join(ROOT, '.local'), { recursive: true });
  writeFileSync(STAMP, digest([...INPUTS, ...OUTPUTS]));
}

/** Reads an assembly that jsii left in a directory. */
export function readAssembly(directory = ROOT): Assembly {
  return JSON.parse(gunzipSync(readFileSync(join(directory, '.jsii.gz'))).toString());
}

/** What identifies the content of these files and directories. */
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
