import { join } from 'path';
import type { BuildOptions } from 'esbuild';

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
  legalComments: 'none',
  // Fields are set in constructors; declaring them as well would only take room.
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  // The Lambda runtime brings the SDK.
  external: ['@aws-sdk/*'],
} satisfies BuildOptions;
