/** The log of task state changes, and the removal policies of log groups. */
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { StateStorage } from '../../src';
import { ACCOUNT, newStack, only, REGION, referencesOf, runnerIn } from '../support';

const groupsOf = (stack: Stack) => Object.keys(Template.fromStack(stack).findResources('AWS::Logs::LogGroup')).map(id => id.replace(/[A-F0-9]{8}$/, '')).sort();
const clusterOf = (stack: Stack) => ecs.Cluster.fromClusterArn(stack, 'C', `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/existing`);
const keyOf = (stack: Stack) => kms.Key.fromKeyArn(stack, 'Key', `arn:aws:kms:${REGION}:${ACCOUNT}:key/1234`);

describe('without an event log, a runner', () => {
  test('has neither rule nor log group nor resource policy, and no reference to one', () => {
    const stack = newStack();
    const runner = runnerIn(stack, { eventLogEnabled: false, encryptionKey: new kms.Key(stack, 'Key') });
    expect(runner.eventLogGroup).toBeUndefined();
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::Events::Rule', 0);
    template.resourceCountIs('AWS::Logs::ResourcePolicy', 0);
    expect(groupsOf(stack)).toEqual(['HumanitecRunnerRegistrationLogGroup', 'RunnerExecLogGroup']);
    const { Resources: resources } = template.toJSON();
    const ids = new Set(Object.keys(resources));
    for (const resource of Object.values(resources)) {
      for (const id of referencesOf(resource, ids)) expect(ids).toContain(id);
    }
    const names = JSON.stringify(only(template, 'AWS::KMS::Key').Properties.KeyPolicy);
    expect(names).toContain('log-group:/aws/ecs/runner-????????/exec');
    expect(names).not.toContain('runner-????????"');
  });

  test('is not in the resource policy of another runner of the stack', () => {
    const stack = newStack();
    runnerIn(stack, { runnerId: 'first' });
    runnerIn(stack, { runnerId: 'second', eventLogEnabled: false }, 'Second');
    const { PolicyDocument: document } = only(Template.fromStack(stack), 'AWS::Logs::ResourcePolicy').Properties;
    expect(JSON.stringify(document)).not.toContain('Second');
  });

  test('on an existing cluster adds no empty statement to the key of a stack whose registration has another key', () => {
    const stack = newStack();
    runnerIn(stack, { encryptionKey: new kms.Key(stack, 'First') }, 'First1');
    const key = new kms.Key(stack, 'Second');
    runnerIn(stack, { eventLogEnabled: false, cluster: clusterOf(stack), encryptionKey: key }, 'Second2');
    const sids = only(Template.fromStack(stack), 'AWS::KMS::Key', 'Second').Properties.KeyPolicy.Statement.map((statement: any) => statement.Sid);
    expect(sids).toEqual([undefined]);
  });

  test('on an existing cluster prints the statement that an imported key needs for the state', () => {
    const stack = newStack();
    runnerIn(stack, { encryptionKey: new kms.Key(stack, 'First') }, 'First1');
    runnerIn(stack, { eventLogEnabled: false, cluster: clusterOf(stack), encryptionKey: keyOf(stack) });
    Annotations.fromStack(stack).hasWarning('/Stack/Runner', Match.stringLikeRegexp('"Sid":"EncryptState".*importedKey'));
    Annotations.fromStack(stack).hasNoWarning('/Stack/Runner', Match.stringLikeRegexp('EncryptLogGroups'));
  });

  test('on an existing cluster prints no statement for an imported key that encrypts neither logs nor state', () => {
    const stack = newStack();
    runnerIn(stack, { encryptionKey: new kms.Key(stack, 'First') }, 'First1');
    const bucket = s3.Bucket.fromBucketAttributes(stack, 'Bucket', { bucketName: 'state', encryptionKey: new kms.Key(stack, 'OfBucket') });
    const stateStorage = StateStorage.existingBucket(bucket);
    runnerIn(stack, { eventLogEnabled: false, cluster: clusterOf(stack), encryptionKey: keyOf(stack), stateStorage });
    Annotations.fromStack(stack).hasNoWarning('/Stack/Runner', Match.stringLikeRegexp('importedKey'));
  });
});

