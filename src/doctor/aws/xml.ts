const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: '\'' };
const TOKEN = /<!\[CDATA\[([\s\S]*?)\]\]>|<!--[\s\S]*?-->|<[?!][^>]*>|<\/([^\s>]+)\s*>|<([^\s/>]+)[^>]*?(\/?)>|([^<]+)/g;

interface Element {
  readonly name: string;
  readonly children: [name: string, value: unknown][];
  text: string;
}

/**
 * The content of the root element of an answer of AWS. An element with children becomes an object, another one its text, and one whose children are all `member` or
 * `item` becomes a list. Siblings with the same name become a list, too. An empty list is an empty text: read lists with `list()`.
 *
 * @throws if the text is no XML
 */
export function parseXml(text: string): any {
  const root: Element = { name: '', children: [], text: '' };
  const open = [root];
  for (const [, cdata, closed, opened, isEmpty, characters] of text.matchAll(TOKEN)) {
    const current = open[open.length - 1];
    if (cdata !== undefined || characters !== undefined) {
      current.text += cdata ?? decode(characters);
    } else if (opened !== undefined && isEmpty) {
      current.children.push([opened, '']);
    } else if (opened !== undefined) {
      open.push({ name: opened, children: [], text: '' });
    } else if (closed !== undefined) {
      if (closed !== current.name) {
        throw new SyntaxError(`Expected the end of <${current.name}>, found the end of <${closed}>.`);
      }
      open.pop();
      open[open.length - 1].children.push([closed, valueOf(current)]);
    }
  }
  if (open.length !== 1 || root.children.length !== 1) {
    throw new SyntaxError('The text is no XML document.');
  }
  return root.children[0][1];
}

/** A list of an answer; one element or none is not a list on the wire. */
export function list(value: any): any[] {
  return Array.isArray(value) ? value : value === undefined || value === null || value === '' ? [] : [value];
}

function valueOf({ children, text }: Element): unknown {
  if (children.length === 0) {
    return text;
  }
  if (children.every(([name]) => name === 'member') || children.every(([name]) => name === 'item')) {
    return children.map(([, value]) => value);
  }
  const values = new Map<string, unknown[]>();
  for (const [name, value] of children) {
    values.set(name, [...values.get(name) ?? [], value]);
  }
  return Object.fromEntries([...values].map(([name, all]) => [name, all.length === 1 ? all[0] : all]));
}

function decode(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    const code = hex ? parseInt(hex, 16) : decimal ? Number(decimal) : undefined;
    return code === undefined ? ENTITIES[name] ?? whole : code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
  });
}
