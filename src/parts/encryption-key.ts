import { Annotations, CfnResource, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct, IConstruct } from 'constructs';
import { canonical, sameValue } from '../common/unknown-values';

/** The actions of CloudWatch Logs on a key. It also calls `kms:DescribeKey`, which needs no statement in the key policy. */
const LOG_ACTIONS = ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo', 'kms:GenerateDataKey', 'kms:GenerateDataKeyWithoutPlaintext'];

/** Number of runners of an app that use a key, by the ARN of the key, because a key can be imported several times. */
const uses = new WeakMap<IConstruct, Map<string, number>>();

function countUse(scope: IConstruct, key: kms.IKey): number {
  const counts = uses.get(scope.node.root) ?? new Map<string, number>();
  uses.set(scope.node.root, counts);
  const arn = canonical(scope, key.keyArn);
  const count = (counts.get(arn) ?? 0) + 1;
  counts.set(arn, count);
  return count;
}

/**
 * Allows CloudWatch Logs to use the key for the given log groups. For a key whose policy this stack cannot change, adds a warning with the required
 * statements.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */
export function allowLogGroups(scope: Construct, key: kms.IKey, logGroupNames: string[], stateKey: kms.IKey): void {
  const stack = Stack.of(scope);
  const number = countUse(scope, key);
  const statement = new iam.PolicyStatement({
    // Several runners can use a key, and a Sid must be unique within a policy.
    sid: `EncryptLogGroups${number === 1 ? '' : number}`,
    principals: [new iam.ServicePrincipal(`logs.${stack.region}.amazonaws.com`)],
    actions: LOG_ACTIONS,
    resources: ['*'],
    conditions: {
      ArnLike: {
        'kms:EncryptionContext:aws:logs:arn': logGroupNames.map(name => stack.formatArn({ service: 'logs', resource: `log-group:${name}` })),
      },
    },
  });
  // A runner without log groups that uses the registration's log group with the key of another runner needs no statement.
  const logs = logGroupNames.length > 0 ? [statement] : [];
  if (Stack.of(key) === stack && CfnResource.isCfnResource(key.node.defaultChild)) {
    logs.forEach(each => key.addToResourcePolicy(each));
    return;
  }
  // The principal is the account instead of the role: then the policy of the role decides, which has the conditions.
  const state = new iam.PolicyStatement({
    sid: 'EncryptState',
    principals: [new iam.AccountPrincipal(stack.account)],
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    resources: ['*'],
    conditions: { StringEquals: { 'kms:ViaService': `s3.${stack.region}.amazonaws.com` } },
  });
  const missing = sameValue(scope, stateKey.keyArn, key.keyArn) ? [...logs, state] : logs;
  if (missing.length === 0) {
    return;
  }
  const json = JSON.stringify(stack.resolve(missing.map(each => each.toStatementJson())));
  Annotations.of(scope).addWarningV2('cdk-humanitec-ecs-runner:importedKey',
    'The library cannot change the policy of the encryption key. CloudWatch Logs and the state bucket cannot use the key until '
    + `its policy has these statements, or broader ones: ${json}`);
}
