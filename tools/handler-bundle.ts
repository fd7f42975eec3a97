import { join } from 'path';
import type { BuildOptions } from 'esbuild';

/** The esbuild options of the handler's bundle. */
export const handlerBundle = {
  absWorkingDir: join(__dirname, '..'),
  entryPoints: ['src/registration/handler/index.ts'],
  bundle: true,
  platform: 'node',
  format: 'cjs',
  // The oldest Node.js version that runs the bundle: Lambda has 22 or later, and the trial also supports 20.
  target: 'node20',
  minify: true,
  keepNames: false,
  legalComments: 'none',
  // Constructors set the fields. Field declarations would only make the bundle larger.
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  // The Lambda runtime includes the AWS SDK.
  external: ['@aws-sdk/*'],
} satisfies BuildOptions;
