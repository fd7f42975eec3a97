import { CfnResource, Stack } from 'aws-cdk-lib';
import type { IManagedPolicy } from 'aws-cdk-lib/aws-iam';
import type { Construct, IConstruct } from 'constructs';
import { warnAtTheEnd } from './late-warning';
import { quote, sameValue } from './unknown-values';

/**
 * Warns about roles whose permissions boundary differs from the input. The boundary of an app, stage or stack, and that of `PermissionsBoundary.of()`, are
 * aspects, which silently replace the boundary of each role.
 *
 * @see https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_iam.PermissionsBoundary.html
 */
export function warnAboutOtherBoundary(scope: Construct, boundary: IManagedPolicy | undefined, parts: () => IConstruct[]): void {
  if (!boundary) {
    return;
  }
  warnAtTheEnd(scope, 'otherPermissionsBoundary', () => {
    const stack = Stack.of(scope);
    const expected: unknown = stack.resolve(boundary.managedPolicyArn);
    const others = parts().flatMap(part => part.node.findAll()).filter(CfnResource.isCfnResource).filter(({ cfnResourceType }) => cfnResourceType === 'AWS::IAM::Role')
      .filter(role => !sameValue(scope, expected, boundaryOf(role)));
    return others.length === 0 ? undefined
      : `These roles have another permissions boundary than \`permissionsBoundary\` (\`permissions_boundary\`): ${others.map(role => quote(role.node.path)).join(', ')}. `
        + 'The permissions boundary of the app, stage or stack, or PermissionsBoundary.of() of aws-iam, replaces it. Give the same policy in both places, or omit `permissionsBoundary`.';
  });
}

/** The permissions boundary in the template, including the changes of aspects. */
function boundaryOf(role: CfnResource): unknown {
  const template: { Resources: Record<string, { Properties?: Record<string, unknown> }> } = Stack.of(role).resolve(role._toCloudFormation());
  return Object.values(template.Resources)[0].Properties?.PermissionsBoundary;
}
