/** Reads links, anchors, code blocks and tables of the documents. */
import { readdirSync, readFileSync } from 'fs';
import { dirname, join } from 'path';

export const ROOT = join(__dirname, '..', '..');
/** The URL with which documents on other sites, such as npm and PyPI, link to files of the repository. */
const REPOSITORY = /^https:\/\/(?:github\.com\/my-org\/cdk-humanitec-ecs-runner\/(?:blob|tree)|raw\.githubusercontent\.com\/my-org\/cdk-humanitec-ecs-runner)\/main(?:\/|$)/;
const GENERATED = ['docs/LICENSES.md'];

export interface Document {
  /** The path in the repository. */
  readonly path: string;
  readonly text: string;
}

export interface Link {
  readonly url: string;
  /** The path in the repository, with the anchor. Undefined for links to other sites. */
  readonly file?: string;
  readonly anchor?: string;
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** The hand-written documents. */
export function documents(): Document[] {
  const below = (folder: string) => readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map(name => join(folder, name));
  return ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'examples/README.md', ...below('docs')].filter(path => path.endsWith('.md') && !GENERATED.includes(path)).sort()
    .map(path => ({ path, text: read(path) }));
}

/** The text without code blocks. */
export function prose(text: string): string {
  return text.replace(/^( *)```[\s\S]*?^\1```/gm, '');
}

/** The links of a document, including those to pictures. */
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

/** The anchors that GitHub generates for the headings of a text. */
export function anchorsOf(text: string): string[] {
  const seen = new Map<string, number>();
  return [...prose(text).matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading]) => {
    const slug = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').trim().toLowerCase().replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '').replace(/ /g, '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count ? `${slug}-${count}` : slug;
  });
}

/** The code blocks of a language. */
export function blocksOf(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^( *)\`\`\`${language}\\b[^\\n]*\\n([\\s\\S]*?)^\\1\`\`\``, 'gm'))].map(([, indent, block]) => block.replace(new RegExp(`^${indent}`, 'gm'), ''));
}

/** All tables. Each is a list of rows, including the header, without the separator line. */
export function tablesOf(text: string): string[][][] {
  return text.split(/\n\s*\n/).map(part => part.split('\n').filter(line => /^ *\|/.test(line)).map(cellsOf))
    .filter(({ length }) => length > 0).map(([header, , ...rows]) => [header, ...rows]);
}

/** The rows of all tables whose header starts with the given cells. */
export function rowsOf(text: string, ...header: string[]): string[][] {
  return tablesOf(text).filter(([first]) => header.every((cell, index) => first[index] === cell)).flatMap(([, ...rows]) => rows);
}

function cellsOf(line: string): string[] {
  return line.trim().replace(/^\||\|$/g, '').split(/(?<!\\)\|/).map(cell => cell.trim());
}
