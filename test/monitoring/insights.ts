/**
 * Runs CloudWatch Logs Insights queries on JSON events, because MiniStack supports neither `stats` nor `parse`. Supports only the parts of the
 * language that the saved queries use; anything else is an error.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
 */

export type Row = Record<string, string | number | undefined>;
type Value = string | number | boolean | undefined;
type Read = (field: string) => Value;

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|(\d+)|([@A-Za-z][\w.]*)|([=+\-*%(),]))/y;

/** Parses and evaluates one expression, condition or list. */
class Expression {
  private readonly tokens: string[] = [];
  private position = 0;

  constructor(text: string, private readonly read: Read) {
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < text.trimEnd().length) {
      const start = TOKEN.lastIndex;
      const match = TOKEN.exec(text);
      if (!match) throw new Error(`Syntax error at: ${text.slice(start)}`);
      this.tokens.push(match[0].trim());
    }
  }

  /** The values of a list such as `a, b + 1 as c`, by name. */
  public list(): [name: string, value: Value][] {
    const items: [string, Value][] = [];
    do {
      const start = this.position;
      const value = this.or();
      const text = this.tokens.slice(start, this.position).join('');
      items.push([this.accept('as') ? this.name() : text, value]);
    } while (this.accept(','));
    this.end();
    return items;
  }

  private name(): string {
    const name = this.tokens[this.position++];
    if (!/^[A-Za-z]\w*$/.test(name ?? '')) throw new Error(`Expected a name; found ${name}`);
    return name;
  }

  public condition(): boolean {
    const value = this.or();
    this.end();
    return value === true;
  }

  private end(): void {
    if (this.position < this.tokens.length) throw new Error(`Expected the end of the command; found ${this.tokens.slice(this.position).join(' ')}`);
  }

  private accept(...expected: string[]): string | undefined {
    return expected.includes(this.tokens[this.position]) ? this.tokens[this.position++] : undefined;
  }

  private or(): Value {
    let value = this.and();
    while (this.accept('or')) value = [value, this.and()].includes(true);
    return value;
  }

  private and(): Value {
    let value = this.not();
    while (this.accept('and')) value = [value, this.not()].every(each => each === true);
    return value;
  }

  private not(): Value {
    return this.accept('not') ? this.not() !== true : this.comparison();
  }

  private comparison(): Value {
    const left = this.sum();
    switch (this.accept('=', 'like')) {
      case '=': return left === this.sum();
      case 'like': {
        const part = this.sum();
        return typeof left === 'string' && left.includes(String(part));
      }
      default: return left;
    }
  }

  private sum(): Value {
    let value = this.product();
    for (let operator = this.accept('+', '-'); operator; operator = this.accept('+', '-')) {
      const right = Number(this.product());
      value = operator === '+' ? Number(value) + right : Number(value) - right;
    }
    return value;
  }

  private product(): Value {
    let value = this.primary();
    for (let operator = this.accept('*', '%'); operator; operator = this.accept('*', '%')) {
      const right = Number(this.primary());
      value = operator === '*' ? Number(value) * right : Number(value) % right;
    }
    return value;
  }

  private primary(): Value {
    const token = this.tokens[this.position++];
    if (token === '(') {
      const value = this.or();
      if (!this.accept(')')) throw new Error('Expected ")"');
      return value;
    }
    if (token?.startsWith('"')) return JSON.parse(token) as string;
    if (/^\d+$/.test(token ?? '')) return Number(token);
    if (!/^[@A-Za-z]/.test(token ?? '') || this.tokens[this.position] === '(') throw new Error(`Expected a value; found ${token}`);
    return this.read(token);
  }
}

