/** Random inputs are either accepted or rejected with a validation message, never with another error. */
import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App, Aws, CfnParameter, Duration, Fn, Lazy, SecretValue, Size, Stack, Token } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import * as fc from 'fast-check';
import { ApiToken, EcsRunner, EcsRunnerProps, Orchestrator, RunnerImage, RunnerOidcProvider, RunnerRule, StateStorage } from '../../src';
import { membersOf } from '../completeness/sources';
import { ACCOUNT, importedVpc, minimal, newStack, tokenOf } from '../support';

const RUNS = 150;

/** Part of each value that stands for a secret. */
const SECRET = 'hunter2';

type Make = (stack: Stack) => unknown;
let count = 0;
const unique = (id: string) => `${id}${count++}`;

/** Strings that are unknown until deployment or until the next synthesis. */
const UNKNOWN: Record<string, (stack: Stack) => string> = {
  lazy: () => Lazy.string({ produce: () => 'lazy' }),
  parameter: stack => new CfnParameter(stack, unique('Parameter')).valueAsString,
  export: () => Fn.importValue('Export'),
  pseudoParameter: () => Aws.REGION,
  join: () => Fn.join('-', ['a', Aws.ACCOUNT_ID]),
  reference: () => Token.asString({ Ref: 'Other' }),
  attribute: stack => new s3.CfnBucket(stack, unique('CfnBucket')).attrArn,
  dynamicReference: () => SecretValue.secretsManager('other').unsafeUnwrap(),
  lookup: stack => ssm.StringParameter.valueFromLookup(stack, `/platform/${unique('value')}`),
};
const unknownText = fc.constantFrom(...Object.values(UNKNOWN));

/** CDK tokens of types other than string. */
const UNKNOWN_OBJECTS: Make[] = [
  () => Lazy.number({ produce: () => 1 }),
  () => Lazy.list({ produce: () => ['a'] }),
  () => Lazy.any({ produce: () => ({ a: 1 }) }),
  () => Token.asList({ Ref: 'Other' }),
  () => Token.asNumber({ Ref: 'Other' }),
  () => Fn.split(',', Fn.importValue('List')),
  () => SecretValue.unsafePlainText(SECRET),
  () => Duration.days(Token.asNumber({ Ref: 'Other' })),
  () => Size.gibibytes(1),
];

/** Constructs and classes, some of which are valid for some inputs. */
const OBJECTS: Make[] = [
  stack => importedVpc(stack),
  stack => iam.Role.fromRoleName(stack, unique('Role'), 'role'),
  stack => iam.Role.fromRoleArn(stack, unique('Role'), Fn.importValue('Role')),
  stack => iam.ManagedPolicy.fromManagedPolicyArn(stack, unique('Boundary'), Fn.importValue('Boundary')),
  stack => kms.Key.fromKeyArn(stack, unique('Key'), Fn.importValue('Key')),
  stack => new kms.Key(stack, unique('Key')).addAlias(unique('alias/a')),
  stack => s3.Bucket.fromBucketName(stack, unique('Bucket'), Fn.importValue('Bucket')),
  stack => ecs.Cluster.fromClusterArn(stack, unique('Cluster'), `arn:aws:ecs:us-east-1:${ACCOUNT}:cluster/${Fn.importValue('Cluster')}`),
  stack => secretsmanager.Secret.fromSecretNameV2(stack, unique('Secret'), 'name'),
  stack => secretsmanager.Secret.fromSecretCompleteArn(stack, unique('Secret'), Fn.importValue('Secret')),
  stack => ecs.Secret.fromSecretsManager(new secretsmanager.Secret(stack, unique('Secret')), 'field'),
  stack => ssm.StringParameter.fromSecureStringParameterAttributes(stack, unique('Parameter'), { parameterName: Fn.importValue('Parameter'), simpleName: true }),
  stack => tokenOf(stack),
  () => StateStorage.newBucket(),
  () => RunnerImage.fromRegistry('a b'),
  () => EcsRunner,
  () => () => SECRET,
  () => Symbol('symbol'),
  () => new Date(0),
  () => new Map([['a', 'b']]),
  () => Object.create(null),
];

const plain: fc.Arbitrary<Make> = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', ' ', '*', '${aws:username}', 'https://', 'http://example.com',
    'arn:aws:iam::123456789012:role/a', 'arn:aws:kms:eu-west-1:999999999999:alias/a', 'x'.repeat(2000), 'aws:x', 'fail', 'destroy'),
  fc.constantFrom(undefined, null, true, false, 0, 7, -1, 1.5, NaN, Infinity, 7n),
).map(value => () => value);

