import { Annotations } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/**
 * Adds a warning at the end of synthesis, if its condition holds then. The warning is on a child construct, because the CDK's `Annotations.acknowledgeWarning()`
 * applies to later warnings of child constructs, but not to those of the construct itself.
 */
export function warnAtTheEnd(scope: Construct, id: string, message: () => string | undefined): void {
  const child = scope.node.tryFindChild('Warnings') ?? new Construct(scope, 'Warnings');
  child.node.addValidation({
    validate: () => {
      const text = message();
      if (text !== undefined) {
        Annotations.of(child).addWarningV2(`cdk-humanitec-ecs-runner:${id}`, text);
      }
      return [];
    },
  });
}
