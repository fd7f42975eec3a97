/**
 * Packages the library for all languages and installs each package into a clean environment. Then synthesizes all examples and the README's program
 * with it and compares the templates with those of TypeScript.
 *
 *   npm run bindings                     all languages
 *   npm run bindings -- --language go    one language: python, java, go
 */
import { readdirSync, readFileSync, rmSync } from 'fs';
import { join } from 'path';
import { parseArgs } from 'util';
import { compare, compareMessages, templatesIn } from './compare';
import { Difference, DIFFERENCES, Template } from './differences';
import { Any, ERRORS, install, Installed, NEWEST_CDK } from './install';
import { README, ADVICE } from './readme';
import { check, Check, report } from '../../tools/checks';
import { checkPackages, makePackages } from '../../tools/package';
import { Language, LANGUAGES, missing, ROOT } from '../../tools/toolchains';

const directories = (path: string) => readdirSync(path, { withFileTypes: true })
  .filter(entry => entry.isDirectory() && !/^(node_modules|\.venv|__pycache__|cdk\.out)$/.test(entry.name)).map(entry => entry.name).sort();
const EXAMPLES = directories(join(ROOT, 'examples', 'typescript'));
const PROGRAMS = [...EXAMPLES, README];
const title = (program: string) => program === README ? 'the README\'s program' : program;
const advice = (program: string) => program === README ? [ADVICE] : [];
const OUT = join(ROOT, '.local', 'bindings', 'cdk.out');

/** The context that the CDK CLI passes to an app. With it, the templates equal those of `cdk deploy`. */
const CONTEXT = JSON.stringify({ 'aws:cdk:enable-path-metadata': true, 'aws:cdk:enable-asset-metadata': true, 'aws:cdk:version-reporting': true });

interface Results {
  readonly templates: Record<string, Record<string, Template>>;
  readonly problems: Record<string, string>;
  readonly messages: Record<string, string>;
}

const began = Date.now();
function say(what: string): void {
  console.log(`${String(Math.round((Date.now() - began) / 1000)).padStart(4)} s  ${what}`);
}

/** Installs a language and runs its apps one after the other, because parallel compilers of one project interfere with each other. */
async function work(language: Any): Promise<Results> {
  const results: Results = { templates: {}, problems: {}, messages: {} };
  let installed: Installed;
  try {
    installed = await install(language);
  } catch (error) {
    PROGRAMS.forEach((program) => { results.problems[program] = (error as Error).message; });
    say(`${language}: not installed`);
    return results;
  }
  say(`${language}: installed`);
  const env = { CDK_CONTEXT_JSON: CONTEXT, CDK_VALIDATION: 'false' };
  const outdir = (program: string) => join(OUT, language, program);
  try {
    // The app with errors runs last, so its errors cannot affect the other apps.
    const { errors, messages } = await installed.runTogether(Object.fromEntries([...EXAMPLES, ERRORS].map(app => [app, outdir(app)])), env);
    Object.assign(results.problems, errors);
    Object.assign(results.messages, messages);
  } catch (error) {
    [...EXAMPLES, ERRORS].forEach((example) => { results.problems[example] = (error as Error).message; });
  }
  say(`${language}: the examples ran`);
  await installed.addReadme().then(async () => installed.runReadme({ ...env, CDK_OUTDIR: outdir(README) }))
    .catch((error: Error) => { results.problems[README] = error.message; });
  say(`${language}: the README's program ran`);
  PROGRAMS.filter(program => results.problems[program] === undefined).forEach((program) => { results.templates[program] = templatesIn(outdir(program)); });
  await installed.compileWithNewest?.().catch((error: Error) => { results.problems.newest = error.message; });
  return results;
}

/** The names of a language's examples, spelled as in TypeScript. */
function examplesOf(language: Language): string[] {
  if (language !== 'java') {
    return directories(join(ROOT, 'examples', language));
  }
  const names = readdirSync(join(ROOT, 'examples', 'java', 'src', 'main', 'java', 'com', 'myorg'));
  return names.map(file => file.replace('App.java', '').replace(/(?!^)[A-Z]/g, letter => `-${letter}`).toLowerCase()).sort();
}

/** Lists examples whose cdk.json has another command than that of the README's program. */
function otherCommands(language: Any, examples: string[]): string[] {
  const command = (example: string) => readFileSync(join(ROOT, 'examples', language, ...language === 'java' ? [] : [example], 'cdk.json'), 'utf8');
  return examples.filter(example => command(example) !== command('basic')).map(example => `${example}/cdk.json differs from basic/cdk.json`);
}

interface Sum {
  readonly checks: Check[];
  readonly templates: number;
  readonly differences: number;
}

