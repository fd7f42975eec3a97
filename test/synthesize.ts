import { execFile } from 'child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { promisify } from 'util';
import { Template } from 'aws-cdk-lib/assertions';

const ROOT = join(__dirname, '..');
const DIRECTORY = join(ROOT, 'examples', 'typescript');
const run = promisify(execFile);

/** The names of all examples. */
export const EXAMPLES = readdirSync(DIRECTORY, { withFileTypes: true })
  .filter(entry => entry.isDirectory() && entry.name !== 'node_modules').map(entry => entry.name).sort();

/** Synthesizes an example as the CDK does: a process of its own that writes a cloud assembly. */
export async function synthesize(example: string): Promise<Record<string, Template>> {
  const outdir = mkdtempSync(join(tmpdir(), 'example-'));
  try {
    await run(join(ROOT, 'node_modules', '.bin', 'tsx'), ['--tsconfig', 'tsconfig.dev.json', join(DIRECTORY, example, 'app.ts')], {
      cwd: ROOT, env: { PATH: process.env.PATH, CDK_OUTDIR: outdir },
    });
    const files = readdirSync(outdir).filter(file => file.endsWith('.template.json'));
    return Object.fromEntries(files.map(file =>
      [file.replace('.template.json', ''), Template.fromJSON(JSON.parse(readFileSync(join(outdir, file), 'utf8')))]));
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
