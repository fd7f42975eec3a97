import { CfnDeletionPolicy, type CfnResource, RemovalPolicy } from 'aws-cdk-lib';
import type { Problems } from './problems';

/** Rejects a removal policy that CloudFormation has for databases and volumes only. */
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
 * The removal policy of what the runner keeps. A log group that a failed first deployment leaves behind blocks the next one, as its name is taken, so
 * `RETAIN` does not apply to the deployment that creates it.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
 */
export function retainExceptOnCreate(policy: RemovalPolicy = RemovalPolicy.DESTROY): RemovalPolicy {
  return policy === RemovalPolicy.RETAIN ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : policy;
}

/** Whether CloudFormation keeps a resource that leaves the stack. Only the end of synthesis knows: aspects such as `RemovalPolicies` change the policy. */
export function isRetained({ cfnOptions: { deletionPolicy } }: CfnResource): boolean {
  return deletionPolicy === CfnDeletionPolicy.RETAIN || deletionPolicy === CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE;
}
