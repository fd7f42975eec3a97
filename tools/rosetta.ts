/** What jsii-rosetta makes of the library's examples: those of the README, and those in docstrings. */
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'fs';
import { dirname, join } from 'path';
import { compile, ROOT, run } from './assembly';

const DIRECTORY = join(ROOT, '.local', 'rosetta');
export const LANGUAGES = ['python', 'java', 'go'] as const;
export type Language = typeof LANGUAGES[number];

/** An example in TypeScript and the other languages. */
export interface Snippet {
  readonly typescript: string;
  readonly translations: Record<Language, string>;
}

/** Compiles all examples strictly, as a user of the compiled library would, and translates them. Fails when one does not compile. */
export function translate(): Snippet[] {
  compile();
  // An installed copy of the library beside its peers: rosetta leaves its results in it, and must not find the sources.
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
