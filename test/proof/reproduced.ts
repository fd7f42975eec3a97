/** Checks that a synthesis has the same result for every umask and output directory, and that Lambda can read all files of the assets. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { App, AssetStaging } from 'aws-cdk-lib';

/** The differences between two syntheses, and the files that Lambda cannot read. */
export function differences(build: (app: App) => unknown): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'proof-'));
  try {
    const one = synthesized(join(directory, 'one'), 0o022, build);
    const other = synthesized(join(directory, 'other', 'deeper'), 0o077, build);
    const names = [...new Set([...one.keys(), ...other.keys()])];
    return names.flatMap((name) => [
      ...one.get(name)?.content === other.get(name)?.content ? [] : [`${name} differs`],
      // Lambda runs as a user that does not own the files.
      ...[one.get(name), other.get(name)].flatMap((file) => file === undefined || /[4-7]$/.test(file.mode) ? [] : [`${name} has the mode ${file.mode}`]),
    ]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

interface File {
  readonly content: string;
  /** Three octal digits. */
  readonly mode: string;
}

/** The templates and asset files by path in the cloud assembly. */
function synthesized(outdir: string, umask: number, build: (app: App) => unknown): Map<string, File> {
  mkdirSync(outdir, { recursive: true });
  const before = process.umask(umask);
  try {
    AssetStaging.clearAssetHashCache();
    const app = new App({ outdir, analyticsReporting: false });
    build(app);
    app.synth();
  } finally {
    process.umask(before);
  }
  return new Map(filesOf(outdir).map((path): [string, File] => {
    // The mode of a template has no effect, because its content is uploaded.
    const mode = path.endsWith('.template.json') ? '644' : statSync(path).mode.toString(8).slice(-3);
    return [relative(outdir, path), { content: readFileSync(path, 'utf8'), mode }];
  }));
}

function filesOf(outdir: string): string[] {
  return readdirSync(outdir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(outdir, entry.name);
    if (entry.name.endsWith('.template.json')) return [path];
    if (!entry.isDirectory() || !entry.name.startsWith('asset.')) return [];
    return readdirSync(path, { recursive: true, withFileTypes: true }).filter((file) => file.isFile()).map((file) => join(file.parentPath ?? file.path, file.name));
  });
}
