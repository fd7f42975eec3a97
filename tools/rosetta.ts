/** Translates the examples of the README and the docstrings with jsii-rosetta. */
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'fs';
import { dirname, join } from 'path';
import { compile, ROOT, run } from './assembly';

const DIRECTORY = join(ROOT, '.local', 'rosetta');
export const LANGUAGES = ['python', 'java', 'go'] as const;
export type Language = typeof LANGUAGES[number];

/** A TypeScript example with its translations. */
export interface Snippet {
  readonly typescript: string;
  readonly translations: Record<Language, string>;
}

/** Compiles all examples strictly against the compiled library, as users do, and translates them. Throws an error if one does not compile. */
export function translate(): Snippet[] {
  compile();
  // Rosetta runs on an installed copy of the library: it writes its results there, and must not find the TypeScript sources.
  rmSync(DIRECTORY, { recursive: true, force: true });
  const library = join(DIRECTORY, 'node_modules', 'cdk-humanitec-ecs-runner');
  mkdirSync(library, { recursive: true });
  ['package.json', '.jsii', '.jsii.gz'].forEach(file => copyFileSync(join(ROOT, file), join(library, file)));
  ['lib', 'rosetta'].forEach(directory => cpSync(join(ROOT, directory), join(library, directory), { recursive: true }));
  for (const peer of ['aws-cdk-lib', 'constructs', '@types']) {
    symlinkSync(join(ROOT, 'node_modules', peer), join(dirname(library), peer));
  }
  run('jsii-rosetta', 'extract', '--strict', '--directory', DIRECTORY, library);

  const tablet = JSON.parse(readFileSync(join(library, '.jsii.tabl.json'), 'utf8'));
  return Object.values<any>(tablet.snippets).map(({ translations }) => ({
    typescript: translations.$.source,
    translations: Object.fromEntries(LANGUAGES.map(language => [language, translations[language].source])) as Record<Language, string>,
  }));
}
