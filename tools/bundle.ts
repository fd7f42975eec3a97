/** Bundles the registration handler into `assets/registration/index.js`, the only file deployed to Lambda. */
import { createHash } from 'crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'fs';
import { dirname, join } from 'path';
import { buildSync } from 'esbuild';
import { handlerBundle } from './handler-bundle';

const MAX_BYTES = 32_000;
const outfile = join(__dirname, '..', 'assets', 'registration', 'index.js');

const [{ contents }] = buildSync({ ...handlerBundle, outfile, write: false }).outputFiles;
const bundle = Buffer.from(contents);
// An unchanged bundle is not written again, because tests running in parallel read it.
if (!existsSync(outfile) || !readFileSync(outfile).equals(bundle)) {
  mkdirSync(dirname(outfile), { recursive: true });
  writeFileSync(outfile, bundle);
}
console.log(`assets/registration/index.js: ${bundle.length} bytes, SHA-256 ${createHash('sha256').update(bundle).digest('hex')}`);
if (bundle.length > MAX_BYTES) {
  console.error(`The bundle has ${bundle.length} bytes; the limit is ${MAX_BYTES}. Make the handler smaller.`);
  process.exitCode = 1;
}
