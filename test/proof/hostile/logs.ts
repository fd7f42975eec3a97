/** Requests of services on behalf of others that write logs or use the logs' key, and requests of strangers that use the key. */
import { OUTSIDER, type Runner } from '../model';
import type { Draft } from '../requests';
import { elsewhere } from './deployment';

export function hostileLogs(r: Runner): Draft[] {
  return [...writing(r), ...encrypting(r)];
}

function writing(r: Runner): Draft[] {
  const topic = 'logs';
  const group = (name: string, region = r.region, account = r.account) => `arn:aws:logs:${region}:${account}:log-group:${name}:log-stream:x`;
  const own = group(r.eventLogGroup);
  const rule = (account: string, region = r.region) => ({ 'aws:SourceArn': `arn:aws:events:${region}:${account}:rule/x`, 'aws:SourceAccount': account });
  const away = elsewhere(r.region);
  return ['events.amazonaws.com', 'delivery.logs.amazonaws.com'].flatMap((service): Draft[] => {
    const write = (name: string, resource: string, context: Draft['context'], action = 'logs:PutLogEvents'): Draft =>
      ({ topic, name: `${service} ${name}`, who: { service }, action, resource, context });
    return [
      write('writes task events for a rule of another account', own, rule(OUTSIDER)),
      write('writes task events for a rule of another region', own, rule(r.account, away)),
      write('writes task events without a source', own, {}),
      write('writes task events for a source that is not a rule', own, { 'aws:SourceArn': `arn:aws:lambda:${r.region}:${r.account}:function:x`, 'aws:SourceAccount': r.account }),
      write('writes into another log group', group('/aws/ecs/somebody-else'), rule(r.account)),
      write('writes into a log group whose name starts like ours', group(`${r.eventLogGroup}-2`), rule(r.account)),
      write('writes into the log of the registration', group(r.registrationLogGroup ?? '/aws/lambda/x'), rule(r.account)),
      write('creates a stream in another log group', group('/aws/ecs/somebody-else'), {}, 'logs:CreateLogStream'),
      write('creates a stream in a log group whose name starts like ours', group(`${r.eventLogGroup}-2`), {}, 'logs:CreateLogStream'),
      write('deletes the log of the task events', own, rule(r.account), 'logs:DeleteLogStream'),
      write('reads the log of the task events', own, rule(r.account), 'logs:GetLogEvents'),
    ];
  }).concat([
    { topic, name: 'another service writes task events', who: { service: 'vpc-flow-logs.amazonaws.com' }, action: 'logs:PutLogEvents', resource: own, context: rule(r.account) },
    { topic, name: 'another service creates a stream of task events', who: { service: 'vpc-flow-logs.amazonaws.com' }, action: 'logs:CreateLogStream', resource: own, context: rule(r.account) },
  ]);
}

function encrypting(r: Runner): Draft[] {
  return r.encryptedLogs.flatMap((log) => misusing(r, log));
}

/** Requests that the statement for one log group could wrongly allow. */
function misusing(r: Runner, { what, group: own, keyArn: key }: Runner['encryptedLogs'][number]): Draft[] {
  const topic = 'keys';
  const group = (name: string, region = r.region, account = r.account) => `arn:aws:logs:${region}:${account}:log-group:${name}`;
  const away = elsewhere(r.region);
  const service = `logs.${r.region}.amazonaws.com`;
  const strangers: Draft[] = ['Decrypt', 'GenerateDataKey', 'CreateGrant', 'ScheduleKeyDeletion', 'PutKeyPolicy'].flatMap((action): Draft[] => [
    { topic, name: `an administrator of another account uses the key for the log of ${what} (${action})`, who: { administrator: OUTSIDER }, action: `kms:${action}`, resource: key, context: { 'kms:EncryptionContext:aws:logs:arn': group(own) } },
    { topic, name: `the orchestrator uses the key for the log of ${what} (${action})`, who: { role: r.taskManagerRole }, action: `kms:${action}`, resource: key, context: { 'kms:EncryptionContext:aws:logs:arn': group(own) } },
  ]);
  return ['Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo', 'GenerateDataKey', 'GenerateDataKeyWithoutPlaintext'].flatMap((action): Draft[] => {
    const use = (name: string, arn: string | undefined, who: string = service): Draft =>
      ({ topic, name: `${name} (${action}, log of ${what})`, who: { service: who }, action: `kms:${action}`, resource: key, context: { 'kms:EncryptionContext:aws:logs:arn': arn } });
    return [
      use('CloudWatch Logs uses the key for another log group', group('/aws/ecs/somebody-else')),
      // CloudFormation generates the end of the registration's log group name.
      ...what === 'the registration' ? [] : [use('CloudWatch Logs uses the key for a log group whose name starts like ours', group(`${own}-2`))],
      use('CloudWatch Logs uses the key for a log group of the same name in another account', group(own, r.region, OUTSIDER)),
      use('CloudWatch Logs uses the key for a log group of the same name in another region', group(own, away)),
      use('CloudWatch Logs uses the key without an encryption context', undefined),
      use('CloudWatch Logs of another region uses the key', group(own), `logs.${away}.amazonaws.com`),
      use('EventBridge uses the key', group(own), 'events.amazonaws.com'),
    ];
  }).concat([
    ['creates a grant for', 'CreateGrant'], ['schedules the deletion of', 'ScheduleKeyDeletion'], ['disables', 'DisableKey'], ['changes the policy of', 'PutKeyPolicy'], ['signs with', 'Sign'],
  ].map(([does, action]): Draft => ({
    topic, name: `CloudWatch Logs ${does} the key for the log of ${what}`, who: { service }, action: `kms:${action}`, resource: key, context: { 'kms:EncryptionContext:aws:logs:arn': group(own) },
  })), strangers);
}
