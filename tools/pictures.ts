/**
 * Draws the pictures of the documents. Each sequence diagram docs/pictures/<name>.txt becomes docs/pictures/<name>.svg. `dashboard-picture.ts` draws
 * the dashboard.
 *
 *   npx projen pictures      writes the SVG files; `npm run docs:check` fails if they are out of date
 *
 * The source of a diagram has one element per line: `title TEXT`, `actor ID NAME`, `group NAME` … `end` around actors, `section TEXT`, `ID -> ID
 * TEXT` for a call and `ID --> ID TEXT` for an answer.
 */
import { readdirSync, readFileSync, writeFileSync } from 'fs';
import { join } from 'path';
import { drawDashboard } from './dashboard-picture';
import { Colours, escaped, svg } from './svg';

const FOLDER = join(__dirname, '..', 'docs', 'pictures');

// Lengths in pixels. CHARACTER is the width of a character in a common 13-pixel sans-serif font, rounded up.
const COLUMN = 164;
const MARGIN = 20;
const CHARACTER = 7;
const LINE = 17;
const ACTOR_HEIGHT = 34;
const SELF_CALL = 26;

/** Colours of each CSS class in light and in dark mode. */
const COLOURS: Colours = {
  'text': [{ property: 'fill', light: '#1f2328', dark: '#f0f6fc' }],
  '.faint': [{ property: 'fill', light: '#59636e', dark: '#9198a1' }],
  '.page': [{ property: 'fill', light: '#ffffff', dark: '#0d1117' }],
  '.group': [{ property: 'fill', light: '#f6f8fa', dark: '#151b23' }, { property: 'stroke', light: '#d1d9e0', dark: '#3d444d' }],
  '.actor': [{ property: 'fill', light: '#ddf4ff', dark: '#121d2f' }, { property: 'stroke', light: '#0969da', dark: '#4493f8' }],
  '.life': [{ property: 'stroke', light: '#d1d9e0', dark: '#3d444d' }],
  '.call': [{ property: 'stroke', light: '#0969da', dark: '#4493f8' }],
  '.tip': [{ property: 'fill', light: '#0969da', dark: '#4493f8' }],
};
const STYLE = 'text{font:13px system-ui,"Segoe UI",Helvetica,Arial,sans-serif} .strong{font-weight:600} .call{fill:none;stroke-width:1.5} .answer{stroke-dasharray:5 4}';

interface Actor { readonly id: string; readonly name: string; readonly x: number }
interface Group { readonly name: string; readonly first: number; last: number }
interface Step { readonly kind: 'section' | 'call' | 'answer'; readonly from: string; readonly to: string; readonly text: string }
interface Picture { readonly title: string; readonly actors: Actor[]; readonly groups: Group[]; readonly steps: Step[] }

function parse(source: string): Picture {
  let title = '';
  const actors: Actor[] = [];
  const groups: Group[] = [];
  const steps: Step[] = [];
  for (const line of source.split('\n').map(text => text.trim()).filter(text => text !== '')) {
    const [word, second, third] = line.split(' ');
    const rest = line.slice(word.length + 1);
    if (second === '->' || second === '-->') {
      const unknown = [word, third].find(id => !actors.some(actor => actor.id === id));
      if (unknown !== undefined) throw new Error(`Expected an actor in "${line}"; found "${unknown}". Define it above with "actor ${unknown} NAME".`);
      steps.push({ kind: second === '->' ? 'call' : 'answer', from: word, to: third, text: line.split(' ').slice(3).join(' ') });
    } else if (word === 'title') {
      title = rest;
    } else if (word === 'actor') {
      actors.push({ id: second, name: rest.slice(second.length + 1), x: MARGIN + COLUMN / 2 + actors.length * COLUMN });
    } else if (word === 'group') {
      groups.push({ name: rest, first: actors.length, last: Infinity });
    } else if (word === 'end') {
      groups[groups.length - 1].last = actors.length - 1;
    } else if (word === 'section') {
      steps.push({ kind: 'section', from: '', to: '', text: rest });
    } else {
      throw new Error(`Expected title, actor, group, end, section or a call; found "${line}".`);
    }
  }
  return { title, actors, groups, steps };
}

