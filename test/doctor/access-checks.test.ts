import { BucketFacts, findBucketProblem } from '../../src/doctor/checks/bucket';
import { findOidcProblems, OidcFacts } from '../../src/doctor/checks/oidc';
import { findRoleProblems, findTaskTrustProblems, RoleFacts } from '../../src/doctor/checks/roles';
import { findSecretProblem, SecretFacts } from '../../src/doctor/checks/secrets';
import type { PolicyStatement } from '../../src/doctor/policies';
import { evaluateRequest } from '../../src/doctor/role-access';
import { decryptionContext, executionRequests, repositoryArn, taskManagerRequests, taskRequests } from '../../src/doctor/role-requests';

const ACCOUNT = '111122223333';
const REGION = 'eu-west-1';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/runners/tasks`;
const KEY = `arn:aws:kms:${REGION}:${ACCOUNT}:key/1`;
const SECRET = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:a-123456`;
const ROOT = `arn:aws:iam::${ACCOUNT}:root`;

/** The result and the finding as one string. */
const summary = (finding?: { result: string; found: string }) => finding && `${finding.result}: ${finding.found}`;
const allow = (more: Partial<PolicyStatement> = {}): PolicyStatement => ({ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*', ...more });
const policy = (...Statement: PolicyStatement[]) => ({ Statement });
const UNKNOWN = { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } };

describe('the check of the OIDC provider', () => {
  const PROVIDER = `arn:aws:iam::${ACCOUNT}:oidc-provider/oidc.example.com/a`;
  const trust = (sub: string, more: Partial<PolicyStatement> = {}) => policy({
    Effect: 'Allow',
    Action: 'sts:AssumeRoleWithWebIdentity',
    Principal: { Federated: PROVIDER },
    Condition: { StringEquals: { 'oidc.example.com/a:aud': 'sts.amazonaws.com', 'oidc.example.com/a:sub': sub } },
    ...more,
  });
  const OIDC: OidcFacts = {
    issuer: 'oidc.example.com/a',
    providerArn: PROVIDER,
    subject: 'my-org+runner',
    roleName: 'manager',
    audiences: ['sts.amazonaws.com'],
    trust: trust('my-org+runner'),
    expectedTrust: trust('my-org+runner'),
  };

  test.each<[string, Partial<OidcFacts>, RegExp[], RegExp?]>([
    ['a correct provider and trust policy', {}, [/^ok: The OIDC provider oidc\.example\.com\/a exists/, /^ok: The role manager trusts the subject 'my-org\+runner'/]],
    ['no provider', { audiences: undefined }, [/^problem: The account has no OIDC provider for oidc\.example\.com\/a/, /^ok/],
      /create-open-id-connect-provider --url https:\/\/oidc\.example\.com\/a --client-id-list sts\.amazonaws\.com/],
    ['a provider with another audience', { audiences: ['other'] }, [/^problem: .* accepts the audiences other, but not sts\.amazonaws\.com/, /^ok/],
      /add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn arn:aws:iam::111122223333:oidc-provider\/oidc\.example\.com\/a/],
    ['a provider without audiences', { audiences: [] }, [/^problem: .* the audiences \(none\)/, /^ok/]],
    ['trust in another runner', { trust: trust('my-org+other') }, [/^ok/, /^problem: The trust policy of the role manager does not let the subject 'my-org\+runner'/],
      /update-assume-role-policy --role-name manager --policy-document '\{"Statement":\[/],
    ['trust in another provider', { trust: trust('my-org+runner', { Principal: { Federated: `${PROVIDER}b` } }) }, [/^ok/, /^problem/]],
    ['no trust at all', { trust: {} }, [/^ok/, /^problem/]],
    ['trust that depends on something else', { trust: trust('my-org+runner', { Condition: { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } } }) }, [/^ok/, /^unknown: .* depends on aws:SourceIp\.$/]],
    ['a missing role, which another check reports', { trust: undefined }, [/^ok/]],
  ])('evaluates %s', (_what, facts, found, remedy = /.*/) => {
    const findings = findOidcProblems({ ...OIDC, ...facts });
    expect(findings.map(summary)).toEqual(found.map(text => expect.stringMatching(text)));
    expect(findings.map(each => each.remedy ?? '').join(' ')).toMatch(remedy);
  });
});

describe('the checks of the roles', () => {
  const access = (refusal?: any, cause?: string, resource = 'arn:x') => ({ action: 's3:GetObject', resource, refusal, cause });
  const TRUST = policy({
    Effect: 'Allow',
    Action: 'sts:AssumeRole',
    Principal: { Service: 'ecs-tasks.amazonaws.com' },
    Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT }, ArnLike: { 'aws:SourceArn': `arn:aws:ecs:${REGION}:${ACCOUNT}:*` } },
  });
  const ROLES: RoleFacts = {
    title: 'task role', name: 'tasks', account: ACCOUNT, region: REGION, role: { trust: TRUST, boundaryArn: 'arn:boundary', access: [access()] },
  };
  const withAccess = (...list: ReturnType<typeof access>[]): Partial<RoleFacts> => ({ role: { ...ROLES.role!, access: list } });

  test.each<[string, Partial<RoleFacts>, RegExp, RegExp?]>([
    ['a role with all permissions', {}, /^ok: The task role tasks may do all that it is needed for \(1 actions\)\.$/],
    ['a role that needs nothing', withAccess(), /^ok: The task role tasks exists\. It needs no permissions\.$/],
    ['a role that does not exist', { role: undefined }, /^problem: The task role tasks does not exist\.$/],
    ['a missing permission', withAccess(access(), access('not-allowed')), /^problem: .* No policy of the role allows it: s3:GetObject on arn:x\.$/, /Restore the policy of the role tasks/],
    ['a missing permission on all resources', withAccess(access('not-allowed', undefined, '*')), /allows it: s3:GetObject\.$/],
    ['a permissions boundary', withAccess(access('boundary')), /The permissions boundary does not allow it: s3:GetObject/, /permissions boundary arn:boundary/],
    ['a deny', withAccess(access('denied', 'CutOff')), /A policy denies it \(CutOff\): s3:GetObject/, /doctor let-in/],
    ['the organization, before other causes', withAccess(access('not-allowed'), access('organization')), /No policy .* A policy of the organization does not allow it/, /Ask the administrators/],
    ['a condition that cannot be evaluated', withAccess(access('unknown', 'aws:PrincipalOrgID')), /^unknown: .*\(aws:PrincipalOrgID\): s3:GetObject/, /iam:SimulatePrincipalPolicy/],
    ['a problem together with a condition that cannot be evaluated', withAccess(access('unknown'), access('boundary')), /^problem: .*boundary/],
  ])('evaluate %s', (_what, facts, found, remedy = /.*/) => {
    const findings = findRoleProblems({ ...ROLES, ...facts });
    expect(findings.map(summary)).toEqual([expect.stringMatching(found)]);
    expect(findings[0].remedy ?? '').toMatch(remedy);
  });

  test.each<[string, RoleFacts['role'], RegExp[]]>([
    ['ECS', ROLES.role, []],
    ['ECS in another account', { ...ROLES.role!, trust: policy({ ...TRUST.Statement[0], Condition: { StringEquals: { 'aws:SourceAccount': '444455556666' } } }) }, [/^problem: The trust policy of the task role tasks/]],
    ['another service', { ...ROLES.role!, trust: policy({ ...TRUST.Statement[0], Principal: { Service: 'ec2.amazonaws.com' } }) }, [/^problem/]],
    ['ECS under a condition that is not known', { ...ROLES.role!, trust: policy({ ...TRUST.Statement[0], Condition: UNKNOWN }) }, [/^unknown: .*aws:PrincipalOrgID/]],
    ['a missing role', undefined, []],
  ])('evaluate a trust policy for %s', (_what, role, found) => {
    expect(findTaskTrustProblems({ ...ROLES, role }).map(summary)).toEqual(found.map(text => expect.stringMatching(text)));
  });

  test.each<[string, PolicyStatement[], PolicyStatement[] | undefined, string | undefined]>([
    ['allowed', [allow()], undefined, undefined],
    ['allowed within a boundary', [allow()], [allow({ Action: 's3:*' })], undefined],
    ['not allowed', [], [allow()], 'not-allowed'],
    ['outside of the boundary', [allow()], [allow({ Action: 'ec2:*' })], 'boundary'],
    ['denied by the boundary', [allow()], [allow(), allow({ Effect: 'Deny' })], 'denied'],
    ['denied by a policy', [allow(), allow({ Effect: 'Deny' })], undefined, 'denied'],
    ['not known', [allow({ Condition: UNKNOWN })], [allow()], 'unknown'],
    ['not known, and outside of the boundary', [allow({ Condition: UNKNOWN })], [], 'boundary'],
  ])('evaluate policies locally without permission for iam:SimulatePrincipalPolicy: %s', (_what, policies, boundary, refusal) => {
    const request = { actions: ['s3:GetObject'], resource: 'arn:aws:s3:::state/a', context: {} };
    expect(evaluateRequest([policy(...policies)], boundary && policy(...boundary), request)).toEqual([expect.objectContaining({ action: 's3:GetObject', resource: 'arn:aws:s3:::state/a' })]);
    expect(evaluateRequest([policy(...policies)], boundary && policy(...boundary), request)[0].refusal).toBe(refusal);
  });

  test('check the documented calls', () => {
    const manager = taskManagerRequests({ account: ACCOUNT, region: REGION }, { cluster: 'c', familyPrefix: 'humanitec_', executionRoleArn: ROLE, taskRoleArn: ROLE });
    expect(manager.flatMap(({ actions }) => actions)).toEqual([
      'ecs:ListTaskDefinitions', 'ecs:DeregisterTaskDefinition', 'ecs:DeleteTaskDefinitions', 'ecs:RegisterTaskDefinition', 'ecs:TagResource',
      // One role for both purposes is passed only once.
      'iam:PassRole', 'ecs:RunTask', 'ecs:TagResource', 'ecs:ListTasks', 'ecs:DescribeTasks',
    ]);
    const state = { bucket: 'state', prefix: 'a/b/', account: ACCOUNT, region: REGION };
    expect(taskRequests(state).map(({ actions, resource }) => [actions.join(), resource])).toEqual([
      ['s3:ListBucket', 'arn:aws:s3:::state'],
      ['s3:GetObject,s3:PutObject', expect.stringMatching(/^arn:aws:s3:::state\/a\/b\/[0-9a-f-]{36}\.tfstate$/)],
    ]);
    const contextOf = (isBucketKey: boolean) => taskRequests({ ...state, key: { arn: KEY, isBucketKey } })[2].context['kms:EncryptionContext:aws:s3:arn'];
    expect([contextOf(true), contextOf(false)]).toEqual(['arn:aws:s3:::state', expect.stringMatching(/^arn:aws:s3:::state\/a\/b\//)]);
    const parameter = `arn:aws:ssm:us-east-1:${ACCOUNT}:parameter/a`;
    expect(executionRequests([{ arn: SECRET, keyArn: KEY }, { arn: parameter }], `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/a`)
      .map(({ actions, resource, context }) => [actions[0], resource, context['aws:RequestedRegion']])).toEqual([
      ['secretsmanager:GetSecretValue', SECRET, REGION],
      ['kms:Decrypt', KEY, REGION],
      ['ssm:GetParameters', parameter, 'us-east-1'],
      ['ecr:BatchCheckLayerAvailability', `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/a`, REGION],
      ['ecr:GetAuthorizationToken', '*', REGION],
    ]);
    expect(decryptionContext(parameter)).toEqual({ 'kms:ViaService': 'ssm.us-east-1.amazonaws.com', 'kms:EncryptionContext:PARAMETER_ARN': parameter });
    expect(repositoryArn(`${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/team/runner:1@sha256:ab`)).toBe(`arn:aws:ecr:${REGION}:${ACCOUNT}:repository/team/runner`);
    expect([repositoryArn('ghcr.io/humanitec/runner:1'), repositoryArn()]).toEqual([undefined, undefined]);
  });
});

describe('the check of the secrets', () => {
  const KEY_FACTS = { arn: KEY, state: 'Enabled', isCustomerManaged: true, policy: policy(allow({ Principal: { AWS: ROOT }, Action: 'kms:*' })) };
  const SECRETS: SecretFacts = { variable: 'TF_VAR_password', arn: SECRET, roleArn: ROLE, secret: { isDeleted: false, hasValue: true } };
  const secret = (more: object = {}) => ({ isDeleted: false, hasValue: true, key: KEY, ...more });
  const keyPolicy = (...statements: PolicyStatement[]): Partial<SecretFacts> => ({ secret: secret(), key: { ...KEY_FACTS, policy: policy(...statements) } });

  test.each<[string, Partial<SecretFacts>, RegExp | undefined, RegExp?]>([
    ['a secret', {}, undefined],
    ['a secret with a customer managed key', { secret: secret(), key: KEY_FACTS }, undefined],
    ['a secret with an AWS managed key', { secret: secret(), key: { arn: KEY, state: 'Enabled', isCustomerManaged: false } }, undefined],
    ['a secret that does not exist', { secret: undefined }, /^problem: The secret arn:\S+ of the variable TF_VAR_password does not exist/, /Create it again/],
    ['a parameter that does not exist', { secret: undefined, arn: `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/a` }, /^problem: The parameter arn:/],
    ['a deleted secret', { secret: secret({ isDeleted: true }) }, /is scheduled for deletion/, /restore-secret --secret-id arn:/],
    ['a secret without a value', { secret: secret({ hasValue: false }) }, /has no current value/, /put-secret-value/],
    ['a key that does not exist', { secret: secret() }, /^problem: The key arn:aws:kms:\S+, which encrypts the secret \S+, does not exist/],
    ['a disabled key', { secret: secret(), key: { ...KEY_FACTS, state: 'Disabled' } }, /has the state Disabled: expected Enabled/, /^Run `aws kms enable-key/],
    ['a key that is scheduled for deletion', { secret: secret(), key: { ...KEY_FACTS, state: 'PendingDeletion' } }, /PendingDeletion/, /cancel-key-deletion/],
    ['a key policy for another account', keyPolicy(allow({ Principal: { AWS: '444455556666' } })), /does not let the role arn:\S+ do kms:Decrypt/, /in the key policy/],
    ['a key policy that denies the role', keyPolicy(allow(), allow({ Effect: 'Deny', Principal: { AWS: ROLE }, Action: 'kms:Decrypt' })), /does not let the role/],
    ['a key policy for another secret', keyPolicy(allow({ Condition: { StringEquals: { 'kms:EncryptionContext:SecretARN': 'other' } } })), /does not let the role/],
    ['a key policy for this secret', keyPolicy(allow({ Condition: { StringEquals: { 'kms:EncryptionContext:SecretARN': SECRET, 'kms:ViaService': `secretsmanager.${REGION}.amazonaws.com` } } })), undefined],
    ['a key policy for an organization', keyPolicy(allow({ Condition: UNKNOWN })), /^unknown: .* depends on aws:PrincipalOrgID/],
    ['a resource policy that denies the role', { secret: { ...SECRETS.secret!, policy: policy(allow({ Effect: 'Deny' })) } }, /^problem: The resource policy of the secret/],
    ['a resource policy for another account', { secret: { ...SECRETS.secret!, policy: policy(allow({ Principal: { AWS: '444455556666' } })) } }, undefined],
    ['a resource policy of another account that does not allow the role', { roleArn: 'arn:aws:iam::444455556666:role/r', secret: { ...SECRETS.secret!, policy: policy(allow({ Principal: { AWS: ROOT } })) } }, /^problem: The resource policy/],
    ['a resource policy that depends on something else', { secret: { ...SECRETS.secret!, policy: policy(allow({ Effect: 'Deny', Condition: UNKNOWN })) } }, /^unknown: Could not check whether the role/],
  ])('evaluates %s', (_what, facts, found, remedy = /.*/) => {
    const finding = findSecretProblem({ ...SECRETS, ...facts });
    expect(summary(finding)).toEqual(found && expect.stringMatching(found));
    expect(finding?.remedy ?? '').toMatch(remedy);
  });
});

describe('the check of the bucket', () => {
  const KEY_FACTS = { arn: KEY, state: 'Enabled', isCustomerManaged: true, policy: policy(allow({ Principal: { AWS: ROOT } })) };
  const BUCKET: BucketFacts = { name: 'state', region: REGION, roleArn: ROLE, account: ACCOUNT, bucket: { region: REGION, isBucketKey: true } };
  const bucket = (more: Partial<NonNullable<BucketFacts['bucket']>>): Partial<BucketFacts> => ({ bucket: { ...BUCKET.bucket!, ...more } });
  const deny = (more: Partial<PolicyStatement>) => bucket({ policy: policy(allow({ Effect: 'Deny', Sid: 'Guard', ...more })) });

  test.each<[string, Partial<BucketFacts>, RegExp, RegExp?]>([
    ['a bucket', {}, /^ok: The state bucket 'state' is in eu-west-1/],
    ['a bucket with a customer managed key', bucket({ keyReference: KEY, key: KEY_FACTS }), /^ok/],
    ['a bucket that does not exist', { bucket: undefined }, /^problem: The state bucket 'state' does not exist/, /restore the state from a backup/],
    ['a bucket of another region', bucket({ region: 'us-east-1' }), /^problem: .* is in us-east-1: expected eu-west-1/],
    ['a bucket of an unknown region', bucket({ region: undefined }), /^ok/],
    ['a policy that requires TLS', deny({ Condition: { Bool: { 'aws:SecureTransport': 'false' } } }), /^ok/],
    ['a policy that requires TLS 1.2', deny({ Condition: { NumericLessThan: { 's3:TlsVersion': '1.2' } } }), /^ok/],
    ['a policy that requires an encryption header', deny({ Action: 's3:PutObject', Condition: { StringNotEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' } } }),
      /^problem: .* does not let the task role do s3:PutObject \(statement Guard\)\.$/, /sends no encryption header/],
    ['a policy that denies other encryption', deny({ Action: 's3:PutObject', Condition: { Null: { 's3:x-amz-server-side-encryption': 'false' }, StringNotEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' } } }), /^ok/],
    ['a policy that denies reading', deny({ Action: 's3:GetObject', Resource: 'arn:aws:s3:::state/*' }), /do s3:GetObject/, /s3:ListBucket, s3:GetObject and s3:PutObject to arn:/],
    ['a policy that denies listing', deny({ Action: 's3:ListBucket', Resource: 'arn:aws:s3:::state' }), /do s3:ListBucket/],
    ['a policy that denies other prefixes', { ...deny({ Resource: 'arn:aws:s3:::state/other/*' }), prefix: 'mine' }, /^ok/],
    ['a policy that denies requests outside a VPC endpoint', deny({ Condition: { StringNotEquals: { 'aws:SourceVpce': 'vpce-1' } } }), /^unknown: .* do s3:ListBucket: it depends on aws:SourceVpce\.$/],
    ['a bucket of another account that allows the role', { ...bucket({ policy: policy(allow({ Principal: { AWS: ROLE } })) }), account: '444455556666' }, /^ok/],
    ['a bucket of another account that does not allow the role', { ...bucket({ policy: policy(allow({ Principal: { AWS: '555566667777' } })) }), account: '444455556666' }, /^problem/],
    ['a key that does not exist', bucket({ keyReference: KEY }), /^problem: The key arn:\S+, which encrypts the state bucket 'state', does not exist/],
    ['a key policy that does not allow the role', bucket({ keyReference: KEY, key: { ...KEY_FACTS, policy: policy() } }), /do kms:Decrypt and kms:GenerateDataKey/],
    ['a key policy for the bucket, without a bucket key', bucket({ isBucketKey: false, keyReference: KEY, key: { ...KEY_FACTS, policy: policy(allow({ Condition: { StringEquals: { 'kms:EncryptionContext:aws:s3:arn': 'arn:aws:s3:::state' } } })) } }), /^problem/],
    ['a key policy for the bucket, with a bucket key', bucket({ keyReference: KEY, key: { ...KEY_FACTS, policy: policy(allow({ Condition: { StringEquals: { 'kms:EncryptionContext:aws:s3:arn': 'arn:aws:s3:::state' } } })) } }), /^ok/],
  ])('evaluates %s', (_what, facts, found, remedy = /.*/) => {
    const finding = findBucketProblem({ ...BUCKET, ...facts });
    expect(summary(finding)).toMatch(found);
    expect(finding.remedy ?? '').toMatch(remedy);
  });
});
