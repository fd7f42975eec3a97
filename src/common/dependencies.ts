import { Stack } from 'aws-cdk-lib';
import { Dependable, IConstruct, IDependable } from 'constructs';

/**
 * The dependencies of a resource that refers to a construct. In the same stack the reference itself already orders the main resource, so `DependsOn` lists only
 * the other resources of the construct, such as policies that grants add to a role, or the policy of a bucket. For a construct of another stack
 * `DependsOn` lists all its resources, so that its stack is deployed first: the reference may be a fixed name, which orders nothing.
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
