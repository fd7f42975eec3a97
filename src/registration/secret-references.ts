import { type CustomResource, Stack } from 'aws-cdk-lib';
import { Problems } from '../common/problems';
import { quote } from '../common/unknown-values';

/** A dynamic reference to a secret or a SecureString parameter. References to plain parameters (`ssm`) are resolved everywhere. */
const REFERENCE = /\{\{resolve:(?:secretsmanager|ssm-secure):[^}]*\}\}/;

/**
 * Rejects references to secret values at the end of synthesis. CloudFormation does not resolve them in custom resources, so the orchestrator would get
 * the text of the reference.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
 */
export function rejectSecretReferences(resource: CustomResource, properties: object): void {
  resource.node.addValidation({
    validate: () => {
      const problems = new Problems();
      for (const [property, reference] of referencesIn(Stack.of(resource).resolve(properties))) {
        problems.add({
          input: inputOf(property),
          expected: 'no dynamic reference to a secret, which CloudFormation does not resolve in custom resources',
          got: quote(reference),
          fix: 'Give environment variables with secret values in `secrets`, and a plain value elsewhere.',
        });
      }
      return problems.lines;
    },
  });
}

function referencesIn(value: unknown, path: string[] = []): [property: string[], reference: string][] {
  const isTree = typeof value === 'object' && value !== null && !Object.keys(value).some(key => key.startsWith('Fn::'));
  if (isTree) {
    return Object.entries(value).flatMap(([key, child]) => referencesIn(child, [...path, key]));
  }
  const [reference] = REFERENCE.exec(JSON.stringify(value) ?? '') ?? [];
  return reference === undefined ? [] : [[path, reference]];
}

/** The input for a property of the custom resource. */
function inputOf(property: string[]): string {
  return property.join('.').replace(/^(?:Auth|Job|StateStorage)\./, '').replace(/^./, first => first.toLowerCase());
}
