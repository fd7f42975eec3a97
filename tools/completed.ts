/**
 * Completes jsii-rosetta's translations of the README's examples.
 *
 * Rosetta translates single statements. For Java and Go this file adds the program around them, imports and getters. For Go it also adds package
 * names and the optional arguments that TypeScript can omit.
 */
import { readFileSync } from 'fs';
import { join } from 'path';
import { Assembly, ROOT, Type } from './assembly';
import type { Language, Snippet } from './rosetta';

/** The number of arguments of each CDK call in Go. Missing arguments become `nil`. The Go compiler reports a call that is missing here. */
const CDK_CALLS: Record<string, number> = { 'awscdk.NewApp': 1, 'awscdk.NewStack': 3, '.Synth': 1, '.GrantReadWrite': 2, '.AllowToDefaultPort': 2 };

/** How Go writes the CDK structs and properties in the README: structs with their package, properties as methods. The Go compiler reports a missing name. */
const CDK_NAMES: Record<string, string> = { '&CfnOutputProps{': '&awscdk.CfnOutputProps{', '.ClusterName,': '.ClusterName(),', '.BucketName,': '.BucketName(),' };

const { jsii: { targets } } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const isProgram = (snippet: Snippet) => /\bnew App\(/.test(snippet.typescript);

export function completed(snippet: Snippet, assembly: Assembly): Record<Language, string> {
  const { python, java, go } = snippet.translations;
  return { python, java: completedJava(snippet, java, assembly), go: completedGo(snippet, go, assembly) };
}

function completedJava(snippet: Snippet, source: string, assembly: Assembly): string {
  const getters = publicProperties(assembly).map(name => new RegExp(`\\.${name}\\b(?!\\()`, 'g'));
  const lines = source.split('\n');
  const body = getters.reduce((text, getter) => text.replace(getter, match => `.get${match[1].toUpperCase()}${match.slice(2)}()`),
    lines.filter(line => !line.startsWith('import ')).join('\n').trim());
  if (!isProgram(snippet)) {
    return body;
  }
  // Java also needs imports for the structs, which TypeScript does not name.
  const imports = lines.filter(line => line.startsWith('import ')).map(line => line.replace(new RegExp(`(${targets.java.package.replace(/\./g, '\\.')})\\..*`), '$1.*;'));
  return `${[...new Set(imports)].sort().join('\n')}

public final class RunnerApp {
    public static void main(final String[] args) {
${indented(body, '        ')}
    }
}`;
}

function completedGo(snippet: Snippet, source: string, assembly: Assembly): string {
  const modules = [...snippet.typescript.matchAll(/^import \* as (\w+) from 'aws-cdk-lib\/aws-(\w+)'/gm)];
  const { moduleName, packageName } = targets.go;
  const structs = Object.values(assembly.types).filter(({ datatype }) => datatype).map(({ name }) => name);
  let body = source.split('\n').filter(line => !line.startsWith('import ')).join('\n').trim();
  for (const [, alias, module] of modules) {
    body = body.replace(new RegExp(`\\b${alias}\\.`, 'g'), `aws${module}.`);
  }
  body = body.replace(new RegExp(`&(${structs.join('|')})\\{`, 'g'), `&${packageName}.$1{`);
  for (const property of publicProperties(assembly)) {
    const name = `${property[0].toUpperCase()}${property.slice(1)}`;
    body = body.replace(new RegExp(`\\.${name}\\b(?![({:])`, 'g'), `.${name}()`);
  }
  for (const [name, inGo] of Object.entries(CDK_NAMES)) {
    body = body.replaceAll(name, inGo);
  }
  for (const [call, count] of Object.entries({ ...CDK_CALLS, ...callsOf(assembly, packageName) })) {
    body = withArguments(body, call, count);
  }
  if (!isProgram(snippet)) {
    return body;
  }
  const imports = ['github.com/aws/aws-cdk-go/awscdk/v2', ...modules.map(([,, module]) => `github.com/aws/aws-cdk-go/awscdk/v2/aws${module}`),
    'github.com/aws/jsii-runtime-go', `${moduleName}/${packageName}`];
  return `package main

import (
${imports.sort().map(path => `\t"${path}"`).join('\n')}
)

func main() {
\tdefer jsii.Close()

${indented(body, '\t')}
}`;
}

/** The number of arguments of each of the library's own calls in Go. */
function callsOf(assembly: Assembly, packageName: string): Record<string, number> {
  return Object.fromEntries(Object.values(assembly.types).flatMap((type: Type) => [
    ...type.initializer ? [[`${packageName}.New${type.name}`, type.initializer.parameters?.length ?? 0] as const] : [],
    ...(type.methods ?? []).map(({ name, parameters, static: isStatic }) => {
      const method = `${name![0].toUpperCase()}${name!.slice(1)}`;
      return [isStatic ? `${packageName}.${type.name}_${method}` : `.${method}`, parameters?.length ?? 0] as const;
    }),
  ]));
}

/** Extends each call of the given name to `count` arguments. */
function withArguments(source: string, call: string, count: number): string {
  let result = source;
  for (let at = result.indexOf(`${call}(`); at >= 0; at = result.indexOf(`${call}(`, at + call.length)) {
    const begin = at + call.length + 1;
    let depth = 1;
    let commas = 0;
    let end = begin;
    for (; depth > 0; end++) {
      const character = result[end];
      depth += '([{'.includes(character) ? 1 : ')]}'.includes(character) ? -1 : 0;
      commas += character === ',' && depth === 1 ? 1 : 0;
    }
    const given = result.slice(begin, end - 1).trim() === '' ? 0 : commas + 1;
    const lacking = Array(Math.max(0, count - given)).fill('nil');
    result = result.slice(0, end - 1) + (given > 0 && lacking.length > 0 ? ', ' : '') + lacking.join(', ') + result.slice(end - 1);
  }
  return result;
}

function publicProperties(assembly: Assembly): string[] {
  const classes = Object.values(assembly.types).filter(({ kind, datatype }) => kind !== 'enum' && !datatype);
  return [...new Set(classes.flatMap(({ properties }) => (properties ?? []).map(({ name }) => name!)))];
}

function indented(text: string, by: string): string {
  return text.split('\n').map(line => (line ? by + line : line)).join('\n');
}
