/** Bundles the registration handler into `assets/registration/index.js`, the one file that Lambda gets. */
import { readFileSync } from 'fs';
import { join } from 'path';
import { buildSync } from 'esbuild';
import { handlerBundle } from './handler-bundle';

const MAX_BYTES = 20_000;
const outfile = join(__dirname, '..', 'assets', 'registration', 'index.js');

buildSync({ ...handlerBundle, outfile });

const { length } = readFileSync(outfile);
console.log(`assets/registration/index.js: ${length} bytes`);
if (length > MAX_BYTES) {
  console.error(`The bundle may have ${MAX_BYTES} bytes: what was added?`);
  process.exitCode = 1;
}
