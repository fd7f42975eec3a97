import { Annotations, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

/**
 * Lets CloudWatch Logs use the key for the given log groups. A key of another stack or app gets a warning with the
 * statement that its policy needs, as nothing here can add it.
 */
export function allowLogGroups(scope: Construct, key: kms.IKey, logGroupNames: string[]): void {
  const stack = Stack.of(scope);
  const statement = new iam.PolicyStatement({
    sid: 'EncryptLogGroups',
    principals: [new iam.ServicePrincipal(`logs.${stack.region}.amazonaws.com`)],
    actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
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
  Annotations.of(scope).addWarningV2('cdk-humanitec-ecs-runner:importedKey',
    'The policy of the encryption key cannot be changed from here. Creating the log groups fails until it has this statement: '
    + `${JSON.stringify(stack.resolve(statement.toStatementJson()))}. `
    + 'It also has to let IAM policies of this account decide about the use of the key, for the state bucket.');
}
