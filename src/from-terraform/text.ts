/** Values of a state as text of a TypeScript program, a comment or a shell command. */

/** Characters that end a line, or that a terminal acts on. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
const escapeControl = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A string literal. */
export function literal(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&').replace(CONTROL, escapeControl)}'`;
}

/** Text within one line of a comment or message. */
export function oneLine(text: string): string {
  return text.replace(CONTROL, escapeControl);
}

/** An argument of a shell command. */
export function shellArgument(text: string): string {
  return `'${oneLine(text).replace(/'/g, '\'\\\'\'')}'`;
}

/** An object literal with text values, on lines of their own. */
export function objectLines(name: string, values: Record<string, string>): string[] {
  const names = Object.keys(values);
  const areIdentifiers = names.every(key => /^[A-Za-z_$][\w$]*$/.test(key));
  return [`${name}: {`, ...names.map(key => `  ${areIdentifiers ? key : literal(key)}: ${values[key]},`), '},'];
}

/** Letters and digits of a name, each word with a capital, such as `ProdRunner` for `prod-runner`. */
export function pascalCase(name: string): string {
  return name.split(/[^A-Za-z0-9]+/).filter(word => word !== '').map(word => word[0].toUpperCase() + word.slice(1)).join('');
}

/** Makes construct ids unique: the second `Rule` becomes `Rule2`. */
export class ConstructIds {
  private readonly used = new Set<string>();

  public unique(id: string): string {
    let unique = id;
    for (let count = 2; this.used.has(unique); count++) {
      unique = `${id}${count}`;
    }
    this.used.add(unique);
    return unique;
  }
}
