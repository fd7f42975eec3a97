/** Bundles the registration handler into `assets/registration/index.js`, the one file that Lambda gets. */
import { createHash } from 'crypto';
import { readFileSync } from 'fs';
import { join } from 'path';
import { buildSync } from 'esbuild';
import { handlerBundle } from './handler-bundle';

const MAX_BYTES = 20_000;
const outfile = join(__dirname, '..', 'assets', 'registration', 'index.js');

buildSync({ ...handlerBundle, outfile });

const bundle = readFileSync(outfile);
console.log(`assets/registration/index.js: ${bundle.length} bytes, SHA-256 ${createHash('sha256').update(bundle).digest('hex')}`);
if (bundle.length > MAX_BYTES) {
  console.error(`The bundle may have ${MAX_BYTES} bytes: what was added?`);
  process.exitCode = 1;
}