/** A string of known and unknown parts. */
const mixed: fc.Arbitrary<Make> = fc.array(fc.oneof(fc.string({ maxLength: 5 }).map(text => () => text), unknownText), { minLength: 2, maxLength: 4 })
  .map(parts => stack => parts.map(part => part(stack)).join(''));

const single: fc.Arbitrary<Make> = fc.oneof(plain, mixed, unknownText, fc.constantFrom(...UNKNOWN_OBJECTS), fc.constantFrom(...OBJECTS));

/** Secret values that a user may pass by mistake instead of a reference to a secret, and URLs with credentials. */
const secretValue: fc.Arbitrary<Make> = fc.constantFrom<unknown>(
  SECRET, { token: SECRET }, [SECRET], `-----BEGIN PRIVATE KEY-----\n${SECRET}`, () => SECRET, { secretArn: SECRET },
).map(value => () => value);
const secretUrl: fc.Arbitrary<Make> = fc.constantFrom(
  `https://user:${SECRET}@example.com/`, `https://${SECRET}@example.com:99999999`, `https://user:a/${SECRET}@example.com`, `http://user@${SECRET}@example.com`, `https://user:a?${SECRET} @example.com`,
  `https://example.com/?token=${SECRET}#${SECRET}`, `https://example.com:99999999/?token=${SECRET}`, `https://example.com/#${SECRET}`,
).map(value => () => value);

const anyValue: fc.Arbitrary<Make> = fc.oneof(
  { arbitrary: single, weight: 3 },
  { arbitrary: fc.array(single, { maxLength: 3 }).map((parts): Make => stack => parts.map(part => part(stack))), weight: 1 },
  {
    arbitrary: fc.array(fc.tuple(fc.oneof(plain, mixed, fc.constantFrom<Make>(() => 'prefix', () => 'vpc', () => 'A')), single), { maxLength: 3 })
      .map((entries): Make => stack => Object.fromEntries(entries.map(([key, value]) => [String(key(stack)), value(stack)]))),
    weight: 1,
  },
);

/** Random values for some inputs of a struct. */
const inputsOf = (struct: string) => fc
  .dictionary(fc.constantFrom(...membersOf(struct).map(({ name }) => name)), anyValue, { minKeys: 1, maxKeys: 2, noNullPrototype: true })
  .map((given): Make => stack => Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value(stack)])));

const selfHosted = { orgId: 'my-org', apiUrl: 'https://api.example.com', oidcIssuerUrl: 'https://oidc.example.com' };
const runner = (stack: Stack, change: unknown) => new EcsRunner(stack, unique('Runner'), { ...minimal(stack), ...change as Partial<EcsRunnerProps> });
const any = (value: unknown): any => value;

