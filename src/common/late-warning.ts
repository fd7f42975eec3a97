import { Annotations } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/**
 * Adds a warning at the end of synthesis, if the construct gives cause for it then. The warning is on a child: `Annotations.acknowledgeWarning()` of the
 * CDK applies to later warnings of the constructs below, but not to those of the construct itself.
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
