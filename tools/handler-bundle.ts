import { join } from 'path';
import type { BuildOptions } from 'esbuild';

/** Methods of the handler's own classes, and names that only its own code reads: no API, event or log has them. */
const OWN_NAMES = [
  'checkAccess', 'checkState', 'claimOrAdopt', 'createdIn', 'createRule', 'createRunner', 'deleteRule', 'deleteRunner', 'findFailedReplacement', 'findOrCreate', 'getRunner',
  'isAdopted', 'isNamed', 'isOfThisRequest', 'isReplacement', 'keepInUse', 'listRules', 'mayBeOverwritten', 'patchRunner', 'permissionsMayBeNew', 'previousRule',
  'readToken', 'reasons', 'recently', 'refusal', 'removeFailedReplacement', 'removeUnanswered', 'uncertain', 'withoutWriteWindow', 'writesUntil',
];

/** How the handler is bundled. */
export const handlerBundle = {
  absWorkingDir: join(__dirname, '..'),
  entryPoints: ['src/registration/handler/index.ts'],
  bundle: true,
  platform: 'node',
  format: 'cjs',
  // Runs on what Lambda has, and on the oldest Node that the trial is run with.
  target: 'node20',
  minify: true,
  keepNames: false,
  mangleProps: new RegExp(`^(?:${OWN_NAMES.join('|')})$`),
  legalComments: 'none',
  // Fields are set in constructors; declaring them as well would only take room.
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  // The Lambda runtime brings the SDK.
  external: ['@aws-sdk/*'],
} satisfies BuildOptions;
