/** Settings of all log groups: those of the runner and that of the registration. */
import { CfnResource, Stack } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IConstruct } from 'constructs';
import { Acknowledgement, hipaaNistAndPci } from './acknowledgements';

/** Default retention of logs. */
export const DEFAULT_LOG_RETENTION = RetentionDays.ONE_MONTH;

const LOG_GROUP_KEY = { nag: hipaaNistAndPci('CloudWatchLogGroupEncrypted'), checkov: 'CKV_AWS_158' };

/** The accepted findings of a log group. */
export function logGroupFindings(scope: IConstruct, encryptionKey?: IConstruct): Acknowledgement[] {
  if (!encryptionKey) {
    return [{ ...LOG_GROUP_KEY, reason: 'CloudWatch Logs encrypts it with a key of AWS. `encryptionKey` of the runner makes it a key of yours.' }];
  }
  return CfnResource.isCfnResource(encryptionKey.node.defaultChild) && Stack.of(encryptionKey) === Stack.of(scope)
    ? [{ cfnLint: 'W3005', reason: 'It waits for the key as a whole, which may be an alias that CloudFormation does not see it to need.' }]
    : [];
}
