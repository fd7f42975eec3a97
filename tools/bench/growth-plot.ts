/** Draws synthesis time by number of runners as an SVG image. Its colours are readable in light and in dark mode. */

export interface Point {
  readonly runners: number;
  readonly milliseconds: number;
}

export interface Line {
  readonly label: string;
  readonly color: string;
  readonly points: Point[];
}

const [WIDTH, HEIGHT] = [640, 320];
const MARGIN = { left: 64, right: 150, top: 20, bottom: 48 };
const TEXT = 'fill="#7d8590" font-family="sans-serif" font-size="12"';

export function growthPlot(lines: Line[]): string {
  const points = lines.flatMap(line => line.points);
  const maxRunners = Math.max(...points.map(point => point.runners));
  const step = stepOf(Math.max(...points.map(point => point.milliseconds)));
  const maxMs = step * Math.ceil(Math.max(...points.map(point => point.milliseconds)) / step);
  const x = (runners: number) => round(MARGIN.left + runners / maxRunners * (WIDTH - MARGIN.left - MARGIN.right));
  const y = (ms: number) => round(HEIGHT - MARGIN.bottom - ms / maxMs * (HEIGHT - MARGIN.top - MARGIN.bottom));
  const grid = Array.from({ length: maxMs / step + 1 }, (_, index) => index * step).flatMap(ms => [
    `<line x1="${x(0)}" y1="${y(ms)}" x2="${x(maxRunners)}" y2="${y(ms)}" stroke="#7d8590" stroke-opacity="0.3"/>`,
    `<text x="${x(0) - 8}" y="${y(ms) + 4}" text-anchor="end" ${TEXT}>${ms.toLocaleString('en-US')} ms</text>`,
  ]);
  const ticks = [...new Set(points.map(point => point.runners))].sort((a, b) => a - b)
    .map(runners => `<text x="${x(runners)}" y="${HEIGHT - MARGIN.bottom + 18}" text-anchor="middle" ${TEXT}>${runners}</text>`);
  const curves = lines.flatMap(({ label, color, points: own }) => {
    const last = own[own.length - 1];
    return [
      `<polyline fill="none" stroke="${color}" stroke-width="2" points="${own.map(point => `${x(point.runners)},${y(point.milliseconds)}`).join(' ')}"/>`,
      ...own.map(point => `<circle cx="${x(point.runners)}" cy="${y(point.milliseconds)}" r="3" fill="${color}"/>`),
      `<text x="${x(last.runners) + 10}" y="${y(last.milliseconds) + 4}" fill="${color}" font-family="sans-serif" font-size="12">${label}</text>`,
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="CPU time of a synthesis by number of runners">`,
    ...grid, ...ticks,
    `<text x="${x(maxRunners / 2)}" y="${HEIGHT - 8}" text-anchor="middle" ${TEXT}>runners in the app</text>`,
    ...curves,
    '</svg>', '',
  ].join('\n');
}

/** The distance between grid lines. It gives four to eight lines. */
function stepOf(max: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(max));
  return [0.2, 0.5, 1, 2].map(factor => factor * magnitude).find(step => max / step <= 8)!;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
