import { existsSync, mkdtempSync, readdirSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App, Aws, Lazy, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { ACCOUNT, importedVpc, minimal, newStack, REGION, tokenOf } from './support';
import { ApiToken, EcsRunner, EcsRunnerProps, Orchestrator, RunnerImage, StateStorage } from '../src';

type Change = (stack: Stack) => Partial<EcsRunnerProps>;
const subnets = (count: number) => Array.from({ length: count }, (_, i) => `subnet-${10000000 + i}`);
const secretArn = (tail: string) => `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${tail}`;
const selfHosted = (stack: Stack, change: { apiUrl?: string; oidcIssuerUrl?: string; orgId?: string; taskFamilyPrefix?: string; extraCaCertificates?: string }) => ({
  orchestrator: Orchestrator.selfHosted({
    orgId: 'my-org', apiToken: tokenOf(stack, 'OtherToken'), apiUrl: 'https://api.example.com', oidcIssuerUrl: 'https://oidc.example.com', ...change,
  }),
});
const ID = 'lower-case letters, digits and single "-" between them, starting with a letter';
const RESERVED = 'ORG_ID, RUNNER_ID, DEPLOYMENT_ID, DEPLOYMENT_ENV_UUID, MODE, TOKEN, ENCRYPTING_KEY, ENCRYPTING_LOGS_KEY, LOG_LEVEL, '
  + 'RUNNER_GATEWAY_URL, METADATA_KEY, PLATFORM_ORCHESTRATOR_BASE_URL';
const PREFIX = 'stateStorage.prefix: expected segments of letters, digits, ".", "_" and "-" joined by single slashes, none of them "." or "..", '
  + 'without a leading slash; got ';
const PREFIX_FIX = '. Write it like "team/runner", or leave it out to keep the state at the top of the bucket.';
const ISSUER = 'orchestrator.oidcIssuerUrl: expected an https:// URL of host and path, without port, query and fragment; got ';
const ISSUER_FIX = '. IAM accepts no other issuers: serve the orchestrator\'s issuer on port 443 of a public host.';
const API_URL = 'orchestrator.apiUrl: expected an https:// URL without credentials, query and fragment (http:// only on loopback); got ';
const API_URL_FIX = '. The API token travels over this connection: give the URL under which the API is served with TLS.';
const CERTIFICATES = 'orchestrator.extraCaCertificates: expected certificates as PEM, "-----BEGIN CERTIFICATE-----" and so on, and nothing else; got ';
const CERTIFICATES_FIX = '. Read them from the file that your CA gives out, and hand in its text.';
const IMAGE = 'image: expected an image with a tag or digest, such as "ghcr.io/my-org/runner:1.2", of at most 255 characters; got ';

/** Each case: what it is, what is changed in a good runner, and the whole of what the user reads. */
const CASES: [string, Change, string[]][] = [
  ['an id with capitals', () => ({ runnerId: 'Prod' }),
    [`runnerId: expected ${ID}, 2 to 100 characters; got "Prod". Choose an id such as "prod-runner", or leave it out and one is generated.`]],
  ['an id of one letter', () => ({ runnerId: 'a' }),
    [`runnerId: expected ${ID}, 2 to 100 characters; got "a". Choose an id such as "prod-runner", or leave it out and one is generated.`]],
  ['an id with two dashes', () => ({ runnerId: 'a--b' }),
    [`runnerId: expected ${ID}, 2 to 100 characters; got "a--b". Choose an id such as "prod-runner", or leave it out and one is generated.`]],
  ['an id of 101 characters', () => ({ runnerId: 'a'.repeat(101) }),
    [`runnerId: expected ${ID}, 2 to 100 characters; got 101 characters ("${'a'.repeat(75)}..."). `
      + 'Choose an id such as "prod-runner", or leave it out and one is generated.']],
  ['a prefix that ends with a dash', () => ({ runnerIdPrefix: 'prod-' }),
    [`runnerIdPrefix: expected ${ID}, at most 91 characters (9 more are appended); got "prod-". Choose a prefix such as "prod-runner".`]],
  ['a prefix that is too long with its suffix', () => ({ runnerIdPrefix: 'p'.repeat(92) }),
    [`runnerIdPrefix: expected ${ID}, at most 91 characters (9 more are appended); got 92 characters ("${'p'.repeat(75)}..."). `
      + 'Choose a prefix such as "prod-runner".']],
  ['an id and a prefix', () => ({ runnerId: 'prod', runnerIdPrefix: 'prod' }),
    ['runnerIdPrefix: expected either `runnerId` or `runnerIdPrefix`; got both. '
      + 'Leave the prefix out to use the id as it is, or the id to have one generated.']],
  ['adoption of a generated id', () => ({ adoptExisting: true }),
    ['adoptExisting: expected `runnerId` beside it; got no `runnerId`. Name the runner to take over: a generated id is always new.']],
  ['a long description', () => ({ description: 'd'.repeat(201) }),
    [`description: expected at most 200 characters; got 201 characters ("${'d'.repeat(75)}..."). Shorten it.`]],
  ['no subnets', () => ({ subnetIds: [] }),
    ['subnetIds: expected 1 to 16 subnets; got none. Give at least one subnet that the tasks can run in.']],
  ['17 subnets', () => ({ subnetIds: subnets(17) }),
    ['subnetIds: expected 1 to 16 subnets; got 17. Choose fewer: a subnet a zone is enough.']],
  ['a subnet ARN', () => ({ subnetIds: [`arn:aws:ec2:${REGION}:${ACCOUNT}:subnet/subnet-1`] }),
    [`subnetIds: expected subnet ids of 1 to 24 characters, such as "subnet-0123456789abcdef0"; got "arn:aws:ec2:${REGION}:${ACCOUNT}:subnet/subnet-1". `
      + 'Give the ids, not ARNs or names.']],
  ['six security groups', stack => ({
    securityGroups: [1, 2, 3, 4, 5, 6].map(i => ec2.SecurityGroup.fromSecurityGroupId(stack, `Sg${i}`, `sg-1234567${i}`)),
  }), ['securityGroups: expected at most 5; got 6. ECS attaches no more than that to a task: merge their rules.']],
  ['both vpc and subnetIds', stack => ({ vpc: importedVpc(stack) }),
    ['subnetIds: expected either `vpc` (with `vpcSubnets`) or `subnetIds`; got both. Choose subnets of the VPC with `vpcSubnets`, or leave `vpc` out.']],
  ['vpcSubnets without vpc', () => ({ vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC } }),
    ['vpcSubnets: expected `vpc` beside it; got no `vpc`. Give the VPC whose subnets are meant, or use `subnetIds`.']],
  ['subnets that the VPC lacks', stack => ({
    subnetIds: undefined, vpc: importedVpc(stack), vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
  }), ['vpcSubnets: expected a selection of the VPC\'s subnets; got There are no \'Isolated\' subnet groups in this VPC. '
    + 'Available types: Deprecated_Private_NAT,Private,Deprecated_Private,Public. '
    + 'Select subnets that the VPC has, with a way out to the orchestrator and the image.']],
  ['reserved variables', () => ({ environment: { TOKEN: 'x', MODE: 'y' } }), ['TOKEN', 'MODE'].map(name =>
    `environment.${name}: expected a name that the orchestrator does not use itself; got "${name}". Choose another name; the orchestrator sets ${RESERVED}.`)],
  ['a reserved secret', stack => ({
    secrets: { RUNNER_ID: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'S', secretArn('s-AbCdEf'))) },
  }), ['secrets.RUNNER_ID: expected a name that the orchestrator does not use itself; got "RUNNER_ID". '
    + `Choose another name; the orchestrator sets ${RESERVED}.`]],
  ['git keys in plain text', () => ({ environment: { RUNNER_GIT_SSH_KEYS: 'x' } }),
    ['environment.RUNNER_GIT_SSH_KEYS: expected a variable that may be read in the template and at the orchestrator; got one that carries a credential. '
      + 'Put it into Secrets Manager and give it in `secrets`.']],
  ['AWS credentials in plain text', () => ({ environment: { AWS_SECRET_ACCESS_KEY: 'x' } }),
    ['environment.AWS_SECRET_ACCESS_KEY: expected a variable that may be read in the template and at the orchestrator; got one that carries a credential. '
      + 'Grant the runner what it needs instead: it has a role of its own.']],
  ['a blank in a name', () => ({ environment: { 'A B': 'x' } }),
    ['environment.A B: expected the name of an environment variable; got "A B". Remove "=" and blanks from the name.']],
  ['a long value', () => ({ environment: { A: 'v'.repeat(1025) } }),
    [`environment.A: expected a value of at most 1024 characters; got 1025 characters ("${'v'.repeat(75)}..."). `
      + 'Shorten it, or keep it in a parameter and give that in `secrets`.']],
  ['a name twice', stack => ({
    environment: { A: 'x' },
    secrets: { A: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'S', secretArn('s-AbCdEf'))) },
  }), ['environment.A: expected each name once; got the same name in `secrets`. Remove one of the two.']],
  ['a secret by name', stack => ({ secrets: { A: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretNameV2(stack, 'S', 'database/password')) } }),
    ['secrets.A: expected a complete ARN, which ends with "-" and six characters; got "database/password". '
      + 'Import it by its complete ARN (Secret.fromSecretCompleteArn), one secret for each value.']],
  ['a secret by partial ARN', stack => ({
    secrets: { A: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretPartialArn(stack, 'S', secretArn('database/password'))) },
  }), ['secrets.A: expected a complete ARN, which ends with "-" and six characters; got "database/password". '
    + 'Import it by its complete ARN (Secret.fromSecretCompleteArn), one secret for each value.']],
  ['a field of a secret', stack => ({
    secrets: { A: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'S', secretArn('s-AbCdEf')), 'field') },
  }), ['secrets.A: expected a whole secret: the orchestrator accepts no JSON field, stage or version after the ARN; got a field or version of a secret. '
    + 'Keep the value in a secret of its own.']],
  ['a secret of another partition', stack => ({
    secrets: {
      A: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(
        stack, 'S', `arn:aws-cn:secretsmanager:cn-north-1:${ACCOUNT}:secret:s-AbCdEf`)),
    },
  }), ['secrets.A: expected an ARN of the partition "aws"; got "aws-cn". Use a secret of this account.']],
  ['an image with a blank', () => ({ image: RunnerImage.fromRegistry('my org/image') }), [`${IMAGE}"my org/image". Give the image as \`docker pull\` takes it.`]],
  ['a long image', () => ({ image: RunnerImage.fromRegistry('i'.repeat(256)) }),
    [`${IMAGE}256 characters ("${'i'.repeat(75)}..."). Give the image as \`docker pull\` takes it.`]],
  ['a path prefix with a leading slash', () => ({ stateStorage: StateStorage.newBucket({ prefix: '/a' }) }), [`${PREFIX}"/a"${PREFIX_FIX}`]],
  ['a path prefix with an empty segment', () => ({ stateStorage: StateStorage.newBucket({ prefix: 'a//b' }) }), [`${PREFIX}"a//b"${PREFIX_FIX}`]],
  ['a path prefix that climbs', () => ({ stateStorage: StateStorage.newBucket({ prefix: 'a/../b' }) }), [`${PREFIX}"a/../b"${PREFIX_FIX}`]],
  ['a bucket with dots', stack => ({ stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketName(stack, 'B', 'state.example.com')) }),
    ['stateStorage.existingBucket: expected a bucket name of lower-case letters, digits and "-", without dots; got "state.example.com". '
      + 'The orchestrator refuses such names: use another bucket.']],
  ['a bucket elsewhere', stack => ({
    stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketAttributes(stack, 'B', { bucketName: 'state', region: 'eu-west-1' })),
  }), [`stateStorage.existingBucket: expected a bucket in the runner's region, "${REGION}"; got a bucket in "eu-west-1". `
    + 'OpenTofu looks for the state in the region that its task runs in: use a bucket there.']],
  ['an imported bucket with settings for a new one', stack => ({
    stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketName(stack, 'B', 'state'), { prefix: 'a', versioned: true } as { prefix: string }),
  }), ['stateStorage.existingBucket: expected no settings but `prefix`: an existing bucket is left as it is; got versioned. '
    + 'Make these settings where the bucket is defined, or use StateStorage.newBucket().']],
  ['autoDeleteObjects without DESTROY', () => ({ stateStorage: StateStorage.newBucket({ autoDeleteObjects: true, removalPolicy: RemovalPolicy.RETAIN }) }),
    ['stateStorage.autoDeleteObjects: expected `removalPolicy: RemovalPolicy.DESTROY` beside it; got RemovalPolicy.RETAIN. '
      + 'Set the removal policy too if the state may be lost with the stack, or leave autoDeleteObjects out.']],
  ['an empty organization', stack => selfHosted(stack, { orgId: '' }),
    ['orchestrator.orgId: expected the id of an organization (letters, digits, - and _); got "". '
      + 'Use the organization\'s id, as in the URL of the orchestrator\'s console.']],
  ['an http API', stack => selfHosted(stack, { apiUrl: 'http://api.example.com' }), [`${API_URL}"http://api.example.com"${API_URL_FIX}`]],
  ['a password in the API URL', stack => selfHosted(stack, { apiUrl: 'https://me:hidden@api.example.com' }), [`${API_URL}"https://...@api.example.com"${API_URL_FIX}`]],
  ['an issuer with a port', stack => selfHosted(stack, { oidcIssuerUrl: 'https://oidc.example.com:8443' }), [`${ISSUER}"https://oidc.example.com:8443"${ISSUER_FIX}`]],
  ['an issuer with a query', stack => selfHosted(stack, { oidcIssuerUrl: 'https://oidc.example.com/?a=b' }), [`${ISSUER}"https://oidc.example.com/?a=b"${ISSUER_FIX}`]],
  ['an issuer with a fragment', stack => selfHosted(stack, { oidcIssuerUrl: 'https://oidc.example.com/#a' }), [`${ISSUER}"https://oidc.example.com/#a"${ISSUER_FIX}`]],
  ['an http issuer', stack => selfHosted(stack, { oidcIssuerUrl: 'http://oidc.example.com' }), [`${ISSUER}"http://oidc.example.com"${ISSUER_FIX}`]],
  ['an issuer that is a token', stack => selfHosted(stack, { oidcIssuerUrl: Lazy.string({ produce: () => 'https://oidc.example.com' }) }),
    ['orchestrator.oidcIssuerUrl: expected a literal URL; got a token. IAM has the issuer in the names of condition keys, which CloudFormation cannot compute: write it out.']],
  ['a family with a wildcard', stack => selfHosted(stack, { taskFamilyPrefix: '*' }),
    ['orchestrator.taskFamilyPrefix: expected 1 to 255 letters, digits, - and _ (what ECS allows in the name of a task definition); got "*". '
      + 'Use the prefix that your orchestrator is configured with, or leave it out.']],
  ['an empty token field', stack => ({
    orchestrator: Orchestrator.humanitec({
      orgId: 'my-org', apiToken: ApiToken.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'S', secretArn('s-AbCdEf')), ''),
    }),
  }), ['orchestrator.apiToken.jsonField: expected the key of the token in the secret\'s JSON object; got an empty text. '
    + 'Name the key, or leave it out when the whole secret is the token.']],
  ['a cluster by ARN for a name', stack => ({
    cluster: ecs.Cluster.fromClusterAttributes(stack, 'C', { clusterName: `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/c`, vpc: importedVpc(stack) }),
  }), ['cluster: expected a cluster whose name has 1 to 255 letters, digits, "-" and "_"; '
    + `got "arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/c". Import the cluster by its name, not by its ARN.`]],
  ['insights for an existing cluster', stack => ({
    cluster: ecs.Cluster.fromClusterArn(stack, 'C', `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/c`), containerInsights: ecs.ContainerInsights.ENHANCED,
  }), ['containerInsights: expected no `cluster` beside it; got both. Set Container Insights where the cluster is defined: an existing one is left as it is.']],
  ['a cluster elsewhere', stack => ({ cluster: ecs.Cluster.fromClusterArn(stack, 'C', `arn:aws:ecs:eu-west-1:${ACCOUNT}:cluster/c`) }),
    [`cluster: expected a cluster in the runner's region, "${REGION}"; got one in "eu-west-1". A runner works in its own account and region: give it a cluster there.`]],
  ['a role path without a slash', () => ({ rolePath: 'platform' }),
    ['rolePath: expected a path that starts and ends with "/", such as "/platform/runners/", of letters, digits and _+=,.@- between slashes; got "platform". '
      + 'Add the missing slash, or remove what the orchestrator does not accept in role ARNs.']],
  ['a role of another partition', stack => ({ taskRole: iam.Role.fromRoleArn(stack, 'R', `arn:aws-cn:iam::${ACCOUNT}:role/r`) }),
    [`taskRole: expected a role of the partition "aws", "arn:aws:iam::<account>:role/<name>"; got "arn:aws-cn:iam::${ACCOUNT}:role/r". `
      + 'The orchestrator accepts no other ARNs: give a role of this account.']],
  ['a provider of another issuer', stack => ({
    oidcProvider: iam.OidcProviderNative.fromOidcProviderArn(stack, 'P', `arn:aws:iam::${ACCOUNT}:oidc-provider/oidc.example.com`),
  }), ['oidcProvider: expected the provider of the orchestrator\'s issuer, "arn:aws:iam::<account>:oidc-provider/oidc.humanitec.dev"; '
    + `got "arn:aws:iam::${ACCOUNT}:oidc-provider/oidc.example.com". Give that provider, or leave it out and one is made.`]],
  ['an alias for a key', stack => ({ encryptionKey: kms.Alias.fromAliasName(stack, 'K', 'alias/ecs-runner') }),
    ['encryptionKey: expected a key; got an alias of one. IAM and CloudWatch Logs know keys by their own ARN only: give the key that the alias points at.']],
  ['no certificate among the extra ones', stack => selfHosted(stack, { extraCaCertificates: 'my-ca.pem' }), [`${CERTIFICATES}a text without a certificate${CERTIFICATES_FIX}`]],
  ['a private key among the extra ones', stack => selfHosted(stack, { extraCaCertificates: '-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----' }),
    [`${CERTIFICATES}a private key${CERTIFICATES_FIX}`]],
  ['a broken certificate among the extra ones', stack => selfHosted(stack, { extraCaCertificates: '-----BEGIN CERTIFICATE-----\nMC4C\n-----END CERTIFICATE-----' }),
    [`${CERTIFICATES}a certificate that cannot be read (number 1 of 1)${CERTIFICATES_FIX}`]],
  ['certificates that are a token', stack => selfHosted(stack, { extraCaCertificates: Lazy.string({ produce: () => '' }) }), [`${CERTIFICATES}a token${CERTIFICATES_FIX}`]],
  ['a registration in public subnets', stack => ({ registrationNetwork: { vpc: importedVpc(stack), vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC } } }),
    ['registrationNetwork.vpcSubnets: expected private or isolated subnets; got public ones. '
      + 'A Lambda has no public IP address, so that nothing can be reached from there: choose others.']],
  ['a registration in subnets that the VPC lacks', stack => ({
    registrationNetwork: { vpc: importedVpc(stack), vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED } },
  }), ['registrationNetwork.vpcSubnets: expected a selection of the VPC\'s subnets; got There are no \'Isolated\' subnet groups in this VPC. '
    + 'Available types: Deprecated_Private_NAT,Private,Deprecated_Private,Public. Select subnets that the VPC has, with a way to the orchestrator\'s API.']],
  ['wildcards in what policies name', stack => ({
    secrets: { A: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'S', secretArn('*-AbCdEf'))) },
    image: RunnerImage.fromEcrRepository(ecr.Repository.fromRepositoryName(stack, 'Repository', 'r?')),
    encryptionKey: kms.Key.fromKeyArn(stack, 'K', `arn:aws:kms:${REGION}:${ACCOUNT}:key/*`),
  }), [['encryptionKey', `"arn:aws:kms:${REGION}:${ACCOUNT}:key/*"`], ['secrets.A', `"${secretArn('*-AbCdEf')}"`], ['image', `"arn:<token>:ecr:${REGION}:${ACCOUNT}:repository/r?"`]]
    .map(([input, got]) => `${input}: expected a name or ARN without "*", "?" and "$", which a policy would take for wildcards; got ${got}. Name the one thing that is meant.`)],
  ['several at once', () => ({ runnerId: 'A', subnetIds: [], rolePath: 'x' }), [
    `runnerId: expected ${ID}, 2 to 100 characters; got "A". Choose an id such as "prod-runner", or leave it out and one is generated.`,
    'subnetIds: expected 1 to 16 subnets; got none. Give at least one subnet that the tasks can run in.',
    'rolePath: expected a path that starts and ends with "/", such as "/platform/runners/", of letters, digits and _+=,.@- between slashes; got "x". '
      + 'Add the missing slash, or remove what the orchestrator does not accept in role ARNs.',
  ]],
];

