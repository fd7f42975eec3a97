/** Bundles the registration handler into `assets/registration/index.js`, the one file that Lambda gets. */
import { readFileSync } from 'fs';
import { join } from 'path';
import { buildSync } from 'esbuild';

const MAX_BYTES = 20_000;
const root = join(__dirname, '..');
const outfile = join(root, 'assets', 'registration', 'index.js');

buildSync({
  absWorkingDir: root,
  entryPoints: ['src/registration/handler/index.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  // Runs on what Lambda has, and on the oldest Node that the trial is run with.
  target: 'node20',
  minify: true,
  keepNames: false,
  legalComments: 'none',
  // The Lambda runtime brings the SDK.
  external: ['@aws-sdk/*'],
  // Lambda has the SDK where require() looks for it; import() does not look there on every runtime.
  supported: { 'dynamic-import': false },
});

const { length } = readFileSync(outfile);
console.log(`assets/registration/index.js: ${length} bytes`);
if (length > MAX_BYTES) {
  console.error(`The bundle may have ${MAX_BYTES} bytes: what was added?`);
  process.exitCode = 1;
}