/** The constructs and functions to test, each with one to three random values. */
const SUBJECTS: Record<string, [values: fc.Arbitrary<Make>[], make: (stack: Stack, ...values: unknown[]) => unknown]> = {
  'EcsRunner': [[inputsOf('EcsRunnerProps')], runner],
  'the props of EcsRunner': [[anyValue], (stack, props) => new EcsRunner(stack, unique('Runner'), any(props))],
  'Orchestrator.humanitec()': [[anyValue, anyValue], (stack, orgId, apiToken) => runner(stack, { orchestrator: Orchestrator.humanitec(any({ orgId, apiToken })) })],
  'Orchestrator.selfHosted()': [[inputsOf('SelfHostedOrchestratorProps')], (stack, change) =>
    runner(stack, { orchestrator: Orchestrator.selfHosted({ ...selfHosted, apiToken: tokenOf(stack), ...change as object }) })],
  'the props of Orchestrator': [[anyValue], (stack, props) => runner(stack, { orchestrator: Orchestrator.selfHosted(any(props)) })],
  'ApiToken.fromSecretsManager()': [[anyValue, anyValue], (stack, secret, field) =>
    runner(stack, { orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken: ApiToken.fromSecretsManager(any(secret), any(field)) }) })],
  'ApiToken.fromSsmParameter()': [[anyValue, anyValue], (stack, parameter, key) =>
    runner(stack, { orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken: ApiToken.fromSsmParameter(any(parameter), any(key)) }) })],
  'StateStorage.newBucket()': [[fc.oneof(inputsOf('NewBucketOptions'), anyValue)], (stack, options) => runner(stack, { stateStorage: StateStorage.newBucket(any(options)) })],
  'StateStorage.existingBucket()': [[anyValue, fc.oneof(inputsOf('ExistingBucketOptions'), anyValue)], (stack, bucket, options) =>
    runner(stack, { stateStorage: StateStorage.existingBucket(any(bucket), any(options)) })],
  'RunnerImage.fromRegistry()': [[anyValue], (stack, name) => runner(stack, { image: RunnerImage.fromRegistry(any(name)) })],
  'RunnerImage.fromEcrRepository()': [[anyValue, anyValue], (stack, repository, tag) => runner(stack, { image: RunnerImage.fromEcrRepository(any(repository), any(tag)) })],
  'RunnerImage.fromAsset()': [[fc.oneof(anyValue, fc.constant<Make>(() => __dirname)), fc.oneof(inputsOf('AssetImageOptions'), anyValue)], (stack, directory, options) =>
    runner(stack, { image: RunnerImage.fromAsset(any(directory), any(options)) })],
  'the network of the registration': [[inputsOf('RegistrationNetwork')], (stack, change) => runner(stack, { registrationNetwork: { vpc: importedVpc(stack), ...change as object } })],
  'RunnerRule': [[inputsOf('RunnerRuleProps')], (stack, change) =>
    new RunnerRule(stack, unique('Rule'), any({ runner: (stack.node.tryFindChild('Target') as EcsRunner | undefined) ?? new EcsRunner(stack, 'Target', minimal(stack)), ...change as object }))],
  'EcsRunner.fromRunnerAttributes()': [[inputsOf('EcsRunnerAttributes')], (stack, change) => EcsRunner.fromRunnerAttributes(stack, unique('Runner'), any({ runnerId: 'r', ...change as object }))],
  'secrets where their place is expected': [
    [fc.constantFrom<Make>(() => 'apiToken', () => 'extraCaCertificates'), secretValue],
    (stack, name, value) => runner(stack, { orchestrator: Orchestrator.selfHosted({ ...selfHosted, apiToken: tokenOf(stack), [name as string]: value }) }),
  ],
  'URLs with credentials': [[fc.constantFrom<Make>(...['apiUrl', 'gatewayUrl', 'oidcIssuerUrl'].map(name => () => name)), secretUrl], (stack, name, value) =>
    runner(stack, { orchestrator: Orchestrator.selfHosted({ ...selfHosted, apiToken: tokenOf(stack), [name as string]: value }) })],
  'secrets for the API token': [[secretValue, secretValue], (stack, secret, key) => runner(stack, {
    orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken: count++ % 2 ? ApiToken.fromSecretsManager(any(secret)) : ApiToken.fromSsmParameter(any(secret), any(key)) }),
  })],
  'secrets for the secrets of the tasks': [[secretValue], (stack, value) => runner(stack, { secrets: any(count++ % 2 ? { A: value } : value) })],
  'secrets for variables': [[secretValue], (stack, value) => runner(stack, { environment: any({ A: count++ % 2 ? [value] : `${value}${'x'.repeat(2000)}` }) })],
  'RunnerOidcProvider': [[fc.oneof(inputsOf('RunnerOidcProviderProps'), anyValue)], (stack, props) => new RunnerOidcProvider(stack, unique('Provider'), any(props))],
};

const REJECTION = /^(EcsRunner|RunnerRule|RunnerOidcProvider|EcsRunner\.fromRunnerAttributes\(\)) '.*' has \d+ problems?:(\n {2}\d+\. .+: expected .+; got .+\. .+[.)])+$/;

const OUTDIR = mkdtempSync(join(tmpdir(), 'cdk-out-'));
afterAll(() => rmSync(OUTDIR, { recursive: true, force: true }));

/** Describes the fault of an error message. Returns undefined if the message is correct. */
function faultOf({ message, stack }: Error): string | undefined {
  if (!REJECTION.test(message)) {
    return `not a validation message: ${message}\n${stack}`;
  }
  return /Token\[|-1\.888154|\0/.test(message) || message.includes(SECRET) ? `the message contains a CDK token or a secret: ${message}` : undefined;
}

describe('random values', () => {
  test.each(Object.entries(SUBJECTS))('are accepted by %s, or rejected with a message that shows no CDK token and no secret', (_name, [values, make]) => {
    let rejected = 0;
    const faults = new Set<string>();
    fc.assert(fc.property(fc.tuple(...values), (given) => {
      const stack = newStack(undefined, 'Stack', new App({ analyticsReporting: false, outdir: OUTDIR }));
      const made = given.map(value => value(stack));
      try {
        make(stack, ...made);
      } catch (error) {
        rejected++;
        const fault = faultOf(error as Error);
        if (fault) faults.add(fault);
      }
    }), { seed: 11, numRuns: RUNS });
    expect([...faults]).toEqual([]);
    expect(rejected).toBeGreaterThan(RUNS / 10);
  });
});
