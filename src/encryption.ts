import { Annotations, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

/** What CloudWatch Logs does with a key. The key's description, which it reads as well, needs no permission of a key policy. */
const LOG_ACTIONS = ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo', 'kms:GenerateDataKey', 'kms:GenerateDataKeyWithoutPlaintext'];

/** How often a key was asked for. */
const uses = new WeakMap<kms.IKey, number>();

/**
 * Lets CloudWatch Logs use the key for the given log groups. A key of another stack or app gets a warning with the
 * statements that its policy needs, as nothing here can add them.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */
export function allowLogGroups(scope: Construct, key: kms.IKey, logGroupNames: string[], stateKey: kms.IKey): void {
  const stack = Stack.of(scope);
  const number = (uses.get(key) ?? 0) + 1;
  uses.set(key, number);
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
  if (Stack.of(key) === stack && key.addToResourcePolicy(statement, true).statementAdded) {
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
  const missing = stateKey === key ? [statement, state] : [statement];
  const json = JSON.stringify(stack.resolve(missing.map(each => each.toStatementJson())));
  Annotations.of(scope).addWarningV2('cdk-humanitec-ecs-runner:importedKey',
    'The policy of the encryption key cannot be changed from here. Creating the log groups, and reading and writing the state with it, fails until '
    + `it has these statements, or wider ones: ${json}`);
}
