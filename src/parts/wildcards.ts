import { CfnResource, Reference, Stack, Token, Tokenization } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { Problems } from '../common/problems';
import { maskUnknown, quote } from '../common/unknown-values';
import type { EcsRunnerProps } from '../inputs/ecs-runner-props';

/** Characters that IAM does not match literally: wildcards, and policy variables such as `${aws:username}`. */
const WILDCARD = /[*?$]/;

/** The inputs whose text is written into policies. */
export type PolicyInputs = Pick<EcsRunnerProps, 'orchestrator' | 'runnerId' | 'runnerIdPrefix' | 'cluster' | 'stateStorage' | 'encryptionKey' | 'taskRole' | 'executionRole' | 'secrets'
| 'image' | 'oidcProvider'>;

/** The values of these inputs, by input. */
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

/** Rejects wildcards in names that policies must match exactly. Skips inputs with other problems. */
export function checkWildcards(problems: Problems, inputs: PolicyInputs): void {
  const reported = new Set(problems.list.map(({ input }) => input.split('.').slice(0, 2).join('.')));
  for (const [input, value] of valuesInPolicies(inputs)) {
    const known = maskUnknown(value);
    if (WILDCARD.test(known) && !reported.has(input)) {
      reported.add(input);
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
 * The values that are known only at deployment, such as values of parameters, by input. The handler checks them before other resources are created. Attributes of
 * resources of the app cannot have wildcards, so they are left out.
 */
export function valuesOfDeployment(scope: IConstruct, inputs: PolicyInputs): Record<string, string> | undefined {
  const unknown = valuesInPolicies(inputs).filter(([, value]) => Token.isUnresolved(value) && !comesFromResource(scope, value));
  const texts = new Map<string, string>();
  for (const [input, value] of unknown) {
    texts.set(input, texts.has(input) ? `${texts.get(input)} ${value}` : value);
  }
  return texts.size > 0 ? Object.fromEntries(texts) : undefined;
}

/** Whether the only unknown parts of a text are pseudo parameters, and names or attributes of resources. */
function comesFromResource(scope: IConstruct, value: string): boolean {
  return Tokenization.reverseString(value).tokens.every(token =>
    Reference.isReference(token) && CfnResource.isCfnResource(token.target) || /^\{"Ref":"AWS::\w+"\}$/.test(JSON.stringify(Stack.of(scope).resolve(token))));
}