function message(problems: string[]): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return [`EcsRunner 'Stack/Runner' has ${count}:`, ...problems.map((problem, i) => `  ${i + 1}. ${problem}`)].join('\n');
}

describe('bad input', () => {
  let outdir: string;
  beforeEach(() => { outdir = mkdtempSync(join(tmpdir(), 'cdk-out-')); });
  afterEach(() => rmSync(outdir, { recursive: true, force: true }));

  const stackWith = (env = { account: ACCOUNT, region: REGION }) => newStack({ env }, 'Stack', new App({ outdir: join(outdir, 'cdk.out') }));
  const failure = (stack: Stack, change: Change): string | undefined => {
    try {
      new EcsRunner(stack, 'Runner', { ...minimal(stack), ...change(stack) });
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  };

  test.each(CASES)('%s', (_what, change, problems) => {
    const stack = stackWith();
    expect(failure(stack, change)).toBe(message(problems));
    expect(existsSync(join(outdir, 'cdk.out')) ? readdirSync(join(outdir, 'cdk.out')) : []).toEqual([]);
  });

  test.each(['us-gov-west-1', 'cn-north-1', 'us-iso-east-1'])('a region of another partition: %s', (region) => {
    expect(failure(stackWith({ account: ACCOUNT, region }), () => ({}))).toBe(message([
      `region of the stack: expected a region of the partition "aws", such as "eu-west-1"; got "${region}". `
      + 'The orchestrator cannot use the partitions aws-cn, aws-us-gov and aws-iso: deploy the stack elsewhere.',
    ]));
  });

  test('runners of a stack that ask for different settings of the role that they share', () => {
    const stack = stackWith();
    new EcsRunner(stack, 'First', { ...minimal(stack), rolePath: '/a/' });
    const boundary = iam.ManagedPolicy.fromManagedPolicyName(stack, 'Boundary', 'boundary');
    expect(() => new EcsRunner(stack, 'Runner', { ...minimalAgain(stack), rolePath: '/b/', permissionsBoundary: boundary })).toThrow(message([
      'rolePath: expected "/a/", as the stack\'s other runners have; got "/b/". '
        + 'The runners of a stack share the registration\'s role: give all of them the same, or put this one into another stack.',
      'permissionsBoundary: expected none, as the stack\'s other runners have none; got another one. '
        + 'The runners of a stack share the registration\'s role: give all of them the same, or put this one into another stack.',
    ]));
  });

  test('tokens pass every check', () => {
    const stack = newStack({});
    const token = (value: string) => Lazy.string({ produce: () => value });
    new EcsRunner(stack, 'Runner', {
      orchestrator: Orchestrator.selfHosted({
        orgId: token('!'), apiToken: tokenOf(stack), apiUrl: token('x'), oidcIssuerUrl: 'https://oidc.example.com', taskFamilyPrefix: token('*'),
      }),
      runnerId: token('A'),
      description: token('d'.repeat(300)),
      subnetIds: Lazy.list({ produce: () => ['s'] }),
      environment: { A: token('v'.repeat(2000)) },
      image: RunnerImage.fromRegistry(token('a b')),
      rolePath: token('x'),
      stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketName(stack, 'B', Aws.STACK_NAME), { prefix: token('/') }),
      taskRole: iam.Role.fromRoleArn(stack, 'R', `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role/r`),
    });
  });

  test('a public subnet without a public IP address is a warning that can be acknowledged', () => {
    const stack = stackWith();
    const runner = new EcsRunner(stack, 'Runner', {
      ...minimal(stack), subnetIds: undefined, vpc: importedVpc(stack), vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
    });
    Annotations.fromStack(stack).hasWarning('/Stack/Runner', Match.stringLikeRegexp(
      'The tasks run in a public subnet without a public IP address, .*publicSubnetWithoutPublicIp'));
    expect(runner.subnetIds).toEqual(['subnet-33333333', 'subnet-44444444']);
  });

  test('a public IP address in a private subnet is a warning too', () => {
    const stack = stackWith();
    new EcsRunner(stack, 'Runner', { ...minimal(stack), subnetIds: undefined, vpc: importedVpc(stack), assignPublicIp: true });
    Annotations.fromStack(stack).hasWarning('/Stack/Runner', Match.stringLikeRegexp(
      'assignPublicIp is set, but the tasks run in a private subnet, .*publicIpInPrivateSubnet'));
  });

  test('subnets and public IP addresses that fit give no warning', () => {
    const stack = stackWith();
    const vpc = importedVpc(stack);
    new EcsRunner(stack, 'Private', { ...minimal(stack), subnetIds: undefined, vpc });
    new EcsRunner(stack, 'Public', {
      ...minimalAgain(stack), subnetIds: undefined, vpc, vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC }, assignPublicIp: true,
    });
    Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('cdk-humanitec-ecs-runner'));
  });

  test('variables that sound like secrets are a warning', () => {
    const stack = stackWith();
    new EcsRunner(stack, 'Runner', { ...minimal(stack), environment: { TF_VAR_db_password: 'x', TF_VAR_size: '1' } });
    Annotations.fromStack(stack).hasWarning('/Stack/Runner', Match.stringLikeRegexp('these sound like secrets: TF_VAR_db_password\\. .*secretInEnvironment'));
  });
});

/** A second runner in a stack whose token is imported already. */
function minimalAgain(stack: Stack): EcsRunnerProps {
  return { orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken: tokenOf(stack, 'ApiTokenAgain') }), subnetIds: subnets(2) };
}
