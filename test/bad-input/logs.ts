import * as logs from 'aws-cdk-lib/aws-logs';
import type { Row } from './row';
import { ACCOUNT, REGION } from '../support';

/** Invalid log groups. */
const FIX = 'EventBridge can write only to log groups in its own account and region: give such a log group, or omit `eventLogGroup`.';
const arn = (region: string, account: string) => `arn:aws:logs:${region}:${account}:log-group:events`;

export const ROWS: Row[] = [
  ['a log group for events that are not logged', stack => ({ eventLogEnabled: false, eventLogGroup: logs.LogGroup.fromLogGroupName(stack, 'L', 'events') }),
    ['eventLogGroup: expected either `eventLogGroup` or `eventLogEnabled: false`; got both. '
      + 'Omit `eventLogEnabled` to write the events to this log group, or omit `eventLogGroup`.']],
  ['a log group of another account and region', stack => ({ eventLogGroup: logs.LogGroup.fromLogGroupArn(stack, 'L', arn('eu-west-1', '999999999999')) }), [
    `eventLogGroup: expected a log group in the runner's account, "${ACCOUNT}"; got one in "999999999999". ${FIX}`,
    `eventLogGroup: expected a log group in the runner's region, "${REGION}"; got one in "eu-west-1". ${FIX}`,
  ]],
];
