/** Errors and warnings about two runners or rules of one app. */
import { App, Aws, CfnParameter, Fn, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ACCOUNT, newStack, orchestratorOf, plainRunner, quietRunner, REGION, tokenOf, warningsOf } from './support';
import { Orchestrator, StateStorage } from '../src';

const ENV = { account: ACCOUNT, region: REGION };

describe('two runners of an app', () => {
  const twice = (path: string, other: string) => `[${path}] runnerId: expected an id that no other runner of the app has in the organization; `
    + `got "prod", which is the id of '${other}'. Give each runner an id of its own. To move a runner to this construct, set \`adoptExisting\`.`;

  test('of a stack cannot have the same id', () => {
    const stack = newStack();
    quietRunner(stack, { runnerId: 'prod' });
    plainRunner(stack, { runnerId: 'prod' }, 'Second');
    expect(() => Template.fromStack(stack)).toThrow(twice('Stack/Second', 'Stack/Runner'));
  });

  test('of two stages cannot have the same id in an organization', () => {
    const app = new App();
    const [dev, prod] = ['Dev', 'Prod'].map(id => newStack({ env: ENV }, 'Stack', new Stage(app, id) as App));
    plainRunner(dev, { runnerId: 'prod' });
    plainRunner(prod, { runnerId: 'prod' });
    expect(() => app.synth()).toThrow(twice('Prod/Stack/Runner', 'Dev/Stack/Runner'));
  });

  test('can have the same id in two organizations or orchestrators', () => {
    const stack = newStack();
    quietRunner(stack, { runnerId: 'prod' });
    quietRunner(stack, { runnerId: 'prod', orchestrator: orchestratorOf(stack, 'other-org') }, 'OtherOrganization');
    quietRunner(stack, {
      runnerId: 'prod',
      orchestrator: Orchestrator.selfHosted({ orgId: 'my-org', apiToken: tokenOf(stack), apiUrl: 'https://api.example.com', oidcIssuerUrl: 'https://oidc.example.com' }),
    }, 'OtherOrchestrator');
    expect(warningsOf(stack)).toEqual([]);
  });

  test.each([[{}, { adoptExisting: true }], [{ adoptExisting: true }, {}]])('with the same id have a warning if one of them adopts it: %j %j', (first, second) => {
    const stack = newStack();
    quietRunner(stack, { runnerId: 'prod', ...first });
    quietRunner(stack, { runnerId: 'prod', ...second }, 'Second');
    expect(warningsOf(stack)).toEqual(['/Stack/Second: runnerIdTwice']);
  });

  test('cannot use the same parameter for both ids, but can use two parameters', () => {
    const stack = newStack();
    const [one, other] = ['One', 'Other'].map(id => new CfnParameter(stack, id));
    quietRunner(stack, { runnerId: one.valueAsString });
    quietRunner(stack, { runnerId: other.valueAsString }, 'Second');
    expect(warningsOf(stack)).toEqual([]);
    const third = newStack();
    const parameter = new CfnParameter(third, 'One');
    ['Runner', 'Second'].forEach(id => plainRunner(third, { runnerId: parameter.valueAsString }, id));
    expect(() => Template.fromStack(third)).toThrow('got "<token>", which is the id of \'Stack/Runner\'');
  });

  test('can have the same placeholder of a lookup as id', () => {
    const stack = newStack();
    quietRunner(stack, { runnerId: 'dummy-value-for-/runner/id' });
    quietRunner(stack, { runnerId: 'dummy-value-for-/runner/id' }, 'Second');
    expect(warningsOf(stack)).toEqual([]);
  });

  test('of two stacks can use the same CDK token as id if it has a different value in each stack', () => {
    const app = new App();
    const [one, other] = ['One', 'Other'].map(id => new Stack(app, id));
    plainRunner(one, { runnerId: `prod-${Aws.REGION}` });
    plainRunner(other, { runnerId: `prod-${Aws.REGION}` });
    expect(warningsOf(other)).not.toContain('/Other/Runner: runnerIdTwice');
  });

  test('cannot have rules with the same filter in two stacks, unless the organizations differ', () => {
    const stack = newStack();
    const other = newStack({ env: ENV }, 'Other', stack.node.root as App);
    quietRunner(stack).addRule('Production', { envTypeId: 'production' });
    expect(() => quietRunner(other).addRule('Production', { envTypeId: 'production' })).toThrow('got those of \'Stack/Runner/Production\'');
    quietRunner(other, { orchestrator: orchestratorOf(other, 'other-org') }, 'OtherOrganization').addRule('Production', { envTypeId: 'production' });
  });

  test('can have rules for two environment types of one project, and for two projects of one environment type', () => {
    const stack = newStack();
    const runner = quietRunner(stack);
    runner.addRule('One', { projectId: 'shop', envTypeId: 'production' });
    runner.addRule('Two', { projectId: 'shop', envTypeId: 'development' });
    runner.addRule('Three', { projectId: 'blog', envTypeId: 'production' });
    // The project id "undefined" differs from no project.
    runner.addRule('Four', { projectId: 'undefined' });
    runner.addRule('Five');
    Template.fromStack(stack).resourceCountIs('Custom::HumanitecRunnerRule', 6);
  });
});

