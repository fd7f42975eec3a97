/** Draws the dashboard of `RunnerMonitoring` from the definitions of its widgets, with sample data: docs/pictures/dashboard.svg. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ApiToken, EcsRunner, Orchestrator, RunnerMonitoring } from '../src';
import { escaped, svg } from './svg';

/** A widget in the body of a dashboard. @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html */
interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: Record<string, any>;
}

// Lengths in pixels.
const COLUMN = 46;
const ROW = 37;
const MARGIN = 12;
const GAP = 8;
const CHARACTER = 7.3;
const STRONG_CHARACTER = 8.4;
const LINE = 19;

const RUNNER_ID = 'prod-runner';
/** Sample task counts of the last 24 hours, by metric name. Other metrics are 0. */
const SAMPLES: Record<string, number[]> = {
  TasksStarted: [2, 1, 0, 1, 0, 2, 6, 9, 14, 17, 15, 12, 11, 16, 18, 14, 13, 9, 6, 4, 3, 2, 1, 2],
  TasksStopped: [2, 1, 0, 1, 0, 2, 5, 9, 14, 18, 15, 12, 11, 16, 19, 14, 13, 9, 6, 4, 3, 2, 1, 2],
  TasksFailed: [0, 0, 0, 0, 0, 0, 0, 1, 1, 4, 2, 0, 0, 1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0],
  TasksFailedToStart: [0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  TasksFailedExitCode: [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
  TasksFailedSecretMissing: [0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  TasksFailedImageRoute: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  TasksFailedOutOfMemory: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
};
const HOURS = 24;
const FAMILY = 'family:humanitec_2f7e6f5e-6d0c';
/** Sample values for the columns of the query widgets, row by row. */
const CELLS: Record<string, string[]> = {
  '@timestamp': ['2026-01-23 17:57:58', '2026-01-23 14:12:40', '2026-01-23 09:31:07', '2026-01-23 09:02:55'],
  'stopCode': ['EssentialContainerExited', 'TaskFailedToStart', 'TaskFailedToStart', 'EssentialContainerExited'],
  'reason': ['Essential container in task exited', 'CannotPullContainerError: The task cannot pull …', 'ResourceInitializationError: unable to pull secrets …', 'OutOfMemoryError: container killed'],
  'exitCode': ['1', '', '', '137'],
  'containerReason': ['', '', '', 'OutOfMemoryError'],
  'startSeconds': ['112', '74', '61', '48'],
  'runSeconds': ['241', '1650', '87', '310'],
  'taskDefinition': [FAMILY, FAMILY, FAMILY, FAMILY],
  'task': Array.from({ length: 4 }, () => 'arn:aws:ecs:us-east-1:123456789012:task/…'),
};

/** Colours that are readable in light and in dark mode. */
const SERIES = ['#4493f8', '#d29922', '#db61a2', '#3fb950'];
const COLOURS = {
  'text': [{ property: 'fill', light: '#1f2328', dark: '#f0f6fc' }],
  '.faint': [{ property: 'fill', light: '#59636e', dark: '#9198a1' }],
  '.page': [{ property: 'fill', light: '#f6f8fa', dark: '#010409' }],
  '.widget': [{ property: 'fill', light: '#ffffff', dark: '#0d1117' }, { property: 'stroke', light: '#d1d9e0', dark: '#3d444d' }],
  '.line': [{ property: 'stroke', light: '#d1d9e0', dark: '#3d444d' }],
};
const STYLE = 'text{font:12px system-ui,"Segoe UI",Helvetica,Arial,sans-serif} .strong{font-weight:600} .value{font-size:26px} .graph{fill:none;stroke-width:2}';

/** The widgets of a runner with a fixed id. */
function widgets(): Widget[] {
  const stack = new Stack(new App({ treeMetadata: false }), 'RunnerStack', { env: { account: '123456789012', region: 'us-east-1' } });
  const apiToken = ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, 'ApiToken', 'humanitec-api-token'));
  const runner = new EcsRunner(stack, 'Runner', { orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken }), subnetIds: ['subnet-12345678'], runnerId: RUNNER_ID });
  runner.addRule('Rule');
  new RunnerMonitoring(stack, 'Monitoring', { runner });
  const [{ Properties: { DashboardBody: body } }] = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Dashboard'));
  // Only the runner id and the names of log groups are unknown at synthesis.
  return JSON.parse(body['Fn::Join'][1].map((part: unknown) => typeof part === 'string' ? part : RUNNER_ID).join('')).widgets;
}

/** The dashboard as SVG. */
export function drawDashboard(): string {
  const all = widgets();
  const width = 24 * COLUMN + 2 * MARGIN;
  const height = Math.max(...all.map(({ y, height: rows }) => y + rows)) * ROW + 2 * MARGIN;
  return svg({ title: `The dashboard of the runner ${RUNNER_ID}, with sample data`, width, height, colours: COLOURS, style: STYLE, parts: all.flatMap(drawWidget) });
}

function drawWidget({ type, x, y, width, height, properties }: Widget): string[] {
  const [left, top] = [MARGIN + x * COLUMN, MARGIN + y * ROW];
  const [inner, bottom] = [width * COLUMN - GAP, height * ROW - GAP];
  const content = type === 'text' ? drawText(properties.markdown, inner, bottom)
    : type === 'log' ? drawTable(properties, inner)
      : properties.view === 'singleValue' ? drawValues(properties, inner) : drawGraph(properties, inner, bottom);
  const title = properties.title === undefined ? [] : [`<text class="strong" x="12" y="24">${escaped(properties.title)}</text>`];
  return [`<g transform="translate(${left} ${top})">`, `<rect class="widget" width="${inner}" height="${bottom}" rx="6"/>`, ...title, ...content, '</g>'];
}

