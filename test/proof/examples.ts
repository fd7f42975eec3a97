/** The examples, synthesized as users do. */
import { EXAMPLES, synthesize } from '../synthesize';
import type { Synthesized } from './invariants';
import type { Account, Runner } from './model';
import { Resolver, type Template } from './resolver';
import { accountOf, runnersOf, type Given } from './template';

/** A combination of inputs: what is in the account then. */
export interface Scene {
  readonly name: string;
  readonly account: Account;
  readonly runners: Runner[];
  /** Whether all roles that are made have to have a permissions boundary. */
  readonly bounded?: boolean;
  /** Only the real calls where users grant more, so that hostile requests are not hostile any more. */
  readonly tried?: 'all requests' | 'real calls';
  /** The templates; the first one has the runners. */
  readonly synthesized: Synthesized[];
}

export const ACCOUNT = '123456789012';
/** What the source of an example says, and its template does not. */
const GIVEN: Record<string, Given> = { 'self-hosted': { issuer: 'oidc.example.com', familyPrefix: 'my-orchestrator_' } };

function resolverOf(stackName: string, template: Template, exports: ReadonlyMap<string, string>): Resolver {
  // The region of a stack shows in its runner's registration, unless only CloudFormation knows it.
  const region = Object.values(template.Resources).find(({ Type }) => Type === 'Custom::HumanitecRunner')?.Properties?.Job.Region;
  return new Resolver(template, { account: ACCOUNT, region: typeof region === 'string' ? region : 'us-east-1', stackName, exports });
}

export async function exampleScenes(): Promise<Scene[]> {
  const scenes: Scene[] = [];
  const queue = [...EXAMPLES];
  await Promise.all([0, 1].map(async () => {
    for (let example = queue.shift(); example !== undefined; example = queue.shift()) {
      const exports = new Map<string, string>();
      const resolvers = Object.entries(await synthesize(example)).map(([id, template]) => resolverOf(id, template.toJSON() as Template, exports));
      for (const resolver of resolvers) {
        for (const { Export, Value } of Object.values(resolver.template.Outputs ?? {})) {
          if (Export) exports.set(resolver.resolve(Export.Name), resolver.resolve(Value));
        }
      }
      for (const resolver of resolvers) {
        const { stackName } = resolver.place;
        // Such as the stack of an OIDC provider that runners of other stacks use.
        if (resolver.resourcesOf('Custom::HumanitecRunner').length === 0) continue;
        const name = `example ${example}${stackName.startsWith('Runner') && stackName !== 'RunnerStack' ? ` (${stackName})` : ''}`;
        const given = GIVEN[example];
        scenes.push({ name, account: accountOf(resolver, given), runners: runnersOf(resolver, name, given), synthesized: [{ resolver, messages: [] }] });
      }
    }
  }));
  return scenes.sort((one, other) => one.name < other.name ? -1 : 1);
}
