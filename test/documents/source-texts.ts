/** The texts that the sources can say: literals, joined as the program joins them, with a mark where a value goes. */
import * as ts from 'typescript';
import { filesBelow, read } from '../completeness/sources';

/** Stands for a value that only the running program knows. */
const VALUE = '\u0000';
/** Texts with more alternatives are not told apart. */
const MOST_ALTERNATIVES = 64;

/** A text, and the function or class that it is passed to first. */
export interface SourceText {
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly passedTo?: string;
}

/** The texts of all files below a directory. */
export function textsBelow(directory: string): SourceText[] {
  return filesBelow(directory).flatMap(textsOf);
}

/** Whether one of the texts says the quoted words. `…` in the quotation stands for any value. */
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

/** What the expression can be. */
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
  return firsts.length * seconds.length > MOST_ALTERNATIVES ? firsts.map(first => first + VALUE) : firsts.flatMap(first => seconds.map(second => first + second));
}
