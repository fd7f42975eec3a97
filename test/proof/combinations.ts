/** Generated combinations of inputs. One process synthesizes all of them, each in its own stack. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import type { Scene } from './examples';
import { ACCOUNT, CHOICES, propsOf, REGION, rulesOf, type Combination } from './inputs';
import type { Synthesized } from './invariants';
import type { Document, Statement } from './model';
import { allPairs } from './pairs';
import { Resolver, type Template } from './resolver';
import { accountOf, runnersOf, type Given } from './template';
import { EcsRunner, type EcsRunnerProps } from '../../src';

const SEED = 20_261;

/** A stack whose policies are read after the synthesis of all stacks. */
export interface Planned {
  readonly stack: Stack;
  readonly name: string;
  readonly given: () => Given;
  readonly tried?: Scene['tried'];
}

export function scenesOf(build: (app: App) => Planned[]): Scene[] {
  const outdir = mkdtempSync(join(tmpdir(), 'proof-'));
  try {
    const app = new App({ outdir, analyticsReporting: false });
    const made = build(app);
    // Each stack stands for a separate app, so each creates the OIDC provider. The validation would reject that.
    const assembly = app.synth({ skipValidation: true });
    const exports = new Map<string, string>();
    const synthesized = new Map(assembly.stacks.map((artifact): [string, Synthesized] => [artifact.stackName, {
      resolver: new Resolver(artifact.template as Template, { account: ACCOUNT, region: REGION, stackName: artifact.stackName, exports }),
      messages: artifact.messages.map(({ entry }) => String(entry.data)),
    }]));
    for (const { resolver } of synthesized.values()) {
      for (const { Export, Value } of Object.values(resolver.template.Outputs ?? {})) {
        if (Export) exports.set(resolver.resolve(Export.Name), resolver.resolve(Value));
      }
    }
    const sceneless = [...synthesized].filter(([stackName]) => made.every(({ stack }) => stack.stackName !== stackName)).map(([, one]) => one);
    return made.map(({ stack, name, given, tried }, index) => {
      const own = synthesized.get(stack.stackName)!;
      const facts = given();
      const spelledOut = (facts.added ?? []).map(([, statements]): Document => ({ Statement: own.resolver.resolve(statements) as Statement[] }));
      return {
        name,
        account: accountOf(own.resolver, facts),
        runners: runnersOf(own.resolver, name, facts),
        bounded: facts.boundary !== undefined,
        tried,
        synthesized: [{ ...own, spelledOut }, ...index === 0 ? sceneless : []],
      };
    });
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

export function combinations(): Combination[] {
  return allPairs(CHOICES, SEED);
}

/** Defines a runner with a combination of inputs in its own stack. */
export function planned(app: App, id: string, choice: Combination): Planned & { readonly props: EcsRunnerProps } {
  const stack = new Stack(app, id, { env: choice.place === 'known' ? { account: ACCOUNT, region: REGION } : undefined });
  const { props, given } = propsOf(stack, choice);
  const runner = new EcsRunner(stack, 'Runner', props);
  rulesOf(choice, id.toLowerCase()).forEach((rule, index) => runner.addRule(`Rule${index + 1}`, rule));
  return { stack, name: id, given: () => withWarnings(runner, given), props };
}

/** The scenes of all combinations, and all inputs that they use. */
export function combinationScenes(): { scenes: Scene[]; inputs: Set<string> } {
  const inputs = new Set<string>();
  const scenes = scenesOf((app) => combinations().map((choice, index) => {
    const one = planned(app, `Combination${index + 1}`, choice);
    for (const [name, value] of Object.entries(one.props)) if (value !== undefined) inputs.add(name);
    return { ...one, name: `combination ${index + 1}` };
  }));
  return { scenes, inputs };
}

/** Adds the statements of the warnings to the roles and keys, as a user would. */
export function withWarnings(runner: EcsRunner, given: Given): Given {
  const warnings = runner.node.metadata.filter(({ type }) => type === 'aws:cdk:warning').map(({ data }) => String(data));
  const statements = (id: string) => warnings.filter((text) => text.includes(`:${id}`)).map((text) => firstJson(text));
  return {
    ...given,
    added: [...given.added ?? [], ...[
      ...statements('taskRoleNotGranted').map((added): [unknown, unknown] => [runner.taskRole.roleArn, added]),
      ...statements('executionRoleNotGranted').map((added): [unknown, unknown] => [runner.executionRole.roleArn, added]),
    ].map(([role, added]): [unknown, unknown] => [Stack.of(runner).resolve(role), added])],
    keyPolicies: (given.keyPolicies ?? []).map(([key, policy]) =>
      [key, { ...policy as object, Statement: [(policy as any).Statement, statements('importedKey')].flat(2) }]),
    keys: given.keys?.map((pair) => Stack.of(runner).resolve(pair)),
  };
}

/** The first JSON object or list in a text. */
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
  throw new Error(`Expected statements in this warning: ${text}`);
}
