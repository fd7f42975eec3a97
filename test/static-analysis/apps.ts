/** The analysed apps and their synthesis. */
import { execFile } from 'child_process';
import { existsSync, readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { promisify } from 'util';
import { withoutAws } from '../../local/emulator/environment';
import { newestFlags, newestTsconfig } from '../../tools/newest';
import { EXAMPLES } from '../synthesize';

const ROOT = join(__dirname, '..', '..');
const run = promisify(execFile);
const MAX_OUTPUT = 64 * 1024 * 1024;

/** A finding of a tool: rule, construct and text. */
export interface Found {
  readonly rule: string;
  /** The path of the construct. */
  readonly path: string;
  readonly text: string;
}

/** The result that `synthesize.ts` writes. */
export interface Synthesized {
  readonly two: Found[];
  readonly unused: { readonly two: Found[]; readonly three: Found[] };
}

/** An app for `synthesize.ts`: its file, its context as JSON, the directory of the cloud assembly, and the file for the result. */
export interface Order {
  readonly file: string;
  readonly context: string;
  readonly outdir: string;
  readonly result: string;
}

/** An app to analyse. */
export interface AnalysedApp {
  readonly name: string;
  readonly file: string;
  /** Whether the app uses all feature flags that `cdk init` turns on. The examples run without them. */
  readonly flags?: boolean;
}

const example = (name: string) => join(ROOT, 'examples', 'typescript', name, 'app.ts');

export const APPS: AnalysedApp[] = [
  ...EXAMPLES.map(name => ({ name, file: example(name) })),
  { name: 'basic, with all flags', file: example('basic'), flags: true },
  { name: 'everything', file: join(__dirname, 'apps', 'everything.ts'), flags: true },
];

/** An app with faults that each tool must report. If a tool reports no fault, it did not run. */
export const FAULTY: AnalysedApp = { name: 'faulty', file: join(__dirname, 'apps', 'faulty.ts') };

/** A synthesized app. */
export interface Assembly extends Synthesized {
  readonly app: AnalysedApp;
  readonly templates: string[];
  readonly report: Report;
}

interface Report {
  readonly pluginReports: {
    readonly pluginName: string;
    readonly violations: { readonly ruleName: string; readonly description: string; readonly violatingConstructs: { readonly constructPath?: string }[] }[];
  }[];
}

/** Synthesizes apps in one process, because loading the CDK and cdk-nag takes longer than the synthesis. */
export async function assemble(apps: AnalysedApp[], directory: string): Promise<Assembly[]> {
  const orders = apps.map(({ name, file, flags }): Order => {
    const outdir = join(directory, name.replace(/\W+/g, '-'));
    const context = { ...flags ? newestFlags() : {}, '@aws-cdk/core:validateAgainstDefaultRules': true, 'aws:cdk:enable-path-metadata': true };
    return { file, outdir, context: JSON.stringify(context), result: `${outdir}.json` };
  });
  const args = ['--tsconfig', newestTsconfig(), join(__dirname, 'synthesize.ts'), JSON.stringify(orders)];
  let said = '';
  try {
    await run(join(ROOT, 'node_modules', '.bin', 'tsx'), args, { cwd: ROOT, env: withoutAws(), maxBuffer: MAX_OUTPUT });
  } catch (error) {
    // A synthesis with findings also ends with an error. Its findings are in the report.
    said = String((error as { stderr?: string }).stderr ?? error);
  }
  return apps.map((app, index) => {
    const { outdir, result } = orders[index];
    const report = join(outdir, 'validation-report.json');
    if (!existsSync(report) || !existsSync(result)) {
      throw new Error(`${app.name} could not be synthesized on the newest CDK, so it was not checked:\n${said.slice(-3000)}`);
    }
    return {
      app,
      ...JSON.parse(readFileSync(result, 'utf8')) as Synthesized,
      templates: readdirSync(outdir).filter(name => name.endsWith('.template.json')).map(name => join(outdir, name)),
      report: JSON.parse(readFileSync(report, 'utf8')),
    };
  });
}
