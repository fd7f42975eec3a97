/** Compares the construct with the smallest hand-written equivalent: synthesis time, memory and template size. `--help` lists the options. */
import { spawnSync } from 'child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import { compile, ROOT } from './assembly';
import { measureHandler } from './bench/handler';
import { Apps, growthOf, plotOf, printTables } from './bench/results';
import { readOptions, runProgram, UsageError } from './options';
import { installed, treeDirectory } from './packages';
import { Template } from './template-size';

const HELP = `Measures synthesis and templates of runners in an existing VPC, with the newest CDK. Compares them with the same resources as typed L1 constructs
and as CfnResource, and with cdk-github-runners. Each round runs all apps once; the tables show medians. Draws docs/pictures/synthesis-growth.svg.

  npm run bench                  9 rounds
  npm run bench -- --rounds N    N rounds`;
const TREE = {
  source: join(__dirname, 'bench'),
  installMessage: 'Installing the newest CDK and cdk-github-runners into .local/bench (once; about 200 MB)',
};
/** The numbers of runners in the apps with one stack. */
const RUNNERS = [1, 5, 15, 30];
/** The size of the largest app. */
const [STACKS, RUNNERS_PER_STACK] = [5, 20];
const PLOT = join(ROOT, 'docs', 'pictures', 'synthesis-growth.svg');

/** An app of the benchmark. `args` follow the output directory. */
interface BenchApp {
  readonly file: string;
  readonly args?: string[];
}

class Bench {
  private readonly directory = treeDirectory(TREE);
  private readonly work = mkdtempSync(join(tmpdir(), 'bench-'));

  public async run(rounds: number): Promise<void> {
    try {
      this.prepare();
      const baselines = new Map(RUNNERS.map(runners => [runners, this.baselines(runners)]));
      const apps: Record<string, BenchApp> = {
        'generic': baselines.get(1)!.generic,
        'cdk-github-runners': { file: 'github-runners.js' },
        ...Object.fromEntries(RUNNERS.flatMap(runners => [
          [`ours-${runners}`, { file: 'humanitec.js', args: [String(runners)] }],
          [`typed-${runners}`, baselines.get(runners)!.typed],
        ])),
        [`ours-${STACKS * RUNNERS_PER_STACK}`]: { file: 'humanitec.js', args: [String(RUNNERS_PER_STACK), String(STACKS)] },
      };
      const measures = new Apps(Object.keys(apps));
      for (let round = 0; round < rounds; round++) {
        // One round runs each app once, so a short slowdown of the machine affects all apps equally.
        Object.entries(apps).forEach(([name, app]) => measures.add(name, this.measure(app)));
      }
      const templates = new Map([...baselines].map(([runners, { template }]) => [runners, template]));
      printTables(measures, templates, await measureHandler(rounds), rounds);
      mkdirSync(dirname(PLOT), { recursive: true });
      writeFileSync(PLOT, plotOf(growthOf(measures)));
    } finally {
      rmSync(this.work, { recursive: true, force: true });
    }
  }

  /** Installs the library as it ships into the benchmark's packages. */
  private prepare(): void {
    installed(TREE, join('node_modules', 'aws-cdk-lib', 'package.json'));
    compile();
    const library = join(this.directory, 'node_modules', 'cdk-humanitec-ecs-runner');
    rmSync(library, { recursive: true, force: true });
    ['lib', 'assets', 'package.json'].forEach(part => cpSync(join(ROOT, part), join(library, part), { recursive: true }));
    cpSync(join(__dirname, 'bench', 'apps'), join(this.directory, 'apps'), { recursive: true });
  }

  /** Generates apps from the library's own template, so they always have the same resources. */
  private baselines(runners: number) {
    const assembly = join(this.work, `assembly-${runners}`);
    this.node('humanitec.js', assembly, String(runners));
    const [typed, generic] = ['typed', 'generic'].map(kind => `${kind}-${runners}.js`);
    this.node('baselines.js', assembly, 'Runners0', join(this.directory, 'apps', typed), join(this.directory, 'apps', generic));
    const template: Template = JSON.parse(readFileSync(join(assembly, 'Runners0.template.json'), 'utf8'));
    return { typed: { file: typed }, generic: { file: generic }, template };
  }

  private measure({ file, args = [] }: BenchApp) {
    const measures = join(this.work, 'measures.json');
    rmSync(measures, { force: true });
    const outdir = join(this.work, 'cdk.out');
    rmSync(outdir, { recursive: true, force: true });
    this.node('--require', join(this.directory, 'apps', 'measure.js'), join(this.directory, 'apps', file), outdir, ...args);
    if (!existsSync(measures)) {
      throw new Error(`${file} wrote no measurements to ${measures}.`);
    }
    return JSON.parse(readFileSync(measures, 'utf8'));
  }

  private node(...args: string[]): void {
    const [first, ...rest] = args;
    const { status, stdout, stderr } = spawnSync(process.execPath, [first.startsWith('-') ? first : join(this.directory, 'apps', first), ...rest], {
      cwd: this.directory, encoding: 'utf8', env: { PATH: process.env.PATH, CDK_VALIDATION: 'false', MEASURES: join(this.work, 'measures.json') },
    });
    if (status !== 0) {
      throw new Error(`${args.join(' ')} failed: ${`${stdout}${stderr}`.slice(-2000)}`);
    }
  }
}

runProgram(async () => {
  const { rounds = '9' } = readOptions({ rounds: 'text' }, HELP);
  if (!/^[1-9]\d*$/.test(rounds)) {
    throw new UsageError(`--rounds is '${rounds}': expected a whole number of at least 1.`);
  }
  await new Bench().run(Number(rounds));
  return true;
});
