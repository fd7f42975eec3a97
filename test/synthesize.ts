import { execFile } from 'child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { promisify } from 'util';
import { Template } from 'aws-cdk-lib/assertions';

const ROOT = join(__dirname, '..');
const DIRECTORY = join(ROOT, 'examples', 'typescript');
const run = promisify(execFile);

type Templates = Record<string, Template>;

export const EXAMPLES = readdirSync(DIRECTORY, { withFileTypes: true })
  .filter(entry => entry.isDirectory() && entry.name !== 'node_modules').map(entry => entry.name).sort();

let synthesizedAll: Promise<Record<string, Templates | Error>> | undefined;

/** Returns the templates of an example, by stack. The first call synthesizes all examples in a separate process. */
export async function synthesize(example: string): Promise<Templates> {
  synthesizedAll ??= synthesizeAll();
  const templates = (await synthesizedAll)[example];
  if (templates instanceof Error) {
    throw templates;
  }
  return templates;
}

async function synthesizeAll(): Promise<Record<string, Templates | Error>> {
  const directory = mkdtempSync(join(tmpdir(), 'examples-'));
  try {
    const apps = Object.fromEntries(EXAMPLES.map(example => [join(directory, example), join(DIRECTORY, example, 'app.ts')]));
    const { stdout } = await run(join(ROOT, 'node_modules', '.bin', 'tsx'), ['--tsconfig', 'tsconfig.dev.json', join(__dirname, 'run-apps.ts'), JSON.stringify(apps)], {
      cwd: ROOT, env: { PATH: process.env.PATH, TMPDIR: tmpdir() },
    });
    const errors: Record<string, string> = JSON.parse(stdout.trimEnd().split('\n').pop()!);
    return Object.fromEntries(EXAMPLES.map((example) => {
      const error = errors[join(directory, example)];
      return [example, error === undefined ? templatesIn(join(directory, example)) : new Error(`The example ${example} failed: ${error}`)];
    }));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function templatesIn(outdir: string): Templates {
  const files = readdirSync(outdir).filter(file => file.endsWith('.template.json'));
  return Object.fromEntries(files.map(file =>
    [file.replace('.template.json', ''), Template.fromJSON(JSON.parse(readFileSync(join(outdir, file), 'utf8')))]));
}
