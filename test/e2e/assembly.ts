/** Synthesizes the apps of the end-to-end tests in the process of the tests: a process for each deployment would load the CDK again. */
import { join } from 'node:path';
import { lastAssembly, type CdkOptions } from '../../local/try/cdk';
import { runApp } from '../run-apps';

/** What the command line of the CDK passes to an app. */
const CONTEXT = JSON.stringify({ 'aws:cdk:enable-path-metadata': true, 'aws:cdk:enable-asset-metadata': true });

/** Runs an app of `test/e2e/apps/` in the environment that a deployment would give it, and returns the directory of its cloud assembly. */
export function assemblyOf(app: string, { env, scratch }: CdkOptions): string {
  const own = process.env;
  const outdir = lastAssembly(scratch);
  process.env = { ...env };
  try {
    runApp(join(__dirname, 'apps', `${app}.ts`), outdir, CONTEXT);
  } finally {
    process.env = own;
  }
  return outdir;
}