/** The result rows of a query. */
export function runQuery(query: string, events: readonly object[]): Row[] {
  let rows: { readonly event: object; readonly made: Row }[] = events.map(event => ({ event, made: { '@timestamp': (event as { time?: string }).time } }));
  let columns: string[] = ['@timestamp'];
  const reader = ({ event, made }: typeof rows[number]): Read => field => field in made ? made[field] : valueAt(event, field);
  const show = (names: string[]) => { columns = [...new Set([...columns.filter(name => name !== '@timestamp' || names.includes(name)), ...names])]; };
  for (const [command, rest] of query.split('\n| ').map(line => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)])) {
    switch (command) {
      case 'filter':
        rows = rows.filter(row => new Expression(rest, reader(row)).condition());
        break;
      case 'fields': {
        rows = rows.map(row => ({ ...row, made: { ...row.made, ...Object.fromEntries(new Expression(rest, reader(row)).list()) as Row } }));
        show(new Expression(rest, () => undefined).list().map(([name]) => name));
        break;
      }
      case 'parse':
        rows = rows.map(row => ({ ...row, made: { ...row.made, ...parse(rest, reader(row)) } }));
        break;
      case 'stats': {
        const [aggregates, groups] = rest.split(' by ');
        const keyOf = (row: typeof rows[number]) => new Expression(groups, reader(row)).list();
        const groupsOfRows = new Map<string, typeof rows>();
        for (const row of rows) {
          const key = JSON.stringify(keyOf(row));
          groupsOfRows.set(key, [...groupsOfRows.get(key) ?? [], row]);
        }
        rows = [...groupsOfRows.values()].map(members =>
          ({ event: {}, made: { ...Object.fromEntries(keyOf(members[0])) as Row, ...aggregate(aggregates, members.map(reader)) } }));
        columns = Object.keys(rows[0]?.made ?? {});
        break;
      }
      case 'sort': {
        const [, field, order] = /^(\S+) (asc|desc)$/.exec(rest) ?? [];
        if (field === undefined) throw new Error(`Expected "sort FIELD asc" or "sort FIELD desc"; found "sort ${rest}"`);
        const sign = order === 'asc' ? 1 : -1;
        rows = [...rows].sort((one, other) => sign * compare(reader(one)(field), reader(other)(field)));
        break;
      }
      case 'limit':
        rows = rows.slice(0, Number(rest));
        break;
      default: throw new Error(`Expected a command; found "${command}"`);
    }
  }
  return rows.map(row => Object.fromEntries(columns.map(name => [name, reader(row)(name)])) as Row);
}

function aggregate(text: string, members: Read[]): Row {
  return Object.fromEntries(text.split(', ').map((item) => {
    const [, name, argument, alias] = /^(count|latest)\(([^)]+)\) as (\w+)$/.exec(item) ?? [];
    if (name === undefined) throw new Error(`Expected count(*) or latest(FIELD), with a name; found "${item}"`);
    const newest = [...members].sort((one, other) => compare(other('@timestamp'), one('@timestamp')))[0];
    return [alias, name === 'count' ? members.length : newest(argument)];
  })) as Row;
}

/** Parses `FIELD "glob*" as a, b` or `FIELD /regular (?<expression>)/`. */
function parse(text: string, read: Read): Row {
  const [, field, glob, names, expression] = /^(\S+) (?:"([^"]*)" as (.+)|\/(.+)\/)$/.exec(text) ?? [];
  if (field === undefined) throw new Error(`Expected "parse FIELD PATTERN"; found "parse ${text}"`);
  const value = String(read(field) ?? '');
  if (expression !== undefined) {
    return { ...new RegExp(expression).exec(value)?.groups };
  }
  const found = new RegExp(`^${glob.split('*').map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('(.*?)')}$`).exec(value);
  return Object.fromEntries(names.split(', ').map((name, index) => [name, found?.[index + 1]]));
}

function compare(one: Value, other: Value): number {
  return typeof one === 'number' && typeof other === 'number' ? one - other : String(one ?? '').localeCompare(String(other ?? ''));
}

function valueAt(event: object, field: string): Value {
  return field.split('.').reduce<any>((value, name) => value?.[name], event);
}
