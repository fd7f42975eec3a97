/** Synthesizes the apps in the process of the tests, because a separate process would load the CDK for each deployment. */
import { join } from 'node:path';
import { lastAssembly, type CdkOptions } from '../../local/try/cdk';
import { runApp } from '../run-apps';

/** The context that the CDK CLI passes to an app. */
const CONTEXT = JSON.stringify({ 'aws:cdk:enable-path-metadata': true, 'aws:cdk:enable-asset-metadata': true });

/** Runs an app of `test/e2e/apps/` with the environment of a deployment. Returns the directory of its cloud assembly. */
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