describe('with a log group of the user, a runner', () => {
  test('accepts a log group of a known account and region in a stack without account and region', () => {
    const stack = newStack({});
    const eventLogGroup = logs.LogGroup.fromLogGroupArn(stack, 'Events', `arn:aws:logs:eu-west-1:${ACCOUNT}:log-group:events`);
    expect(runnerIn(stack, { eventLogGroup }).eventLogGroup).toBe(eventLogGroup);
  });


  test('writes the events to it, and creates no resource policy', () => {
    const stack = newStack();
    const eventLogGroup = logs.LogGroup.fromLogGroupName(stack, 'Events', '/platform/events');
    const runner = runnerIn(stack, { eventLogGroup, encryptionKey: new kms.Key(stack, 'Key') });
    expect(runner.eventLogGroup).toBe(eventLogGroup);
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::Logs::ResourcePolicy', 0);
    expect(groupsOf(stack)).toEqual(['HumanitecRunnerRegistrationLogGroup', 'RunnerExecLogGroup']);
    const [target] = only(template, 'AWS::Events::Rule').Properties.Targets;
    expect(target.Arn).toEqual({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:logs:${REGION}:${ACCOUNT}:log-group:/platform/events`]] });
    // The log group has its own key or none.
    expect(JSON.stringify(only(template, 'AWS::KMS::Key').Properties.KeyPolicy)).not.toContain('platform/events');
    expect(only(template, 'Custom::HumanitecRunner').DependsOn).toEqual(expect.arrayContaining(Object.keys(template.findResources('AWS::Events::Rule'))));
  });

  test('depends on a log group of the app, and does not change it', () => {
    const stack = newStack();
    runnerIn(stack, { eventLogGroup: new logs.LogGroup(stack, 'Events', { retention: logs.RetentionDays.ONE_DAY }), logRetention: logs.RetentionDays.ONE_YEAR });
    const template = Template.fromStack(stack);
    expect(only(template, 'AWS::Logs::LogGroup', 'Events').Properties).toEqual({ RetentionInDays: 1 });
    expect(only(template, 'AWS::Events::Rule').DependsOn).toEqual(Object.keys(template.findResources('AWS::Logs::LogGroup')).filter(id => id.startsWith('Events')));
  });
});

describe('the log groups', () => {
  test('have no retention, including the one of the registration, if one runner requests INFINITE', () => {
    const stack = newStack();
    runnerIn(stack, { logRetention: logs.RetentionDays.INFINITE });
    runnerIn(stack, { logRetention: logs.RetentionDays.ONE_WEEK }, 'Second');
    const groups = Object.entries(Template.fromStack(stack).findResources('AWS::Logs::LogGroup'));
    const days = Object.fromEntries(groups.map(([id, { Properties: properties }]) => [id.replace(/[A-F0-9]{8}$/, ''), properties?.RetentionInDays]));
    expect(days).toEqual({
      HumanitecRunnerRegistrationLogGroup: undefined, RunnerEventLogGroup: undefined, RunnerExecLogGroup: undefined, SecondEventLogGroup: 7, SecondExecLogGroup: 7,
    });
  });


  test.each([
    [undefined, 'Delete', 'Delete'], [RemovalPolicy.DESTROY, 'Delete', 'Delete'],
    [RemovalPolicy.RETAIN, 'RetainExceptOnCreate', 'Retain'], [RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, 'RetainExceptOnCreate', 'Retain'],
  ])('with the removal policy %s do not survive a failed first deployment', (logRemovalPolicy, onDelete, onReplace) => {
    const stack = newStack();
    runnerIn(stack, { logRemovalPolicy });
    const groups = Object.values(Template.fromStack(stack).findResources('AWS::Logs::LogGroup'));
    expect(groups.map(group => [group.DeletionPolicy, group.UpdateReplacePolicy])).toEqual(Array(3).fill([onDelete, onReplace]));
  });
});
