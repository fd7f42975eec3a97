/** Bundles the registration handler into `assets/registration/index.js`, the one file that Lambda gets. */
import { createHash } from 'crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'fs';
import { dirname, join } from 'path';
import { buildSync } from 'esbuild';
import { handlerBundle } from './handler-bundle';

const MAX_BYTES = 32_000;
const outfile = join(__dirname, '..', 'assets', 'registration', 'index.js');

const [{ contents }] = buildSync({ ...handlerBundle, outfile, write: false }).outputFiles;
const bundle = Buffer.from(contents);
// Written only when it changes: tests that run side by side read it.
if (!existsSync(outfile) || !readFileSync(outfile).equals(bundle)) {
  mkdirSync(dirname(outfile), { recursive: true });
  writeFileSync(outfile, bundle);
}
console.log(`assets/registration/index.js: ${bundle.length} bytes, SHA-256 ${createHash('sha256').update(bundle).digest('hex')}`);
if (bundle.length > MAX_BYTES) {
  console.error(`The bundle may have ${MAX_BYTES} bytes: what was added?`);
  process.exitCode = 1;
}
