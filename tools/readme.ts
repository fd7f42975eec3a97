/**
 * The README's examples in four languages. The TypeScript examples are compiled strictly; the other languages are generated from them.
 *
 *   npx projen readme              writes the translations into README.md
 *   tsx tools/readme.ts --check    checks them; part of `npm test -- --only api`
 */
import { readFileSync, writeFileSync } from 'fs';
import { join } from 'path';
import { readAssembly, ROOT } from './assembly';
import { check, Check, main } from './checks';
import { completed } from './completed';
import { Language, LANGUAGES, Snippet, translate } from './rosetta';

const README = join(ROOT, 'README.md');
const TITLES: Record<Language, string> = { python: 'Python', java: 'Java', go: 'Go' };
/** A TypeScript example and its translations. */
const EXAMPLE = /^```ts[^\n]*\n([\s\S]*?)\n```\n(?:\n<details><summary>(?:Python|Java|Go)<\/summary>\n[\s\S]*?<\/details>\n)*/gm;

/** The README with up-to-date translations. */
function translated(readme: string, snippets: Snippet[]): string {
  const assembly = readAssembly();
  return readme.replace(EXAMPLE, (all: string, typescript: string) => {
    const snippet = snippets.find(known => known.typescript.trim() === typescript.trim());
    if (!snippet) {
      throw new Error(`jsii-rosetta did not translate this example of README.md:\n${typescript}`);
    }
    const translations = completed(snippet, assembly);
    return all.slice(0, all.indexOf('\n```\n') + 5) + LANGUAGES.map(language =>
      `\n<details><summary>${TITLES[language]}</summary>\n\n\`\`\`${language}\n${translations[language]}\n\`\`\`\n\n</details>\n`).join('');
  });
}

/** Checks that all examples compile and that the translations are up to date. */
export function readmeChecks(): Check[] {
  const readme = readFileSync(README, 'utf8');
  const compiles = 'the examples of README and docstrings compile';
  const current = 'the Python, Java and Go examples of the README are current';
  let snippets: Snippet[];
  try {
    snippets = translate();
  } catch (error) {
    return [check(compiles, [(error as Error).message], 'Correct the example in README.md, or in the docstring.')];
  }
  const count = readme.match(EXAMPLE)?.length ?? 0;
  return [
    check(compiles, count > 0 ? [] : ['expected examples marked ```ts in README.md; found none'], 'Start each TypeScript example with ```ts.'),
    check(current, translated(readme, snippets) === readme ? [] : ['the Python, Java and Go examples in README.md differ from the TypeScript examples'],
      'Edit only the TypeScript examples, run `npx projen readme`, and commit the result.'),
  ];
}

if (require.main === module) {
  if (process.argv.includes('--check')) {
    main(readmeChecks);
  } else {
    const readme = readFileSync(README, 'utf8');
    writeFileSync(README, translated(readme, translate()));
  }
}