/** Draws a heading or a table with two columns. */
function drawText(markdown: string, width: number, height: number): string[] {
  const lines = markdown.split('\n');
  if (lines.length === 1) {
    return [`<text class="strong" x="12" y="${height / 2 + 5}">${escaped(lines[0].replace(/^#+ /, ''))}</text>`];
  }
  const rows = lines.filter(line => !/^\| -/.test(line)).map(line => line.split(' | ').map(cell => cell.replace(/^\| | \|$/g, '').replace(/\[([^\]]+)\]\([^)]+\)/g, '$1')));
  const second = Math.max(...rows.map(([cell]) => cell.length)) * CHARACTER + 40;
  const distance = Math.min(26, (height - 30) / rows.length);
  return rows.flatMap(([one, two], index) => {
    const y = 24 + index * distance;
    return [text(one, 12, y, second - 20, index === 0), text(two, second, y, width - second - 12, index === 0)];
  });
}

/** Draws one number for each metric: the sum of its samples. */
function drawValues({ metrics }: Widget['properties'], width: number): string[] {
  return metrics.flatMap((metric: any[], index: number) => {
    const x = 12 + index * (width - 16) / metrics.length;
    return [
      `<text class="value" x="${x}" y="110">${samplesOf(metric).reduce((sum, value) => sum + value, 0)}</text>`,
      `<text class="faint" x="${x}" y="132">${escaped(metric.at(-1).label)}</text>`,
    ];
  });
}

function drawGraph({ metrics, stacked }: Widget['properties'], width: number, height: number): string[] {
  // The legend lists only metrics with data.
  const names = (metrics as any[][]).map(metric => samplesOf(metric).some(value => value > 0) ? metric.at(-1).label as string : '').filter(Boolean);
  const columns = names.length > 2 ? 2 : 1;
  const legendTop = height - Math.ceil(names.length / columns) * 16 - 2;
  const [left, right, top, bottom] = [34, width - 14, 40, legendTop - 18];
  const series: number[][] = metrics.map(samplesOf).filter((values: number[]) => values.some(value => value > 0));
  const bases = series.map((_, index) => Array.from({ length: HOURS }, (__, hour) =>
    stacked ? series.slice(0, index).reduce((sum, each) => sum + each[hour], 0) : 0));
  const highest = Math.max(...series.flatMap((values, index) => values.map((value, hour) => value + bases[index][hour])));
  const point = (hour: number, value: number) => `${round(left + hour * (right - left) / (HOURS - 1))} ${round(bottom - value * (bottom - top) / highest)}`;
  const graphs = series.map((values, index) => {
    const upper = values.map((value, hour) => point(hour, value + bases[index][hour]));
    const lower = bases[index].map((value, hour) => point(hour, value)).reverse();
    return stacked ? `<path fill="${SERIES[index]}" fill-opacity=".75" d="M${[...upper, ...lower].join('L')}z"/>` : `<path class="graph" stroke="${SERIES[index]}" d="M${upper.join('L')}"/>`;
  });
  const legend = names.flatMap((name, index) => {
    const [x, y] = [12 + (index % columns) * (width - 20) / columns, legendTop + Math.floor(index / columns) * 16];
    return [`<rect x="${round(x)}" y="${y - 8}" width="9" height="9" fill="${SERIES[index]}"/>`, text(name, round(x) + 14, y, (width - 20) / columns - 22, false)];
  });
  return [
    `<path class="line" d="M${left} ${top}H${right}M${left} ${bottom}H${right}"/>`,
    `<text class="faint" x="${left - 6}" y="${top + 4}" text-anchor="end">${highest}</text>`, `<text class="faint" x="${left - 6}" y="${bottom + 4}" text-anchor="end">0</text>`,
    ...graphs, ...legend,
  ];
}

/** Draws the columns of the query, with sample values. */
function drawTable({ query }: Widget['properties'], width: number): string[] {
  const fields = /(?:^|\| )fields ([^\n]+)/.exec(query)![1];
  // A comma inside parentheses belongs to an expression.
  const names = fields.split(/, (?![^(]*\))/).map(field => field.split(' as ').at(-1)!.trim());
  const sizes = names.map(name => Math.min(name === 'reason' ? 40 : 11, Math.max(name.length, ...cellsOf(name).map(cell => cell.length))));
  const unit = (width - 24) / sizes.reduce((sum, size) => sum + size, 0);
  return names.flatMap((name, index) => {
    const x = round(12 + sizes.slice(0, index).reduce((sum, size) => sum + size, 0) * unit);
    return [name, ...cellsOf(name)].map((cell, row) => text(cell, x, 52 + row * LINE, sizes[index] * unit - 6, row === 0));
  });
}

function cellsOf(name: string): string[] {
  const cells = CELLS[name];
  if (!cells) throw new Error(`Expected sample values of the column "${name}". Add them to CELLS.`);
  return cells;
}

function samplesOf([, name]: any[]): number[] {
  return SAMPLES[name] ?? Array.from({ length: HOURS }, () => 0);
}

function text(content: string, x: number, y: number, width: number, isStrong: boolean): string {
  const characters = Math.floor(width / (isStrong ? STRONG_CHARACTER : CHARACTER));
  const shown = content.length > characters ? `${content.slice(0, Math.max(1, characters - 1)).trimEnd()}…` : content;
  return `<text${isStrong ? ' class="strong"' : ''} x="${x}" y="${round(y)}">${escaped(shown)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
