/** Measures what the construct costs in synthesis and in the template, beside the least that a user could write for the same resources. `--help` lists the options. */
import { spawnSync } from 'child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { compile, ROOT } from './assembly';
import { readOptions, runProgram, UsageError } from './options';
import { installed, treeDirectory } from './packages';
import { measureTemplate, SizedTemplate } from './template-size';

const HELP = `Measures synthesis and templates of runners in an existing VPC, on the newest CDK, beside the same resources as typed L1 constructs, as
CfnResource, and beside cdk-github-runners. All apps run in turn, several times; the table has medians.

  npm run bench                  9 rounds
  npm run bench -- --rounds N    N rounds`;
const TREE = {
  source: join(__dirname, 'bench'),
  installMessage: 'Installing the newest CDK and cdk-github-runners into .local/bench (once; about 200 MB)',
};
const RUNNERS = 30;

interface Measure {
  readonly cpu: number;
  readonly memory: number;
}

/** An app of the bench, and the arguments after its output directory. */
interface BenchApp {
  readonly file: string;
  readonly args?: string[];
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

class Bench {
  private readonly directory = treeDirectory(TREE);
  private readonly work = mkdtempSync(join(tmpdir(), 'bench-'));

  public async run(rounds: number): Promise<void> {
    try {
      this.prepare();
      const [one, many] = [1, RUNNERS].map(count => this.baselines(count));
      const apps: Record<string, BenchApp> = {
        ours: { file: 'humanitec.js' },
        typed: one.typed,
        generic: one.generic,
        github: { file: 'github-runners.js' },
        manyOurs: { file: 'humanitec.js', args: [String(RUNNERS)] },
        manyTyped: many.typed,
      };
      const measures: Record<string, Measure[]> = Object.fromEntries(Object.keys(apps).map(name => [name, []]));
      for (let round = 0; round < rounds; round++) {
        // In turn, so that a slow minute of the machine concerns all.
        Object.entries(apps).forEach(([name, app]) => measures[name].push(this.measure(app)));
      }
      this.print(measures, one.template, many.template, rounds);
    } finally {
      rmSync(this.work, { recursive: true, force: true });
    }
  }

  /** The library as it ships, in the tree of the bench. */
  private prepare(): void {
    installed(TREE, join('node_modules', 'aws-cdk-lib', 'package.json'));
    compile();
    const library = join(this.directory, 'node_modules', 'cdk-humanitec-ecs-runner');
    rmSync(library, { recursive: true, force: true });
    ['lib', 'assets', 'package.json'].forEach(part => cpSync(join(ROOT, part), join(library, part), { recursive: true }));
    cpSync(join(__dirname, 'bench', 'apps'), join(this.directory, 'apps'), { recursive: true });
  }

  /** Apps that are generated from our own template, so that they always have the same resources. */
  private baselines(runners: number) {
    const assembly = join(this.work, `assembly-${runners}`);
    this.node('humanitec.js', assembly, String(runners));
    const [typed, generic] = ['typed', 'generic'].map(kind => `${kind}-${runners}.js`);
    this.node('baselines.js', assembly, 'Runners0', join(this.directory, 'apps', typed), join(this.directory, 'apps', generic));
    return { typed: { file: typed }, generic: { file: generic }, template: measureTemplate(JSON.parse(readFileSync(join(assembly, 'Runners0.template.json'), 'utf8'))) };
  }

  private measure({ file, args = [] }: BenchApp): Measure {
    const measures = join(this.work, 'measures.json');
    rmSync(measures, { force: true });
    const outdir = join(this.work, 'cdk.out');
    rmSync(outdir, { recursive: true, force: true });
    this.node('--require', join(this.directory, 'apps', 'measure.js'), join(this.directory, 'apps', file), outdir, ...args);
    if (!existsSync(measures)) {
      throw new Error(`${file} left no measures.`);
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

  private print(measures: Record<string, Measure[]>, one: SizedTemplate, many: SizedTemplate, rounds: number): void {
    const cpu = (name: string) => `${Math.round(median(measures[name].map(measure => measure.cpu)))} ms`;
    const memory = (name: string) => String(Math.round(median(measures[name].map(measure => measure.memory))));
    /** Of each round, as its measures were taken within seconds. */
    const ratio = (name: string, to: string) => median(measures[name].map((measure, round) => measure.cpu / measures[to][round].cpu)).toFixed(2);
    const perRunner = (of: (template: SizedTemplate) => number) => Math.round((of(many) - of(one)) / (RUNNERS - 1)).toLocaleString('en-US');
    const rows: string[][] = [
      ['', 'this library', 'typed L1', '`CfnResource`', 'cdk-github-runners'],
      ['---', '---', '---', '---', '---'],
      ['CPU time of a synthesis, one runner', cpu('ours'), cpu('typed'), cpu('generic'), cpu('github')],
      ['÷ typed L1', ratio('ours', 'typed'), '1', ratio('generic', 'typed'), ratio('github', 'typed')],
      [`CPU time of a synthesis, ${RUNNERS} runners in one stack`, cpu('manyOurs'), cpu('manyTyped'), '', ''],
      ['÷ typed L1', ratio('manyOurs', 'manyTyped'), '1', '', ''],
      ['peak memory of a synthesis, one runner, MiB', memory('ours'), memory('typed'), memory('generic'), memory('github')],
      ['template bytes for each further runner', perRunner(({ bytes }) => bytes), '', '', ''],
      ['the same without indentation', perRunner(({ bytesWithoutIndentation }) => bytesWithoutIndentation), '', '', ''],
      ['resources for each further runner', perRunner(({ resources }) => resources), '', '', ''],
      ['longest dependency chain, resources', String(one.longestChain), '', '', ''],
      ['handler bundle, bytes', statSize(join(ROOT, 'assets', 'registration', 'index.js')), '', '', ''],
    ];
    console.log(`\n${rows.map(row => `| ${row.join(' | ')} |`).join('\n')}\n\nMedians of ${rounds} rounds, Node.js ${process.versions.node}.`);
  }
}

function statSize(file: string): string {
  return readFileSync(file).length.toLocaleString('en-US');
}

runProgram(async () => {
  const { rounds = '9' } = readOptions({ rounds: 'text' }, HELP);
  if (!/^[1-9]\d*$/.test(rounds)) {
    throw new UsageError(`--rounds is '${rounds}': expected a whole number of at least 1.`);
  }
  await new Bench().run(Number(rounds));
  return true;
});
