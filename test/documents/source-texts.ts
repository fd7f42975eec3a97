/** The texts that a program can print: its string literals, joined as in the program, with a placeholder for each value. */
import * as ts from 'typescript';
import { filesBelow, read } from '../completeness/sources';

/** Stands for a value that is known only when the program runs. */
const VALUE = '\u0000';
/** If joined parts have more alternatives than this, the later part becomes a placeholder. */
const MAX_ALTERNATIVES = 64;

/** A text and the function or class that receives it. */
export interface SourceText {
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly passedTo?: string;
}

/** The texts of all files in a directory and its subdirectories. */
export function textsBelow(directory: string): SourceText[] {
  return filesBelow(directory).flatMap(textsOf);
}

/** Whether one of the texts contains the quotation. `…` in the quotation matches any value. */
export function isSaid(quotation: string, texts: readonly SourceText[]): boolean {
  return quotation.split('…').map(part => part.trim()).filter(part => part !== '').every(part => texts.some(({ text }) => text.includes(part)));
}

function textsOf(file: string): SourceText[] {
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true);
  const texts: SourceText[] = [];
  const visit = (node: ts.Node) => {
    if (isText(node) && !isPartOfText(node)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      texts.push(...alternativesOf(node as ts.Expression).map(text => ({ file, line: line + 1, text, passedTo: receiver(node) })));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return texts;
}

function isText(node: ts.Node): boolean {
  return ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isTemplateExpression(node)
    || ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken && (isText(node.left) || isText(node.right));
}

function isPartOfText(node: ts.Node): boolean {
  return node.parent !== undefined && ts.isBinaryExpression(node.parent) && isText(node.parent);
}

function receiver({ parent }: ts.Node): string | undefined {
  return parent && (ts.isCallExpression(parent) || ts.isNewExpression(parent)) ? parent.expression.getText() : undefined;
}

/** The possible values of an expression. */
function alternativesOf(node: ts.Expression): string[] {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) {
    return [node.text];
  }
  if (ts.isParenthesizedExpression(node)) {
    return alternativesOf(node.expression);
  }
  if (ts.isConditionalExpression(node)) {
    return [...alternativesOf(node.whenTrue), ...alternativesOf(node.whenFalse)];
  }
  if (ts.isTemplateExpression(node)) {
    return node.templateSpans.reduce((texts, { expression, literal }) => joined(joined(texts, alternativesOf(expression)), [literal.text]), [node.head.text]);
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    return joined(alternativesOf(node.left), alternativesOf(node.right));
  }
  return [VALUE];
}

function joined(firsts: string[], seconds: string[]): string[] {
  return firsts.length * seconds.length > MAX_ALTERNATIVES ? firsts.map(first => first + VALUE) : firsts.flatMap(first => seconds.map(second => first + second));
}
