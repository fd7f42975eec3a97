/** Finds inputs, tests and documents in the source files, without compiling or running them. */
import { readdirSync, readFileSync } from 'fs';
import { join, relative } from 'path';
import * as ts from 'typescript';

const ROOT = join(__dirname, '..', '..');

/** A member of a struct and the file that declares it. */
export interface Member {
  readonly name: string;
  readonly file: string;
}

/** Reads a file of the checkout. */
export function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** The TypeScript files in a directory and its subdirectories. */
export function filesBelow(directory: string): string[] {
  return readdirSync(join(ROOT, directory), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts')).map(entry => relative(ROOT, join(entry.parentPath, entry.name))).sort();
}

/** The members of an exported interface in `src`, including inherited ones. */
export function membersOf(name: string): Member[] {
  for (const file of filesBelow('src')) {
    const found = nodesOf(file).find((node): node is ts.InterfaceDeclaration => ts.isInterfaceDeclaration(node) && node.name.text === name);
    if (found) {
      const inherited = (found.heritageClauses ?? []).flatMap(({ types }) => types.flatMap(type => membersOf(type.expression.getText())));
      return [...inherited, ...found.members.map(member => ({ name: member.name!.getText(), file }))];
    }
  }
  throw new Error(`Expected the interface ${name} below src; found none. Correct its name in test/completeness/inputs.ts.`);
}

/** The names of all properties in the interfaces of a file, including nested ones. */
export function propertiesIn(file: string): Set<string> {
  return new Set(nodesOf(file).filter(ts.isPropertySignature).map(({ name }) => name.getText()));
}

/** The properties in object literals that are passed to functions, classes or inputs with one of these names. */
export function given(files: string[], to: string[]): Set<string> {
  const names = files.flatMap(nodesOf).filter(node => ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node))
    .filter(property => to.includes(receiver(property))).map(({ name }) => name.getText());
  return new Set(names);
}

/**
 * The lines of all string literals in the files. `
 * ` in a literal starts a new line.
 */
export function textLines(files: string[]): string[] {
  return files.flatMap(nodesOf).filter(node => ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isTemplateExpression(node))
    .flatMap(node => node.getText().slice(1, -1).split('\\n')).map(line => line.trim());
}

/** The name of the function, class or input to which the object literal is passed. */
function receiver(property: ts.PropertyAssignment | ts.ShorthandPropertyAssignment): string {
  let node: ts.Node = property.parent.parent;
  // A spread such as `{ ...(condition ? { one: 1 } : {}) }` belongs to the surrounding object.
  while (ts.isSpreadAssignment(node) || ts.isConditionalExpression(node) || ts.isParenthesizedExpression(node) || ts.isObjectLiteralExpression(node)) {
    node = node.parent;
  }
  if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
    return node.expression.getText().split('.').pop()!;
  }
  return ts.isPropertyAssignment(node) ? node.name.getText() : '';
}

const parsed = new Map<string, ts.Node[]>();

function nodesOf(file: string): ts.Node[] {
  const known = parsed.get(file);
  if (known) {
    return known;
  }
  const nodes: ts.Node[] = [];
  const visit = (node: ts.Node) => {
    nodes.push(node);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true));
  parsed.set(file, nodes);
  return nodes;
}