describe('state of two runners in one bucket', () => {
  const shared = ['/Stack/Second: sharedStateLocation'];
  /** A stack with two runners that use these prefixes in one bucket. */
  function withPrefixes(prefixes: (string | undefined)[]): Stack {
    const stack = newStack();
    const bucket = new s3.Bucket(stack, 'Bucket');
    prefixes.forEach((prefix, i) => quietRunner(stack, { stateStorage: StateStorage.existingBucket(bucket, { prefix }) }, ['Runner', 'Second'][i]));
    return stack;
  }

  test.each([
    [undefined, undefined, 'at the location of'], ['team', 'team', 'at the location of'], ['team/', 'team', 'at the location of'],
    [undefined, 'team', 'inside'], ['team', undefined, 'around'], ['team', 'team/runner', 'inside'], ['team/runner/', 'team/', 'around'],
  ])('below %s and %s has a warning', (first, second, relation) => {
    const stack = withPrefixes([first, second]);
    expect(warningsOf(stack)).toEqual(shared);
    Annotations.fromStack(stack).hasWarning('/Stack/Second', Match.stringLikeRegexp(`keeps its state ${relation} the state of the runner 'Stack/Runner'`));
  });

  test.each([
    ['team', 'teams'], ['a/b', 'a/c'], ['dummy-value-for-/prefix', 'dummy-value-for-/prefix'], [undefined, 'dummy-value-for-/prefix'], ['dummy-value-for-/prefix', undefined],
  ])('below %s and %s has no warning', (first, second) => {
    expect(warningsOf(withPrefixes([first, second]))).toEqual([]);
  });

  test('has a warning for prefixes from the same export', () => {
    const stack = newStack();
    const bucket = new s3.Bucket(stack, 'Bucket');
    for (const id of ['Runner', 'Second']) quietRunner(stack, { stateStorage: StateStorage.existingBucket(bucket, { prefix: Fn.importValue('Prefix') }) }, id);
    expect(warningsOf(stack)).toEqual(shared);
  });

  test('has no warning in two buckets', () => {
    const stack = newStack();
    quietRunner(stack);
    quietRunner(stack, {}, 'Second');
    expect(warningsOf(stack)).toEqual([]);
  });

  test.each<[string, (stack: Stack, bucket: s3.IBucket) => s3.IBucket]>([
    ['name', (stack, { bucketName }) => s3.Bucket.fromBucketName(stack, 'Imported', bucketName)],
    ['ARN', (stack, { bucketArn }) => s3.Bucket.fromBucketArn(stack, 'Imported', bucketArn)],
  ])('has a warning when the bucket of the other runner is imported by its %s', (_name, imported) => {
    const stack = newStack();
    const { stateBucket } = quietRunner(stack);
    quietRunner(stack, { stateStorage: StateStorage.existingBucket(imported(stack, stateBucket)) }, 'Second');
    expect(warningsOf(stack)).toEqual(shared);
  });

  test('has a warning when the bucket belongs to the other runner, or to another stack', () => {
    const stack = newStack();
    const other = newStack({ env: ENV }, 'Other', stack.node.root as App);
    const first = quietRunner(stack);
    quietRunner(stack, { stateStorage: StateStorage.existingBucket(first.stateBucket) }, 'Second');
    quietRunner(other, { stateStorage: StateStorage.existingBucket(first.stateBucket, { prefix: 'other' }) }, 'Third');
    expect(warningsOf(stack)).toEqual(shared);
    // One warning for each runner whose state location contains this one.
    expect(warningsOf(other)).toEqual(['/Other/Third: sharedStateLocation', '/Other/Third: sharedStateLocation']);
  });

  test('has no warning in two stacks if a CDK token has a different value in each', () => {
    const app = new App();
    const [one, other] = ['One', 'Other'].map(id => new Stack(app, id));
    for (const stack of [one, other]) {
      const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'my-org-state');
      plainRunner(stack, { stateStorage: StateStorage.existingBucket(bucket, { prefix: `state/${Aws.REGION}` }) });
    }
    expect(warningsOf(other)).not.toContain('/Other/Runner: sharedStateLocation');
  });

  test('has a warning when two stacks import the bucket by its name', () => {
    const stack = newStack();
    const other = newStack({ env: ENV }, 'Other', stack.node.root as App);
    for (const each of [stack, other]) {
      quietRunner(each, { stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketName(each, 'Bucket', 'my-org-state')) });
    }
    expect(warningsOf(other)).toEqual(['/Other/Runner: sharedStateLocation']);
  });
});
