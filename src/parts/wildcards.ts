import { CfnResource, Reference, Stack, Token, Tokenization } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { Problems } from '../common/problems';
import { maskUnknown, quote } from '../common/unknown-values';
import type { EcsRunnerProps } from '../inputs/ecs-runner-props';

/** What IAM takes for more than itself in resources and patterns: wildcards, and policy variables such as `${aws:username}`. */
const WILDCARD = /[*?$]/;

/** The inputs with text that ends up in policies. */
export type PolicyInputs = Pick<EcsRunnerProps, 'orchestrator' | 'runnerId' | 'runnerIdPrefix' | 'cluster' | 'stateStorage' | 'encryptionKey' | 'taskRole' | 'executionRole' | 'secrets'
| 'image' | 'oidcProvider'>;

/** What the user gives that ends up in policies, by input. */
function valuesInPolicies(inputs: PolicyInputs): [input: string, value: string][] {
  const { orchestrator, cluster, stateStorage, encryptionKey, taskRole, executionRole, secrets = {}, image, oidcProvider } = inputs;
  const values: [string, string | undefined][] = [
    ['orchestrator.orgId', orchestrator.orgId],
    ['orchestrator.taskFamilyPrefix', orchestrator.taskFamilyPrefix],
    ...orchestrator.apiToken._valuesInPolicies().map((value): [string, string] => ['orchestrator.apiToken', value]),
    ['runnerId', inputs.runnerId],
    ['runnerIdPrefix', inputs.runnerIdPrefix],
    ['cluster', cluster?.clusterName],
    ['cluster', cluster?.clusterArn],
    ...(stateStorage?._valuesInPolicies() ?? []).map(([input, value]): [string, string | undefined] => [`stateStorage.${input}`, value]),
    ['encryptionKey', encryptionKey?.keyArn],
    ['taskRole', taskRole?.roleArn],
    ['executionRole', executionRole?.roleArn],
    ...Object.entries(secrets).map(([name, secret]): [string, string] => [`secrets.${name}`, secret.arn]),
    ['image', image?._valueInPolicies],
    ['oidcProvider', oidcProvider?.oidcProviderArn],
  ];
  return values.filter((entry): entry is [string, string] => entry[1] !== undefined);
}

/** Finds wildcards where a name has to mean itself and nothing more. What was found to be wrong already is not said twice. */
export function checkWildcards(problems: Problems, inputs: PolicyInputs): void {
  const said = new Set(problems.list.map(({ input }) => input.split('.').slice(0, 2).join('.')));
  for (const [input, value] of valuesInPolicies(inputs)) {
    const known = maskUnknown(value);
    if (WILDCARD.test(known) && !said.has(input)) {
      said.add(input);
      problems.add({
        input,
        expected: 'a name or ARN without "*", "?" and "$", which are wildcards in IAM policies',
        got: quote(known),
        fix: 'Use an exact name.',
      });
    }
  }
}

/**
 * What only CloudFormation will know, such as the value of a parameter, by input: the handler looks at it before anything is built. What
 * comes from a resource of the app cannot have wildcards.
 */
export function valuesOfDeployment(scope: IConstruct, inputs: PolicyInputs): Record<string, string> | undefined {
  const unknown = valuesInPolicies(inputs).filter(([, value]) => Token.isUnresolved(value) && !comesFromResource(scope, value));
  const texts = new Map<string, string>();
  for (const [input, value] of unknown) {
    texts.set(input, texts.has(input) ? `${texts.get(input)} ${value}` : value);
  }
  return texts.size > 0 ? Object.fromEntries(texts) : undefined;
}

/** Whether all that is open in a text is the account, the region, and so on, or what resources are called once they are there. */
function comesFromResource(scope: IConstruct, value: string): boolean {
  return Tokenization.reverseString(value).tokens.every(token =>
    Reference.isReference(token) && CfnResource.isCfnResource(token.target) || /^\{"Ref":"AWS::\w+"\}$/.test(JSON.stringify(Stack.of(scope).resolve(token))));
}
