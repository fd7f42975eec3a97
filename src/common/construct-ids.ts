import { Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { Problems } from './problems';

/** Constructs below the stack that all its runners share: the id, and a property that identifies the construct. */
const SHARED: [id: RegExp, member: string][] = [
  [/^HumanitecRunnerRegistration(-[0-9a-f]{8})?$/, 'serviceToken'], [/^HumanitecRunnerEndpoints$/, 'endpointOf'],
  [/^HumanitecRunnerEventLogs\d*$/, 'allow'], [/^HumanitecOidcProvider-/, 'oidcProviderArn'],
];

/** Rejects constructs of the user whose id the library uses below the stack. */
export function checkConstructId(scope: IConstruct, problems: Problems): void {
  for (const child of Stack.of(scope).node.children) {
    if (SHARED.some(([id, member]) => id.test(child.node.id) && !(member in child))) {
      problems.add({
        input: child === scope ? 'id' : 'scope',
        expected: `no construct with the id "${child.node.id}" directly below the stack, because the library uses this id`,
        got: `'${child.node.path}'`,
        fix: 'Give that construct another id.',
      });
    }
  }
}