/** Draws a sequence diagram as SVG. */
export function draw(source: string): string {
  const { title, actors, groups, steps } = parse(source);
  const width = 2 * MARGIN + actors.length * COLUMN;
  const top = 46 + ACTOR_HEIGHT;
  const parts: string[] = [];
  let y = top + 12;
  let number = 0;
  for (const { kind, from, to, text } of steps) {
    if (kind === 'section') {
      y += LINE + 12;
      parts.push(`<text class="strong" x="${MARGIN + 4}" y="${y - 4}">${escaped(text)}</text>`, `<path class="life" d="M${MARGIN} ${y + 2}H${width - MARGIN}"/>`);
      y += 8;
      continue;
    }
    const [start, end] = [from, to].map(id => actors.find(actor => actor.id === id)!.x);
    const isSelf = start === end;
    const lines = wrapped(`${++number}. ${text}`, Math.floor(((isSelf ? COLUMN : Math.abs(end - start)) - (isSelf ? SELF_CALL + 14 : 16)) / CHARACTER));
    y += 10 + lines.length * LINE;
    const place = isSelf ? `x="${start + SELF_CALL + 8}"` : `x="${(start + end) / 2}" text-anchor="middle"`;
    const textTop = isSelf ? y - (lines.length - 1) * LINE + 2 : y - (lines.length - 1) * LINE - 6;
    lines.forEach((line, index) => parts.push(`<text ${place} y="${textTop + index * LINE}">${escaped(line)}</text>`));
    const style = `class="call${kind === 'answer' ? ' answer' : ''}"`;
    if (isSelf) {
      parts.push(`<path ${style} d="M${start} ${y - 14}h${SELF_CALL}v16h-${SELF_CALL - 7}"/>`, tip(start, y + 2, -1));
      y += 6;
    } else {
      const direction = Math.sign(end - start);
      parts.push(`<path ${style} d="M${start} ${y}H${end - direction * 7}"/>`, tip(end, y, direction));
    }
  }
  const height = y + 24;
  const frames = groups.map(({ name, first, last }) => {
    const [left, right] = [actors[first].x - COLUMN / 2 + 4, actors[last].x + COLUMN / 2 - 4];
    return `<rect class="group" x="${left}" y="14" width="${right - left}" height="${height - 24}" rx="8"/>`
      + `<text class="faint" x="${(left + right) / 2}" y="32" text-anchor="middle">${escaped(name)}</text>`;
  });
  const heads = actors.map(({ name, x }) => `<path class="life" d="M${x} ${top}V${height - 14}"/>`
    + `<rect class="actor" x="${x - COLUMN / 2 + 14}" y="${top - ACTOR_HEIGHT}" width="${COLUMN - 28}" height="${ACTOR_HEIGHT}" rx="6"/>`
    + `<text class="strong" x="${x}" y="${top - 12}" text-anchor="middle">${escaped(name)}</text>`);
  return svg({ title, width, height, colours: COLOURS, style: STYLE, parts: [...frames, ...heads, ...parts] });
}

function tip(x: number, y: number, direction: number): string {
  return `<path class="tip" d="M${x} ${y}l${-8 * direction} -4v8z"/>`;
}

function wrapped(text: string, characters: number): string[] {
  return text.split(' ').reduce<string[]>((lines, word) => {
    const last = lines[lines.length - 1];
    return last !== undefined && `${last} ${word}`.length <= characters ? [...lines.slice(0, -1), `${last} ${word}`] : [...lines, word];
  }, []);
}

/** The path and expected content of each SVG file. */
export function pictures(): { readonly file: string; readonly content: string }[] {
  return [
    ...readdirSync(FOLDER).filter(file => file.endsWith('.txt'))
      .map(file => ({ file: join(FOLDER, file.replace(/\.txt$/, '.svg')), content: draw(readFileSync(join(FOLDER, file), 'utf8')) })),
    { file: join(FOLDER, 'dashboard.svg'), content: drawDashboard() },
  ];
}

if (require.main === module) {
  pictures().forEach(({ file, content }) => writeFileSync(file, content));
}