function checkLanguage(language: Language, results: Results, reference: Results, seen: Set<Difference>): Sum {
  let templates = 0;
  let differences = 0;
  const checks: Check[] = PROGRAMS.map((program) => {
    const name = `${language}: ${title(program)}`;
    const problem = results.problems[program] ?? reference.problems[program];
    if (problem) {
      return check(name, [problem], ...advice(program));
    }
    const { unexplained, explained, templates: compared } = compare(reference.templates[program], results.templates[program], language);
    explained.forEach(difference => seen.add(difference));
    templates += compared;
    differences += unexplained.length;
    return check(name, unexplained, ...advice(program));
  });
  if (language === 'go') {
    checks.push(check(`go: compiles with aws-cdk-lib ${NEWEST_CDK}`, results.problems.newest === undefined ? [] : [results.problems.newest]));
  }
  const own = examplesOf(language);
  checks.push(check(`${language}: has the examples of TypeScript`, [
    ...own.join() === EXAMPLES.join() ? [] : [`expected ${EXAMPLES.join(', ')}; got ${own.join(', ')}.`],
    ...otherCommands(language, own),
  ], 'Write each example in all languages, and use the same command in each cdk.json of a language.'));
  const errors = results.problems.errors ?? reference.problems.errors;
  if (errors || Object.keys(reference.messages).length === 0) {
    checks.push(check(`${language}: errors`, [errors ?? 'expected messages of TypeScript to compare with; got none']));
  } else {
    checks.push(...compareMessages(reference.messages, results.messages, language).map(({ name, problem }) => check(`${language}: error "${name}"`, problem ? [problem] : [])));
  }
  return { checks, templates, differences };
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { language: { type: 'string', multiple: true }, json: { type: 'string' } } });
  const unknown = (values.language ?? []).find(name => !LANGUAGES.includes(name as Language));
  if (unknown !== undefined) {
    console.error(`There is no language "${unknown}": choose from ${LANGUAGES.join(', ')}.`);
    return 2;
  }
  const wanted = LANGUAGES.filter(language => values.language?.includes(language) ?? true);
  const lacks = wanted.map(language => ({ language, problem: missing(language) })).filter(({ problem }) => problem !== undefined);
  const languages = wanted.filter(language => !lacks.some(lack => lack.language === language));
  // Developers can skip languages that are not installed; the skip is reported. In CI, a missing language is an error.
  const strict = process.env.CI === 'true';
  const checks: Check[] = strict ? lacks.map(({ language, problem }) => check(`${language}: toolchain`, [problem!])) : [];
  if (!strict) {
    lacks.forEach(({ language, problem }) => console.log(`SKIPPED: ${language}. ${problem}`));
  }

  rmSync(OUT, { recursive: true, force: true });
  // The Go module is compiled with the examples.
  makePackages(['js', ...languages], { JSII_BUILD_GO: 'false' });
  checks.push(...checkPackages(['js', ...languages]));
  say('packages made');

  // Two languages run in parallel; those that take longest start first.
  const results: Partial<Record<Any, Results>> = {};
  const queue: Any[] = [...[...languages].reverse(), 'typescript'];
  await Promise.all([0, 1].map(async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      results[next] = await work(next);
    }
  }));

  const reference = results.typescript!;
  PROGRAMS.forEach(program => checks.push(check(`typescript: ${title(program)}`, Object.keys(reference.templates[program] ?? {}).length > 0
    ? [] : [reference.problems[program] ?? 'expected at least one template; got none'], ...advice(program))));
  checks.push(check('typescript: all examples have the same command', otherCommands('typescript', EXAMPLES), 'Only the command of the README\'s program is tested: use it in each cdk.json.'));
  const seen = new Set<Difference>();
  const sums = languages.map(language => checkLanguage(language, results[language]!, reference, seen));
  sums.forEach(sum => checks.push(...sum.checks));
  DIFFERENCES.filter(({ languages: those }) => those.some(language => languages.includes(language))).forEach(difference => checks.push(
    check(`difference: ${difference.what}`, seen.has(difference) ? [] : [`expected a template with this difference (${difference.why}); found none.`],
      'Remove it from test/bindings/differences.ts.')));

  report(checks, strict ? 0 : lacks.length);
  const failed = checks.filter(({ ok }) => !ok);
  console.log(`\nAllowed differences (${seen.size}):`);
  seen.forEach(({ what, why, languages: those }) => console.log(`  ${what} (${those.join(', ')}): ${why}`));
  const total = (of: 'templates' | 'differences') => sums.reduce((sum, part) => sum + part[of], 0);
  console.log(`\n${EXAMPLES.length} examples and the README's program x ${languages.length + 1} languages, ${total('templates')} templates compared with TypeScript's, `
    + `${total('differences')} unexplained differences; ${checks.length - failed.length} checks passed, ${failed.length} failed, `
    + `${strict ? 0 : lacks.length} languages skipped; ${Math.round((Date.now() - began) / 1000)} s`);
  return failed.length > 0 ? 1 : 0;
}

main().then((code) => { process.exitCode = code; }, (error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
