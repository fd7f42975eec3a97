/** Synthesizes the examples as users do. */
import { EXAMPLES, synthesize } from '../synthesize';
import type { Synthesized } from './invariants';
import type { Account, Runner } from './model';
import { Resolver, type Template } from './resolver';
import { accountOf, runnersOf, type Given } from './template';

/** The account after the deployment of templates, and its runners. */
export interface Scene {
  readonly name: string;
  readonly account: Account;
  readonly runners: Runner[];
  /** Whether all created roles must have a permissions boundary. */
  readonly bounded?: boolean;
  /** `real calls` for users' own grants, with which some hostile requests are allowed. */
  readonly tried?: 'all requests' | 'real calls';
  /** The synthesized templates. The first one defines the runners. */
  readonly synthesized: Synthesized[];
}

export const ACCOUNT = '123456789012';
/** Facts from the source of an example that its template does not contain. */
const GIVEN: Record<string, Given> = { 'self-hosted': { issuer: 'oidc.example.com', familyPrefix: 'my-orchestrator_' } };

function resolverOf(stackName: string, template: Template, exports: ReadonlyMap<string, string>): Resolver {
  // The registration contains the region, unless only CloudFormation knows it.
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
        // For example, a stack with an OIDC provider for the runners of other stacks.
        if (resolver.resourcesOf('Custom::HumanitecRunner').length === 0) continue;
        const name = `example ${example}${stackName.startsWith('Runner') && stackName !== 'RunnerStack' ? ` (${stackName})` : ''}`;
        const given = GIVEN[example];
        scenes.push({ name, account: accountOf(resolver, given), runners: runnersOf(resolver, name, given), synthesized: [{ resolver, messages: [] }] });
      }
    }
  }));
  return scenes.sort((one, other) => one.name < other.name ? -1 : 1);
}
