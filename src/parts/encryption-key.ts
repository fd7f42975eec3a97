import { Annotations, CfnResource, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct, IConstruct } from 'constructs';
import { canonical, sameValue } from '../common/unknown-values';

/** What CloudWatch Logs does with a key. The key's description, which it reads as well, needs no permission of a key policy. */
const LOG_ACTIONS = ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo', 'kms:GenerateDataKey', 'kms:GenerateDataKeyWithoutPlaintext'];

/** How many runners of an app use a key, by its ARN: a key may be imported more than once. */
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
 * Lets CloudWatch Logs use the key for the given log groups. A key of another stack or app gets a warning with the
 * statements that its policy needs, as nothing here can add them.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */
export function allowLogGroups(scope: Construct, key: kms.IKey, logGroupNames: string[], stateKey: kms.IKey): void {
  const stack = Stack.of(scope);
  const number = countUse(scope, key);
  const statement = new iam.PolicyStatement({
    // A key may serve several runners, and a policy has a Sid only once.
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
  // Without log groups of its own, a runner with another runner's key for the registration needs no statement.
  const logs = logGroupNames.length > 0 ? [statement] : [];
  if (Stack.of(key) === stack && CfnResource.isCfnResource(key.node.defaultChild)) {
    logs.forEach(each => key.addToResourcePolicy(each));
    return;
  }
  // The account rather than the role: then the role's own policy decides, which has the conditions.
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
