/**
 * Runs CDK apps one after the other in one process, because loading the CDK takes longer than most apps. Prints errors as JSON, by output directory.
 *
 *   tsx --tsconfig tsconfig.dev.json test/run-apps.ts '{"<directory of the cloud assembly>": "<file of the app>"}'
 */

/** Runs one app as the CDK CLI does. The app writes its cloud assembly when its process ends. */
export function runApp(file: string, outdir: string, context = process.env.CDK_CONTEXT_JSON ?? '{}'): void {
  Object.assign(process.env, { CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: context });
  // Lets an app run several times, with different contexts.
  delete require.cache[require.resolve(file)];
  module.require(file);
  process.emit('beforeExit', 0);
}

if (require.main === module) {
  const apps: Record<string, string> = JSON.parse(process.argv[2]);
  const errors: Record<string, string> = {};
  for (const [outdir, file] of Object.entries(apps)) {
    try {
      runApp(file, outdir);
    } catch (error) {
      errors[outdir] = String((error as Error).stack ?? error);
    }
  }
  console.log(JSON.stringify(errors));
}
