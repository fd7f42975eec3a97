/** Generated combinations of inputs: synthesized in one process, each in a stack of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import type { Scene } from './examples';
import { ACCOUNT, CHOICES, propsOf, REGION, type Combination } from './inputs';
import { allPairs } from './pairs';
import { Resolver, type Template } from './resolver';
import { accountOf, runnersOf, type Given } from './template';
import { EcsRunner } from '../../src';

const SEED = 20_261;

/** Stacks, and how the scene is read from each of their templates once all are synthesized. */
export function scenesOf(build: (app: App) => { stack: Stack; name: string; given: () => Given }[]): Scene[] {
  const outdir = mkdtempSync(join(tmpdir(), 'proof-'));
  try {
    const app = new App({ outdir, analyticsReporting: false });
    const made = build(app);
    // Each stack stands for an app of its own: all of them create the OIDC provider.
    const assembly = app.synth({ skipValidation: true });
    const resolvers = new Map(assembly.stacks.map((artifact) =>
      [artifact.stackName, { template: artifact.template as Template, stackName: artifact.stackName }]));
    const exports = new Map<string, string>();
    const resolverOf = (stackName: string) => new Resolver(resolvers.get(stackName)!.template, { account: ACCOUNT, region: REGION, stackName, exports });
    for (const stackName of resolvers.keys()) {
      const resolver = resolverOf(stackName);
      for (const { Export, Value } of Object.values(resolver.template.Outputs ?? {})) {
        if (Export) exports.set(resolver.resolve(Export.Name), resolver.resolve(Value));
      }
    }
    return made.map(({ stack, name, given }) => {
      const resolver = resolverOf(stack.stackName);
      const facts = given();
      return { name, account: accountOf(resolver, facts), runners: runnersOf(resolver, name, facts), bounded: facts.boundary !== undefined };
    });
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

export function combinations(): Combination[] {
  return allPairs(CHOICES, SEED);
}

export function combinationScenes(): Scene[] {
  return scenesOf((app) => combinations().map((choice, index) => {
    const stack = new Stack(app, `Combination${index + 1}`, { env: choice.environment === 'known' ? { account: ACCOUNT, region: REGION } : undefined });
    const { props, given } = propsOf(stack, choice);
    const runner = new EcsRunner(stack, 'Runner', props);
    return { stack, name: `combination ${index + 1}`, given: () => withWarnings(runner, given) };
  }));
}

/** What a reader of the warnings would do: add the statements that they spell out, word for word. */
export function withWarnings(runner: EcsRunner, given: Given): Given {
  const warnings = runner.node.metadata.filter(({ type }) => type === 'aws:cdk:warning').map(({ data }) => String(data));
  const statements = (id: string) => warnings.filter((text) => text.includes(`:${id}`)).map((text) => firstJson(text));
  return {
    ...given,
    added: [
      ...statements('taskRoleNotGranted').map((added): [unknown, unknown] => [runner.taskRole.roleArn, added]),
      ...statements('executionRoleNotGranted').map((added): [unknown, unknown] => [runner.executionRole.roleArn, added]),
    ].map(([role, added]) => [Stack.of(runner).resolve(role), added]),
    keyPolicies: (given.keyPolicies ?? []).map(([key, policy]) =>
      [key, { ...policy as object, Statement: [(policy as any).Statement, statements('importedKey')].flat(2) }]),
    keys: given.keys?.map((pair) => Stack.of(runner).resolve(pair)),
  };
}

/** The first JSON value of objects in a text. */
export function firstJson(text: string): unknown {
  const start = text.search(/[[{]/);
  let depth = 0;
  let quoted = false;
  for (let at = start; at >= 0 && at < text.length; at++) {
    if (text[at] === '"') quoted = !quoted;
    if (text[at] === '\\') at++;
    if (quoted) continue;
    if ('[{'.includes(text[at]!)) depth++;
    if (']}'.includes(text[at]!) && --depth === 0) return JSON.parse(text.slice(start, at + 1));
  }
  throw new Error(`There are no statements in this warning: ${text}`);
}
