/**
 * The README's examples in all four languages: those in TypeScript are compiled strictly, the others are made from them.
 *
 *   npx projen readme              writes the translations into README.md
 *   tsx tools/readme.ts --check    says whether they are there; part of `npm test -- --only api`
 */
import { readFileSync, writeFileSync } from 'fs';
import { join } from 'path';
import { readAssembly, ROOT } from './assembly';
import { check, Check, main } from './checks';
import { completed } from './completed';
import { Language, LANGUAGES, Snippet, translate } from './rosetta';

const README = join(ROOT, 'README.md');
const TITLES: Record<Language, string> = { python: 'Python', java: 'Java', go: 'Go' };
/** An example in TypeScript, and what follows of other languages. */
const EXAMPLE = /^```ts[^\n]*\n([\s\S]*?)\n```\n(?:\n<details><summary>(?:Python|Java|Go)<\/summary>\n[\s\S]*?<\/details>\n)*/gm;

/** The README as it has to be. */
function translated(readme: string, snippets: Snippet[]): string {
  const assembly = readAssembly();
  return readme.replace(EXAMPLE, (all: string, typescript: string) => {
    const snippet = snippets.find(known => known.typescript.trim() === typescript.trim());
    if (!snippet) {
      throw new Error(`jsii-rosetta knows no example like this one of the README:\n${typescript}`);
    }
    const translations = completed(snippet, assembly);
    return all.slice(0, all.indexOf('\n```\n') + 5) + LANGUAGES.map(language =>
      `\n<details><summary>${TITLES[language]}</summary>\n\n\`\`\`${language}\n${translations[language]}\n\`\`\`\n\n</details>\n`).join('');
  });
}

/** Whether all examples compile, and the README has their translations. */
export function readmeChecks(): Check[] {
  const readme = readFileSync(README, 'utf8');
  const compiles = 'the examples of README and docstrings compile';
  const current = 'the README has them in Python, Java and Go';
  let snippets: Snippet[];
  try {
    snippets = translate();
  } catch (error) {
    return [check(compiles, [(error as Error).message], 'Correct the example in README.md, or in the docstring.')];
  }
  const count = readme.match(EXAMPLE)?.length ?? 0;
  return [
    check(compiles, count > 0 ? [] : ['expected examples marked ```ts in README.md; found none'], 'Mark them so.'),
    check(current, translated(readme, snippets) === readme ? [] : ['README.md has other examples than those that are made from its TypeScript'],
      'Change the TypeScript only, run `npx projen readme`, and commit what it writes.'),
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
