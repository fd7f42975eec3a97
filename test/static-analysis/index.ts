/**
 * Checks all examples and some more apps with cdk-nag 2 and 3, the CDK's own validation, cfn-lint and checkov. Each finding must be accepted with a
 * reason, and each acceptance must match a finding.
 *
 *   tsx --tsconfig tsconfig.dev.json test/static-analysis/index.ts [--json FILE]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { parseArgs } from 'util';
import { APPS, Assembly, assemble, FAULTY, Found, AnalysedApp } from './apps';
import { EXCEPTIONS } from './exceptions';
import { Findings, TemplateTools } from './templates';
import { nagRules } from '../../tools/newest';

const NAG_PACKS = ['AwsSolutions', 'HIPAA.Security', 'NIST.800.53.R5', 'PCI.DSS.321'];

type Tool = (assembly: Assembly) => Findings;

/** The rules in the table of controls in SECURITY.md, with their rule packs. */
function rulesOfSecurity(): string[] {
  const [, solutions, hipaa] = /^\| AwsSolutions \| (.+) \|\n\| HIPAA Security \| (.+) \|$/m.exec(readFileSync(join(__dirname, '..', '..', 'SECURITY.md'), 'utf8'))!;
  const names = (cell: string) => cell.split(', ').map(each => each.split(' ')[0]);
  return [...names(solutions).map(rule => `AwsSolutions-${rule}`), ...NAG_PACKS.slice(1).flatMap(pack => names(hipaa).map(rule => `${pack}-${rule}`))];
}

const isNag = (plugin: string) => NAG_PACKS.includes(plugin);

/** The findings of the selected plugins in the validation report. */
function reported({ report }: Assembly, plugins: (name: string) => boolean): Found[] {
  return report.pluginReports.filter(({ pluginName }) => plugins(pluginName)).flatMap(({ violations }) => violations.flatMap(violation =>
    violation.violatingConstructs.map(({ constructPath }) => ({
      rule: violation.ruleName, path: constructPath ?? 'the template', text: violation.description,
    }))));
}

async function tools(assemblies: Assembly[]): Promise<Record<string, Tool>> {
  const python = await TemplateTools.install();
  const files = assemblies.flatMap(({ templates }) => templates);
  const [lint, checkov] = await Promise.all([python.cfnLint(files), python.checkov(files)]);
  const all = (findings: Map<string, Findings>) => ({ templates }: Assembly) => ({
    found: templates.flatMap(file => findings.get(file)!.found), unused: templates.flatMap(file => findings.get(file)!.unused),
  });
  return {
    'cdk-nag 2': ({ two, unused }) => ({ found: two, unused: unused.two }),
    'cdk-nag 3': assembly => ({ found: reported(assembly, isNag), unused: assembly.unused.three }),
    'CDK': assembly => ({ found: reported(assembly, plugin => !isNag(plugin)), unused: [] }),
    'cfn-lint': all(lint),
    'checkov': all(checkov),
  };
}

/** Synthesizes the apps in two processes. */
async function assembleAll(apps: AnalysedApp[], directory: string): Promise<Assembly[]> {
  const halves = [0, 1].map(half => apps.filter((_, index) => index % 2 === half));
  return (await Promise.all(halves.map(async half => assemble(half, directory)))).flat();
}

async function analyse(): Promise<{ name: string; ok: boolean }[]> {
  const directory = mkdtempSync(join(tmpdir(), 'static-analysis-'));
  try {
    const assemblies = await assembleAll([FAULTY, ...APPS], directory);
    const checks: { name: string; ok: boolean }[] = [];
    const addCheck = (name: string, problems: string[]) => {
      checks.push({ name, ok: problems.length === 0 });
      console.log([`${problems.length === 0 ? 'ok' : 'NOT OK'}  ${name}`, ...problems.map(problem => `        ${problem}`)].join('\n'));
    };
    const used = new Set<string>();
    for (const [name, findingsOf] of Object.entries(await tools(assemblies))) {
      for (const assembly of assemblies) {
        const { found, unused } = findingsOf(assembly);
        if (assembly.app === FAULTY) {
          addCheck(`${name} reports the faults of an app`, found.length > 0 ? [] : [`expected findings in ${FAULTY.file}; got none: the tool did not run, or its rules changed.`]);
        } else {
          addCheck(`${name}: ${assembly.app.name}`, [...unexplained(assembly.app, found, used), ...unused.map(({ rule, path }) =>
            `${rule} at ${path}: accepted, but not found. Remove the acceptance, or accept it only where it is found.`)]);
        }
      }
    }
    const unneeded = EXCEPTIONS.flatMap(({ app, path, rules }) => rules.map(rule => `${rule} at ${path} in "${app}"`)).filter(key => !used.has(key));
    const rules = nagRules();
    addCheck('cdk-nag has the rules that SECURITY.md names', rulesOfSecurity().filter(rule => !new RegExp(`\\b${rule}\\b`).test(rules)).map(rule => `${rule}: cdk-nag has no such rule. Correct SECURITY.md.`));
    addCheck('every exception is needed', unneeded.map(key => `${key}: no tool finds it. Remove it from test/static-analysis/exceptions.ts.`));
    return checks;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function unexplained(app: AnalysedApp, found: Found[], used: Set<string>): string[] {
  return found.flatMap(({ rule, path, text }) => {
    if (EXCEPTIONS.some(exception => exception.app === app.name && exception.path === path && exception.rules.includes(rule))) {
      used.add(`${rule} at ${path} in "${app.name}"`);
      return [];
    }
    return [`${rule} at ${path}: ${text}\n          Fix it. To accept it, give the reason: where the part of the library creates the resource, or in test/static-analysis/exceptions.ts for a resource of the app.`];
  });
}

const { values: { json } } = parseArgs({ options: { json: { type: 'string' } } });
const began = Date.now();
analyse().then((checks) => {
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
