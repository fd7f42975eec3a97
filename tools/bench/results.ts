/** The measurements of `npm run bench` and the tables made from them. */
import { readFileSync } from 'fs';
import { join } from 'path';
import { growthPlot, Line } from './growth-plot';
import type { HandlerTimes } from './handler';
import { ROOT } from '../assembly';
import { deploymentTime } from '../deployment-time';
import { measureTemplate, SizedTemplate, Template } from '../template-size';

/** CloudFormation's limits for a template. @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const MAX_RESOURCES = 500;

/** The cost of one process. */
export interface Measure {
  /** CPU time in milliseconds. */
  readonly cpu: number;
  /** Peak memory in MiB. */
  readonly memory: number;
}

/** The measurements of all apps, by round. */
export class Apps {
  private readonly measures: Map<string, Measure[]>;

  constructor(names: string[]) {
    this.measures = new Map(names.map(name => [name, []]));
  }

  public add(name: string, measure: Measure): void {
    this.of(name).push(measure);
  }

  public cpu(name: string): number {
    return median(this.of(name).map(measure => measure.cpu));
  }

  public memory(name: string): number {
    return median(this.of(name).map(measure => measure.memory));
  }

  /** The median of the ratios of each round. The measurements of one round are taken within seconds of each other. */
  public ratio(name: string, to: string): number {
    return median(this.of(name).map((measure, round) => measure.cpu / this.of(to)[round].cpu));
  }

  /** The numbers of runners for which there is an app of this kind. */
  public runners(kind: string): number[] {
    return [...this.measures.keys()].map(name => name.split('-')).filter(([own]) => own === kind).map(([, runners]) => Number(runners));
  }

  private of(name: string): Measure[] {
    return this.measures.get(name)!;
  }
}

/** CPU time by number of runners. */
export function growthOf(apps: Apps): { ours: Line; typed: Line } {
  const line = (kind: string, label: string, color: string): Line => ({
    label, color, points: apps.runners(kind).map(runners => ({ runners, milliseconds: apps.cpu(`${kind}-${runners}`) })),
  });
  return { ours: line('ours', 'this library', '#2f81f7'), typed: line('typed', 'typed L1', '#d29922') };
}

export function plotOf({ ours, typed }: ReturnType<typeof growthOf>): string {
  return growthPlot([ours, typed]);
}

export function printTables(apps: Apps, templates: Map<number, Template>, handler: HandlerTimes[], rounds: number): void {
  const sizes = new Map([...templates].map(([runners, template]) => [runners, measureTemplate(template)]));
  [
    synthesis(apps, Math.max(...sizes.keys())),
    templateSizes(sizes),
    growth(growthOf(apps)),
    deployment(templates.get(1)!),
    lambda(handler),
  ].forEach(rows => console.log(`\n${rows.map(row => `| ${row.join(' | ')} |`).join('\n')}`));
  console.log(`\nMedians of ${rounds} rounds, Node.js ${process.versions.node}.`);
}

function synthesis(apps: Apps, many: number): string[][] {
  const cpu = (name: string) => `${Math.round(apps.cpu(name))} ms`;
  const ratio = (name: string, to: string) => apps.ratio(name, to).toFixed(2);
  const memory = (name: string) => String(Math.round(apps.memory(name)));
  return table(['', 'this library', 'limit', 'typed L1', '`CfnResource`', 'cdk-github-runners'], [
    ['CPU time of a synthesis, one runner', cpu('ours-1'), '', cpu('typed-1'), cpu('generic'), cpu('cdk-github-runners')],
    ['÷ typed L1', ratio('ours-1', 'typed-1'), '1.25', '1', ratio('generic', 'typed-1'), ratio('cdk-github-runners', 'typed-1')],
    [`CPU time of a synthesis, ${many} runners in one stack`, cpu(`ours-${many}`), '', cpu(`typed-${many}`), '', ''],
    ['÷ typed L1', ratio(`ours-${many}`, `typed-${many}`), '1.35', '1', '', ''],
    ['peak memory of a synthesis, one runner, MiB', memory('ours-1'), '88', memory('typed-1'), memory('generic'), memory('cdk-github-runners')],
  ]);
}

function templateSizes(sizes: Map<number, SizedTemplate>): string[][] {
  const many = Math.max(...sizes.keys());
  const [one, last] = [sizes.get(1)!, sizes.get(many)!];
  const perRunner = (of: (template: SizedTemplate) => number) => (of(last) - of(one)) / (many - 1);
  const runnersPerStack = 1 + Math.floor((MAX_RESOURCES - one.resources) / perRunner(({ resources }) => resources));
  const bytesOfAll = one.bytes + (runnersPerStack - 1) * perRunner(({ bytes }) => bytes);
  return table(['', 'this library', 'limit'], [
    ['template bytes for each further runner', number(perRunner(({ bytes }) => bytes)), '17,500'],
    ['the same without indentation', number(perRunner(({ bytesWithoutIndentation }) => bytesWithoutIndentation)), '11,000'],
    ['resources of one runner', String(one.resources), ''],
    ['resources for each further runner', String(perRunner(({ resources }) => resources)), ''],
    ['runners in one stack', String(runnersPerStack), '37'],
    ['template bytes with so many', number(bytesOfAll), '800,000'],
    ['longest dependency chain, resources', String(one.longestChain), '5'],
    ['handler bundle, bytes', number(readFileSync(join(ROOT, 'assets', 'registration', 'index.js')).length), '32,000'],
  ]);
}

function growth({ ours, typed }: ReturnType<typeof growthOf>): string[][] {
  return table(['runners', 'this library', 'for each further runner', 'typed L1'], ours.points.map(({ runners, milliseconds }, index) => {
    const before = ours.points[index - 1];
    return [
      String(runners),
      `${Math.round(milliseconds)} ms`,
      before ? `${((milliseconds - before.milliseconds) / (runners - before.runners)).toFixed(1)} ms` : '',
      ...typed.points.filter(point => point.runners === runners).map(point => `${Math.round(point.milliseconds)} ms`),
    ];
  }));
}

function deployment(template: Template): string[][] {
  const { create, updateRegistration, delete: remove } = deploymentTime(template);
  return table(['model of a deployment, one runner', 'seconds (estimate)'], [
    ['create', String(create)],
    ['update without a change', '0: the CDK CLI does not start it'],
    ['update of the registration', String(updateRegistration)],
    ['delete', String(remove)],
  ]);
}

function lambda(times: HandlerTimes[]): string[][] {
  const ms = (of: (times: HandlerTimes) => number) => `${Math.round(median(times.map(of)))} ms`;
  return table(['Lambda, with services on loopback', 'this library', 'limit'], [
    ['load of the bundle', ms(({ load }) => load), '3 ms'],
    ['first event', ms(({ firstEvent }) => firstEvent), '62 ms'],
    ['next event', ms(({ nextEvent }) => nextEvent), '5 ms'],
  ]);
}

function table(head: string[], rows: string[][]): string[][] {
  return [head, head.map(() => '---'), ...rows.map(row => head.map((_, column) => row[column] ?? ''))];
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
