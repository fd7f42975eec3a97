/** Hostile input values never widen a policy: they are either rejected at synthesis or used literally. */
import { App, CfnParameter, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import * as fc from 'fast-check';
import { ApiToken, EcsRunner, EcsRunnerProps, Orchestrator, RunnerImage, StateStorage } from '../src';
import { isAsExpected } from './proof/evaluator';
import { hostileRequests } from './proof/hostile';
import { ACCOUNT, REGION } from './proof/inputs';
import { Resolver, type Template } from './proof/resolver';
import { accountOf, runnersOf, type Given } from './proof/template';
import { importedVpc, minimal, tokenOf } from './support';
import { BUCKET_PATTERN, IMAGE_PATTERN, PATH_PREFIX_PATTERN, ROLE_ARN_PATTERN, RUNNER_ID_PATTERN } from '../src/common/contract';

type Made = Partial<EcsRunnerProps>;
interface Input {
  readonly make: (stack: Stack, value: string) => Made;
  /** Facts that are not in the template. */
  readonly given?: (value: string) => Given;
}

const arn = (service: string, resource: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
const selfHosted = (stack: Stack, change: { orgId?: string; oidcIssuerUrl?: string; taskFamilyPrefix?: string }): Made => ({
  orchestrator: Orchestrator.selfHosted({
    orgId: 'my-org', apiToken: tokenOf(stack), apiUrl: 'https://api.example.com', oidcIssuerUrl: 'https://oidc.example.com', ...change,
  }),
});
const SELF_HOSTED = { issuer: 'oidc.example.com' };
const hosted = (apiToken: ApiToken, orgId = 'my-org'): Made => ({ orchestrator: Orchestrator.humanitec({ orgId, apiToken }) });
const EXISTING = { existingBucket: true };

const INPUTS: Record<string, Input> = {
  'orgId': { make: (stack, value) => hosted(tokenOf(stack), value) },
  'orgId, self-hosted': { make: (stack, orgId) => selfHosted(stack, { orgId }), given: () => SELF_HOSTED },
  'taskFamilyPrefix': { make: (stack, taskFamilyPrefix) => selfHosted(stack, { taskFamilyPrefix }), given: (familyPrefix) => ({ ...SELF_HOSTED, familyPrefix }) },
  'oidcIssuerUrl': { make: (stack, value) => selfHosted(stack, { oidcIssuerUrl: `https://oidc.example.com/${value}` }), given: (value) => ({ issuer: `oidc.example.com/${value}` }) },
  'runnerId': { make: (_stack, runnerId) => ({ runnerId }) },
  'runnerIdPrefix': { make: (_stack, runnerIdPrefix) => ({ runnerIdPrefix }) },
  'rolePath': { make: (_stack, value) => ({ rolePath: `/${value}/` }) },
  'prefix of a new bucket': { make: (_stack, prefix) => ({ stateStorage: StateStorage.newBucket({ prefix }) }) },
  'prefix of an existing bucket': {
    make: (stack, prefix) => ({ stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketName(stack, 'States', 'states'), { prefix }) }),
    given: () => EXISTING,
  },
  'name of an existing bucket': { make: (stack, value) => ({ stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketName(stack, 'States', value)) }), given: () => EXISTING },
  'name of an existing cluster': {
    make: (stack, clusterName) => ({ cluster: ecs.Cluster.fromClusterAttributes(stack, 'Shared', { clusterName, vpc: undefined as any }) }),
  },
  'ARN of a task role': {
    make: (stack, value) => ({ taskRole: iam.Role.fromRoleArn(stack, 'Given', `arn:aws:iam::${ACCOUNT}:role/${value}`) }),
    given: (value) => ({ givenRoles: [`arn:aws:iam::${ACCOUNT}:role/${value}`] }),
  },
  'name of the token\'s secret': { make: (stack, value) => hosted(ApiToken.fromSecretsManager(secretsmanager.Secret.fromSecretNameV2(stack, 'Other', value))) },
  'ARN of the token\'s secret': {
    make: (stack, value) => hosted(ApiToken.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'Other', arn('secretsmanager', `secret:${value}-AbCdEf`)))),
  },
  'name of the token\'s parameter': {
    make: (stack, value) => hosted(ApiToken.fromSsmParameter(ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Other', { parameterName: `/${value}` }))),
  },
  'ARN of a secret': {
    make: (stack, value) => ({ secrets: { A: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'Other', arn('secretsmanager', `secret:${value}-AbCdEf`))) } }),
  },
  'name of a parameter': {
    make: (stack, value) => ({ secrets: { A: ecs.Secret.fromSsmParameter(ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Other', { parameterName: `/${value}` })) } }),
  },
  'name of a repository': { make: (stack, value) => ({ image: RunnerImage.fromEcrRepository(ecr.Repository.fromRepositoryName(stack, 'Repository', value)) }) },
  'ARN of a key': { make: (stack, value) => ({ encryptionKey: kms.Key.fromKeyArn(stack, 'Key', arn('kms', `key/${value}`)) }) },
  'ARN of the key of the token\'s parameter': {
    make: (stack, value) => hosted(ApiToken.fromSsmParameter(
      ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Other', { parameterName: '/token' }), kms.Key.fromKeyArn(stack, 'Key', arn('kms', `key/${value}`)))),
  },
  'tag of an image': { make: (stack, value) => ({ image: RunnerImage.fromEcrRepository(ecr.Repository.fromRepositoryName(stack, 'Repository', 'runner'), value) }) },
};

/** Strings with a special meaning in IAM policies, and characters that could end a string or path segment early. */
const PIECES = ['*', '?', '${aws:username}', '${*}', '"', '\'', '\n', '\r', '\0', '+', ',', ':', '/', '//', '../', '\\', ' ', '%2a', '\u2217', 'é', '\u202e', '[a]', '{', '}', '$', '|'];
const hostileValue = fc.tuple(fc.constantFrom('', 'a', 'team', 'team/a', 'a-b'), fc.constantFrom(...PIECES), fc.constantFrom('', 'z', 'b/c', 'x-1'))
  .map((parts) => parts.join(''));

/** The strings in a policy that IAM compares, with or without wildcards. */
function valuesOf(document: unknown): string[] {
  if (typeof document === 'string') return [document];
  return typeof document === 'object' && document !== null ? Object.values(document).flatMap(valuesOf) : [];
}

/** The template for a value, or for a parameter if the value is undefined. Returns undefined if the value is rejected. */
function synthesize({ make }: Input, value: string | undefined): Template | undefined {
  const stack = new Stack(new App({ analyticsReporting: false, treeMetadata: false }), 'Stack', { env: { account: ACCOUNT, region: REGION } });
  try {
    new EcsRunner(stack, 'Runner', { ...minimal(stack), ...make(stack, value ?? new CfnParameter(stack, 'Value').valueAsString) });
  } catch (error) {
    // The CDK or the library must reject the value with a message. No value may cause another error.
    expect(String(error)).toMatch(/has \d+ problems?:|[Ii]nvalid|must|should|cannot|Unable/);
    return undefined;
  }
  return (stack.node.root as App).synth().getStackByName('Stack').template as Template;
}

/** Hostile requests that the policies allow after the deployment of the value. */
function passing(template: Template, value: string, given?: Given): { requests: string[]; values: string[] } {
  const resolver = new Resolver(template, { account: ACCOUNT, region: REGION, stackName: 'Stack', parameters: { Value: value } });
  const account = accountOf(resolver, given);
  const [runner] = runnersOf(resolver, 'runner', given);
  return { requests: hostileRequests(runner!).filter((request) => !isAsExpected(account, request)).map(({ name }) => name), values: valuesOf(account) };
}

/** Requests that pass with a harmless value, too. `npm run prove` covers those. */
function plainly(input: Input, value: string | undefined): Set<string> {
  return new Set(passing(synthesize(input, value)!, 'team', input.given?.('team')).requests);
}

test.each(Object.entries(INPUTS))('a hostile value of %s is rejected or has no effect on permissions', (_name, input) => {
  const plain = plainly(input, 'team');
  fc.assert(fc.property(hostileValue, (value) => {
    const template = synthesize(input, value);
    if (!template) return;
    const { requests, values } = passing(template, value, input.given?.(value));
    expect(requests.filter((name) => !plain.has(name))).toEqual([]);
    // No compared string may contain a wildcard or variable of IAM from the value.
    expect(/[*?]|\$\{/.test(value) ? values.filter((text) => text.includes(value)) : []).toEqual([]);
  }), { seed: 4, numRuns: 60, endOnFailure: true });
});

describe('a value that only CloudFormation knows', () => {
  const HOSTILE = ['*', 't*', 't?am', '${aws:username}'];
  const registrationOf = (template: Template, value: string) => {
    const resolver = new Resolver(template, { account: ACCOUNT, region: REGION, stackName: 'Stack', parameters: { Value: value } });
    return resolver.resolve({ ...resolver.resourcesOf('Custom::HumanitecRunner')[0]![1], ServiceToken: undefined });
  };

  test.each(['orgId', 'rolePath', 'tag of an image'])('of %s is compared without wildcards', (name) => {
    const input = INPUTS[name]!;
    const plain = plainly(input, undefined);
    for (const value of HOSTILE) expect(passing(synthesize(input, undefined)!, value, input.given?.(value)).requests.filter((one) => !plain.has(one))).toEqual([]);
  });

  // The orchestrator rejects such values, so the deployment fails and is rolled back.
  test.each<[string, RegExp, (registration: any) => string]>([
    ['prefix of a new bucket', PATH_PREFIX_PATTERN, ({ StateStorage: { PathPrefix } }) => PathPrefix],
    ['prefix of an existing bucket', PATH_PREFIX_PATTERN, ({ StateStorage: { PathPrefix } }) => PathPrefix],
    ['name of an existing bucket', BUCKET_PATTERN, ({ StateStorage: { Bucket } }) => Bucket],
    ['ARN of a task role', ROLE_ARN_PATTERN, ({ Job }) => Job.TaskRoleArn],
    ['name of a repository', IMAGE_PATTERN, ({ Job }) => Job.Image],
    ['runnerId', RUNNER_ID_PATTERN, ({ RunnerId }) => RunnerId],
    ['runnerIdPrefix', RUNNER_ID_PATTERN, ({ RunnerId }) => RunnerId],
  ])('of %s is rejected by the orchestrator if it contains wildcards', (name, pattern, told) => {
    const template = synthesize(INPUTS[name]!, undefined)!;
    for (const value of HOSTILE) expect(told(registrationOf(template, value))).not.toMatch(pattern);
    expect(told(registrationOf(template, 'team'))).toMatch(pattern);
  });

  // The handler rejects such values before it generates the runner id, on which the task manager role and the task roles depend.
  test.each<[string, string]>([
    ['orgId', 'orchestrator.orgId'],
    ['taskFamilyPrefix', 'orchestrator.taskFamilyPrefix'],
    ['runnerId', 'runnerId'],
    ['runnerIdPrefix', 'runnerIdPrefix'],
    ['prefix of a new bucket', 'stateStorage.prefix'],
    ['prefix of an existing bucket', 'stateStorage.prefix'],
    ['name of an existing bucket', 'stateStorage.existingBucket'],
    ['name of an existing cluster', 'cluster'],
    ['ARN of a task role', 'taskRole'],
    ['name of the token\'s secret', 'orchestrator.apiToken'],
    ['ARN of the token\'s secret', 'orchestrator.apiToken'],
    ['ARN of a secret', 'secrets.A'],
    ['name of a repository', 'image'],
    ['ARN of a key', 'encryptionKey'],
    ['ARN of the key of the token\'s parameter', 'orchestrator.apiToken'],
  ])('of %s is checked by the handler before resources are created', (name, input) => {
    const { Resources } = synthesize(INPUTS[name]!, undefined)!;
    const [id, { Properties: properties }] = Object.entries(Resources).find(([, { Type }]) => Type === 'Custom::HumanitecRunnerId')!;
    expect(JSON.stringify((properties as any).Values[input])).toContain('{"Ref":"Value"}');
    const own = Object.entries(Resources).filter(([logicalId, { Type }]) => Type === 'AWS::IAM::Policy' && logicalId.startsWith('Runner'));
    expect(own.length).toBeGreaterThan(1);
    for (const [, policy] of own) expect(JSON.stringify(policy)).toMatch(new RegExp(`\\{"Ref":"${id}"\\}|"DependsOn":\\["${id}"\\]`));
  });

  test.each([{ account: ACCOUNT, region: REGION }, undefined])('is not checked by the handler if it comes from a resource of the app or is the account or region (%j)', (env) => {
    const stack = new Stack(new App({ analyticsReporting: false }), 'Stack', { env });
    new EcsRunner(stack, 'Runner', {
      ...minimal(stack),
      orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken: ApiToken.fromSecretsManager(secretsmanager.Secret.fromSecretNameV2(stack, 'Name', 'token')) }),
      cluster: new ecs.Cluster(stack, 'Cluster', { vpc: importedVpc(stack) }),
      encryptionKey: new kms.Key(stack, 'Key'),
      stateStorage: StateStorage.existingBucket(new s3.Bucket(stack, 'States')),
    });
    const { Resources } = (stack.node.root as App).synth().getStackByName('Stack').template as Template;
    expect(Object.values(Resources).find(({ Type }) => Type === 'Custom::HumanitecRunnerId')!.Properties).not.toHaveProperty('Values');
  });

  // A wrong organization or missing token fails before the task manager role is created, because the role depends on the runner id.
  test.each(['orgId, self-hosted', 'name of the token\'s secret', 'ARN of the token\'s secret'])('of %s is used for a call of the API before the task manager role is created', (name) => {
    const { Resources } = synthesize(INPUTS[name]!, undefined)!;
    const [id] = Object.entries(Resources).find(([, { Type }]) => Type === 'Custom::HumanitecRunnerId')!;
    const [, role] = Object.entries(Resources).find(([logicalId]) => logicalId.startsWith('RunnerTaskManagerRole'))!;
    expect(JSON.stringify(role)).toContain(`{"Ref":"${id}"}`);
    expect(JSON.stringify(Resources[id])).toContain('{"Ref":"Value"}');
  });

  test.each(['oidcIssuerUrl', 'name of the token\'s parameter', 'name of a parameter'])('of %s is rejected', (name) => {
    expect(synthesize(INPUTS[name]!, undefined)).toBeUndefined();
  });
});
