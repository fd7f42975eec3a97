/**
 * Outside judges of what the library makes: cdk-nag in both of its generations, the CDK's own validation, cfn-lint and checkov, on every example and
 * on more apps. Nothing they find may be left unexplained, and no explanation may be left that nothing needs.
 *
 *   tsx --tsconfig tsconfig.dev.json test/judges/index.ts [--json FILE]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { availableParallelism, tmpdir } from 'os';
import { join } from 'path';
import { parseArgs } from 'util';
import { APPS, Assembly, assemble, FAULTY, Found, JudgedApp } from './apps';
import { EXCEPTIONS } from './exceptions';
import { TemplateJudges, Verdict } from './templates';
import { nagRules } from '../../tools/newest';

const NAG_PACKS = ['AwsSolutions', 'HIPAA.Security', 'NIST.800.53.R5', 'PCI.DSS.321'];

type Judge = (assembly: Assembly) => Verdict;

/** The rules in the table of controls, with their packs. */
function rulesOfSecurity(): string[] {
  const [, solutions, hipaa] = /^\| AwsSolutions \| (.+) \|\n\| HIPAA Security \| (.+) \|$/m.exec(readFileSync(join(__dirname, '..', '..', 'SECURITY.md'), 'utf8'))!;
  const names = (cell: string) => cell.split(', ').map(each => each.split(' ')[0]);
  return [...names(solutions).map(rule => `AwsSolutions-${rule}`), ...NAG_PACKS.slice(1).flatMap(pack => names(hipaa).map(rule => `${pack}-${rule}`))];
}

const isNag = (plugin: string) => NAG_PACKS.includes(plugin);

/** What the validation report has of the plugins. */
function reported({ report }: Assembly, plugins: (name: string) => boolean): Found[] {
  return report.pluginReports.filter(({ pluginName }) => plugins(pluginName)).flatMap(({ violations }) => violations.flatMap(violation =>
    violation.violatingConstructs.map(({ constructPath }) => ({
      rule: violation.ruleName, path: constructPath ?? 'the template', text: violation.description,
    }))));
}

async function judges(assemblies: Assembly[]): Promise<Record<string, Judge>> {
  const python = await TemplateJudges.install();
  const files = assemblies.flatMap(({ templates }) => templates);
  const [lint, checkov] = await Promise.all([python.cfnLint(files), python.checkov(files)]);
  const all = (verdicts: Map<string, Verdict>) => ({ templates }: Assembly) => ({
    found: templates.flatMap(file => verdicts.get(file)!.found), unused: templates.flatMap(file => verdicts.get(file)!.unused),
  });
  return {
    'cdk-nag 2': ({ two, unused }) => ({ found: two, unused: unused.two }),
    'cdk-nag 3': assembly => ({ found: reported(assembly, isNag), unused: assembly.unused.three }),
    'CDK': assembly => ({ found: reported(assembly, plugin => !isNag(plugin)), unused: [] }),
    'cfn-lint': all(lint),
    'checkov': all(checkov),
  };
}

async function assembleAll(apps: JudgedApp[], directory: string): Promise<Assembly[]> {
  const done: Assembly[] = [];
  const queue = [...apps.keys()];
  await Promise.all(Array.from({ length: availableParallelism() }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) done[next] = await assemble(apps[next], directory);
  }));
  return done;
}

async function judge(): Promise<{ name: string; ok: boolean }[]> {
  const directory = mkdtempSync(join(tmpdir(), 'judges-'));
  try {
    const assemblies = await assembleAll([FAULTY, ...APPS], directory);
    const checks: { name: string; ok: boolean }[] = [];
    const say = (name: string, problems: string[]) => {
      checks.push({ name, ok: problems.length === 0 });
      console.log([`${problems.length === 0 ? 'ok' : 'NOT OK'}  ${name}`, ...problems.map(problem => `        ${problem}`)].join('\n'));
    };
    const used = new Set<string>();
    for (const [name, verdict] of Object.entries(await judges(assemblies))) {
      for (const assembly of assemblies) {
        const { found, unused } = verdict(assembly);
        if (assembly.app === FAULTY) {
          say(`${name} looks`, found.length > 0 ? [] : [`expected findings in ${FAULTY.file}, and there are none: it did not run, or no longer objects to what is there.`]);
        } else {
          say(`${name}: ${assembly.app.name}`, [...unexplained(assembly.app, found, used), ...unused.map(({ rule, path }) =>
            `${rule} at ${path}: acknowledged, but not found. Take it out of src/common/acknowledgements.ts, or have it said only where it is found.`)]);
        }
      }
    }
    const left = EXCEPTIONS.flatMap(({ app, path, rules }) => rules.map(rule => `${rule} at ${path} in "${app}"`)).filter(key => !used.has(key));
    const rules = nagRules();
    say('the rules that SECURITY.md names are there', rulesOfSecurity().filter(rule => !new RegExp(`\\b${rule}\\b`).test(rules)).map(rule => `${rule}: cdk-nag has no such rule. Correct SECURITY.md.`));
    say('every exception is needed', left.map(key => `${key}: nobody finds it. Take it out of test/judges/exceptions.ts.`));
    return checks;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function unexplained(app: JudgedApp, found: Found[], used: Set<string>): string[] {
  return found.flatMap(({ rule, path, text }) => {
    if (EXCEPTIONS.some(exception => exception.app === app.name && exception.path === path && exception.rules.includes(rule))) {
      used.add(`${rule} at ${path} in "${app.name}"`);
      return [];
    }
    return [`${rule} at ${path}: ${text}\n          Mend it. If it is right as it is, say why: in src/common/acknowledgements.ts for what the library makes, in test/judges/exceptions.ts for what the app makes.`];
  });
}

const { values: { json } } = parseArgs({ options: { json: { type: 'string' } } });
const began = Date.now();
judge().then((checks) => {
  const failed = checks.filter(({ ok }) => !ok).length;
  console.log(`\n${checks.length - failed} passed, ${failed} failed, ${Math.round((Date.now() - began) / 1000)} s`);
  if (json) {
    writeFileSync(json, JSON.stringify({ checks }));
  }
  process.exitCode = failed > 0 ? 1 : 0;
}, (error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
