/** Runs all examples of a language in one process, because loading the CDK takes longer than running an example. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'fs';
import { join } from 'path';
import { run } from './run';

const SOURCES = join(__dirname, 'together');

/** The output of a language: the messages of the app with errors, and the errors by app. */
export interface Printed {
  readonly messages: Record<string, string>;
  readonly errors: Record<string, string>;
}

/** Sets the output directories of the apps; see together/outdir.js. */
export function outdirEnvironment(directory: string): NodeJS.ProcessEnv {
  return { NODE_OPTIONS: `--require "${join(SOURCES, 'outdir.js')}"`, OUTDIR_FILE: join(directory, 'outdir') };
}

/** Runs a program whose last line lists the errors by app. Earlier lines are the messages of the app with errors. */
export async function runTogether(command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Printed> {
  const lines = (await run(command, args, cwd, env)).trimEnd().split('\n');
  const errors = JSON.parse(lines.pop()!);
  return { messages: JSON.parse(lines.find(line => line.startsWith('{')) ?? '{}'), errors };
}

/** Copies the program that runs the apps into a Python or Java project. Returns its path. */
export function addProgram(file: 'run_examples.py' | 'RunExamples.java', directory: string): string {
  const path = join(directory, file);
  cpSync(join(SOURCES, file), path);
  return path;
}

/**
 * Adds a Go program that runs the apps. Returns its directory.
 *
 * Go cannot import `package main`, so each app is copied as a package with an exported function. Only the whole program closes the jsii runtime.
 */
export function addGoProgram(module: string, directory: string, apps: string[]): string {
  const program = join(directory, 'together');
  apps.forEach((app, index) => {
    const source = readFileSync(join(directory, app, 'main.go'), 'utf8');
    const copy = [['package main\n', 'package app\n'], ['func main() {\n', 'func Main() {\n'], ['\tdefer jsii.Close()\n', '']].reduce((text, [from, to]) => {
      if (text.split(from).length !== 2) {
        throw new Error(`${app}/main.go should have the line ${JSON.stringify(from)} once.`);
      }
      return text.replace(from, to);
    }, source);
    mkdirSync(join(program, `app${index}`), { recursive: true });
    writeFileSync(join(program, `app${index}`, 'main.go'), copy);
  });
  const source = readFileSync(join(SOURCES, 'main.go.txt'), 'utf8')
    .replace('// imports', apps.map((_, index) => `app${index} "${module}/together/app${index}"`).join('\n\t'))
    .replace('// apps', apps.map((app, index) => `{"${app}", app${index}.Main},`).join('\n\t'));
  writeFileSync(join(program, 'main.go'), source);
  return program;
}
