/** Whether the combinations have every input of a runner: one that was added to the properties and not to the combinations is found here. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCE = join(__dirname, '..', '..', 'src', 'ecs-runner-props.ts');

/** The members of `EcsRunnerProps`, as its source declares them. */
export function inputsOfRunner(source = readFileSync(SOURCE, 'utf8')): string[] {
  const [, body] = source.match(/^export interface EcsRunnerProps \{\n([\s\S]*?)^\}/m) ?? [];
  const inputs = [...(body ?? '').matchAll(/^  readonly (\w+)\??:/gm)].map(([, name]) => name!);
  if (inputs.length < 20) throw new Error(`Found only ${inputs.length} inputs in ${SOURCE}: look how EcsRunnerProps is declared, and change test/proof/completeness.ts.`);
  return inputs;
}
