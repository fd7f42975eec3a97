import { Stack } from 'aws-cdk-lib';
import { Dependable, IConstruct, IDependable } from 'constructs';

/**
 * What a resource has to wait for if it refers to a construct of its own stack anyway: only what else belongs to the construct, such as policies that
 * grants add to a role, or the policy of a bucket. `DependsOn` then names nothing that CloudFormation knows already. Of a construct of another stack
 * it may know the name only: all of it counts, so that its stack is deployed first.
 */
export function besidesResourceOf(construct: IConstruct, stack: Stack): IDependable {
  if (Stack.of(construct) !== stack) {
    return construct;
  }
  const dependable = {};
  Dependable.implement(dependable, {
    // At the end of synthesis: grants can add policies until then.
    get dependencyRoots() {
      const { defaultChild, children } = construct.node;
      return children.filter(child => child !== defaultChild);
    },
  });
  return dependable;
}
