/** Reads the documents of the repository: their links, anchors, code and tables. */
import { readdirSync, readFileSync } from 'fs';
import { dirname, join } from 'path';

export const ROOT = join(__dirname, '..', '..');
/** How documents that are shown elsewhere, such as on npm and PyPI, link to files of the repository. */
const REPOSITORY = /^https:\/\/(?:github\.com\/my-org\/cdk-humanitec-ecs-runner\/(?:blob|tree)|raw\.githubusercontent\.com\/my-org\/cdk-humanitec-ecs-runner)\/main(?:\/|$)/;
const GENERATED = ['docs/LICENSES.md'];

export interface Document {
  /** Path in the repository. */
  readonly path: string;
  readonly text: string;
}

export interface Link {
  readonly url: string;
  /** Path in the repository and anchor; undefined for other places. */
  readonly file?: string;
  readonly anchor?: string;
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** The documents that people write. */
export function documents(): Document[] {
  const below = (folder: string) => readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map(name => join(folder, name));
  return ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'examples/README.md', ...below('docs')].filter(path => path.endsWith('.md') && !GENERATED.includes(path)).sort()
    .map(path => ({ path, text: read(path) }));
}

/** The text without its blocks of code. */
export function prose(text: string): string {
  return text.replace(/^( *)```[\s\S]*?^\1```/gm, '');
}

/** The links of a document, with those of pictures. */
export function linksOf({ path, text }: Document): Link[] {
  const urls = [...prose(text).replace(/`[^`\n]*`/g, '').matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/g)].map(([, link, attribute]) => link ?? attribute);
  return urls.map((url) => {
    const [target, anchor] = url.split('#');
    if (REPOSITORY.test(url)) {
      return { url, file: target.replace(REPOSITORY, '').replace(/\?.*$/, '') || '.', anchor };
    }
    return /^[a-z]+:/.test(url) ? { url } : { url, file: target ? join(dirname(path), target) : path, anchor };
  });
}

/** The anchors that GitHub gives to the headings of a text. */
export function anchorsOf(text: string): string[] {
  const seen = new Map<string, number>();
  return [...prose(text).matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading]) => {
    const slug = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').trim().toLowerCase().replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '').replace(/ /g, '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count ? `${slug}-${count}` : slug;
  });
}

/** The blocks of code in a language. */
export function blocksOf(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^( *)\`\`\`${language}\\b[^\\n]*\\n([\\s\\S]*?)^\\1\`\`\``, 'gm'))].map(([, indent, block]) => block.replace(new RegExp(`^${indent}`, 'gm'), ''));
}

/** All tables: their rows with the header, without the line below the header. */
export function tablesOf(text: string): string[][][] {
  return text.split(/\n\s*\n/).map(part => part.split('\n').filter(line => /^ *\|/.test(line)).map(cellsOf))
    .filter(({ length }) => length > 0).map(([header, , ...rows]) => [header, ...rows]);
}

/** The rows of all tables whose header has the given cells first. */
export function rowsOf(text: string, ...header: string[]): string[][] {
  return tablesOf(text).filter(([first]) => header.every((cell, index) => first[index] === cell)).flatMap(([, ...rows]) => rows);
}

function cellsOf(line: string): string[] {
  return line.trim().replace(/^\||\|$/g, '').split(/(?<!\\)\|/).map(cell => cell.trim());
}
