import { CfnDeletionPolicy, type CfnResource, RemovalPolicy } from 'aws-cdk-lib';
import type { Problems } from './problems';

/** Rejects `SNAPSHOT`, which CloudFormation supports for databases and volumes only. */
export function checkRemovalPolicy(problems: Problems, input: string, policy: RemovalPolicy | undefined): void {
  if (policy === RemovalPolicy.SNAPSHOT) {
    problems.add({
      input,
      expected: 'RemovalPolicy.DESTROY, RETAIN or RETAIN_ON_UPDATE_OR_DELETE',
      got: 'RemovalPolicy.SNAPSHOT',
      fix: 'CloudFormation cannot take snapshots of buckets and log groups: choose another policy.',
    });
  }
}

/**
 * Converts `RETAIN` to `RETAIN_ON_UPDATE_OR_DELETE`, which does not apply to the deployment that creates the resource. A log group that a failed first deployment
 * retained would block the next deployment, because its name is taken.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
 */
export function retainExceptOnCreate(policy: RemovalPolicy = RemovalPolicy.DESTROY): RemovalPolicy {
  return policy === RemovalPolicy.RETAIN ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : policy;
}

/** Whether CloudFormation retains a resource that is removed from the stack. Call it at the end of synthesis, because aspects such as `RemovalPolicies` change the policy. */
export function isRetained({ cfnOptions: { deletionPolicy } }: CfnResource): boolean {
  return deletionPolicy === CfnDeletionPolicy.RETAIN || deletionPolicy === CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE;
}
