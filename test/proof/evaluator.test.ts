/** Tests the evaluator of the proof: each part of a policy must affect the result. Otherwise, a denied request would prove nothing. */
import { runSimulation } from '@cloud-copilot/iam-simulate';
import { firstJson } from './combinations';
import { isAllowed } from './evaluator';
import type { Account, Context, Request, Role, Statement, Who } from './model';
import { mutationsOf } from './mutations';
import { allPairs } from './pairs';
import { Resolver } from './resolver';

const ID = '123456789012';
const ROLE = `arn:aws:iam::${ID}:role/path/role`;
const PROVIDER = `arn:aws:iam::${ID}:oidc-provider/oidc.example.org`;
const KEY = `arn:aws:kms:us-east-1:${ID}:key/one`;
const BUCKET = 'arn:aws:s3:::states';

const document = (...statements: Omit<Statement, 'Effect'>[]) => ({ Version: '2012-10-17', Statement: statements.map((one): Statement => ({ Effect: 'Allow', ...one })) });

function accountWith(role: Partial<Role>, more: Partial<Account> = {}): Account {
  return { id: ID, roles: { [ROLE]: { policies: {}, ...role } }, buckets: {}, keys: {}, logs: {}, ...more };
}

function ask(account: Account, who: Who, action: string, resource: string, context: Context = {}, owner = ID): boolean {
  return isAllowed(account, { name: '', topic: '', who, action, resource, owner, context, expected: 'allowed' } as Request);
}

const withStatement = (statement: Partial<Statement>) => accountWith({ policies: { P: document({ Action: 's3:GetObject', Resource: '*', ...statement }) } });
const asks = (account: Account, context: Context) => ask(account, { role: ROLE }, 's3:GetObject', `${BUCKET}/a`, context);

describe('the evaluation of conditions', () => {
  test('cannot rely on runSimulation, which ignores unknown condition keys', async () => {
    const policy = document({ Action: 'kms:Decrypt', Resource: '*' });
    const result = await runSimulation({
      request: { principal: ROLE, action: 'kms:Decrypt', resource: { resource: KEY, accountId: ID }, contextVariables: { 'oidc.example.org:sub': 'a' } },
      identityPolicies: [{ name: 'P', policy }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    }, {});
    expect(result).toMatchObject({ result: { ignoredContextKeys: ['oidc.example.org:sub'] } });
  });

  test.each([
    ['StringEquals', 'aws:RequestedRegion', 'us-east-1', 'us-east-1', 'us-east-2'],
    ['StringNotEquals', 'ecs:privileged', 'true', 'false', 'true'],
    ['StringLike', 's3:prefix', 'team/*', 'team/x', 'team-2/x'],
    ['StringLike', 'kms:EncryptionContext:aws:s3:arn', 'arn:aws:s3:::states/*', 'arn:aws:s3:::states/x', 'arn:aws:s3:::others/x'],
    ['StringEquals', 'oidc.example.org:sub', 'my-org+one', 'my-org+one', 'my-org+two'],
    ['StringEquals', 'oidc.example.org/realm:aud', 'sts', 'sts', 'other'],
    ['ArnEquals', 'ecs:cluster', 'arn:aws:ecs:us-east-1:1:cluster/a', 'arn:aws:ecs:us-east-1:1:cluster/a', 'arn:aws:ecs:us-east-1:1:cluster/ab'],
    ['ArnLike', 'aws:SourceArn', 'arn:aws:ecs:us-east-1:1:*', 'arn:aws:ecs:us-east-1:1:task/a', 'arn:aws:ecs:us-east-1:2:task/a'],
    ['Bool', 'aws:SecureTransport', 'true', 'true', 'false'],
    ['NumericLessThanEqualsIfExists', 'ecs:task-cpu', '4096', '512', '16384'],
    ['NumericLessThan', 's3:TlsVersion', '1.2', '1.1', '1.2'],
  ])('applies %s to %s', (operator, key, value, good, bad) => {
    const account = withStatement({ Condition: { [operator]: { [key]: value } } });
    expect(asks(account, { [key]: good })).toBe(true);
    expect(asks(account, { [key]: bad })).toBe(false);
    // Only negated operators and IfExists match if the key is absent.
    expect(asks(account, {})).toBe(/Not|IfExists/.test(operator));
  });

  test('treats an empty condition key as present for the operator Null', () => {
    const absent = withStatement({ Condition: { Null: { 's3:prefix': 'true' } } });
    expect(asks(absent, {})).toBe(true);
    expect(asks(absent, { 's3:prefix': '' })).toBe(false);
    const present = withStatement({ Condition: { Null: { 's3:prefix': 'false' } } });
    expect(asks(present, {})).toBe(false);
    expect(asks(present, { 's3:prefix': 'team/' })).toBe(true);
  });

  test('lets a Deny override an Allow only if the condition of the Deny matches', () => {
    const deny: Statement = { Effect: 'Deny', Action: 's3:*', Resource: '*', Condition: { NumericGreaterThan: { 'ecs:task-cpu': '4096' } } };
    const account = accountWith({ policies: { Allow: document({ Action: 's3:GetObject', Resource: '*' }), Deny: { Statement: [deny] } } });
    expect(asks(account, {})).toBe(true);
    expect(asks(account, { 'ecs:task-cpu': '4096' })).toBe(true);
    expect(asks(account, { 'ecs:task-cpu': '8192' })).toBe(false);
  });

  test.each(['.5 vCPU', '1 GB', '16 vCPU', ''])('matches no numeric condition with "%s", which is not a number', (value) => {
    const deny: Statement = { Effect: 'Deny', Action: 's3:*', Resource: '*', Condition: { NumericGreaterThan: { 'ecs:task-cpu': '0' } } };
    expect(asks(accountWith({ policies: { P: { Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }, deny] } } }), { 'ecs:task-cpu': value })).toBe(true);
    expect(asks(withStatement({ Condition: { NumericLessThanEqualsIfExists: { 'ecs:task-cpu': '4096' } } }), { 'ecs:task-cpu': value })).toBe(false);
  });

  test.each<[string, Context, boolean]>([
    ['ForAllValues:StringEquals', { 'aws:TagKeys': ['a', 'b'] }, true],
    ['ForAllValues:StringEquals', { 'aws:TagKeys': ['a', 'c'] }, false],
    ['ForAllValues:StringEquals', {}, true],
    ['ForAnyValue:StringEquals', { 'aws:TagKeys': ['a', 'c'] }, true],
    ['ForAnyValue:StringEquals', { 'aws:TagKeys': ['c'] }, false],
    ['ForAnyValue:StringEquals', {}, false],
  ])('applies %s to condition keys with several values (%j)', (operator, context, expected) => {
    expect(asks(withStatement({ Condition: { [operator]: { 'aws:TagKeys': ['a', 'b'] } } }), context)).toBe(expected);
  });

  test('compares JSON numbers and booleans as strings', () => {
    expect(asks(withStatement({ Condition: { Bool: { 'aws:SecureTransport': true as unknown as string } } }), { 'aws:SecureTransport': 'false' })).toBe(false);
    expect(asks(withStatement({ Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 as unknown as string } } }), { 's3:TlsVersion': '1.1' })).toBe(true);
  });
});

describe('the evaluation of resources', () => {
  const on = (policy: string, resource: string) => ask(withStatement({ Action: 'ecs:TagResource', Resource: policy }), { role: ROLE }, 'ecs:TagResource', resource);
  const ecs = `arn:aws:ecs:us-east-1:${ID}`;

  test('treats * in a request as a character, not as a wildcard', () => {
    expect(on(`${ecs}:task/a/*`, `${ecs}:task/a/*`)).toBe(true);
    expect(on(`${ecs}:task/a/one`, `${ecs}:task/a/*`)).toBe(false);
    expect(on(`${ecs}:task/a/*`, '*')).toBe(false);
    expect(on('*', '*')).toBe(true);
  });

  test.each([
    [`${ecs}:task/b/1`], [`${ecs}:task/ab/1`], [`arn:aws:ecs:us-east-2:${ID}:task/a/1`], ['arn:aws:ecs:us-east-1:1:task/a/1'], [`arn:aws-cn:ecs:us-east-1:${ID}:task/a/1`],
  ])('does not match the other resource %s', (resource) => expect(on(`${ecs}:task/a/*`, resource)).toBe(false));
});

describe('the evaluation of principals', () => {
  const trust = (statement: Partial<Statement>) => accountWith({ trust: document({ Action: 'sts:AssumeRole', ...statement }) });

  test('lets a service assume a role only if the trust policy names the service', () => {
    const account = trust({ Principal: { Service: 'ecs-tasks.amazonaws.com' } });
    expect(ask(account, { service: 'ecs-tasks.amazonaws.com' }, 'sts:AssumeRole', ROLE)).toBe(true);
    expect(ask(account, { service: 'ecs.amazonaws.com' }, 'sts:AssumeRole', ROLE)).toBe(false);
    expect(ask(account, { administrator: ID }, 'sts:AssumeRole', ROLE)).toBe(false);
    expect(ask(account, { role: ROLE }, 'sts:AssumeRole', ROLE)).toBe(false);
  });

  test('lets a federated identity assume a role only with the provider and claims of the trust policy', () => {
    const account = trust({ Action: 'sts:AssumeRoleWithWebIdentity', Principal: { Federated: PROVIDER }, Condition: { StringEquals: { 'oidc.example.org:sub': 'my-org+one' } } });
    const web = (federated: string, sub: string) => ask(account, { federated }, 'sts:AssumeRoleWithWebIdentity', ROLE, { 'oidc.example.org:sub': sub });
    expect(web(PROVIDER, 'my-org+one')).toBe(true);
    expect(web(PROVIDER, 'my-org+two')).toBe(false);
    expect(web(PROVIDER.replace('oidc.', 'evil.'), 'my-org+one')).toBe(false);
    expect(ask(account, { federated: PROVIDER }, 'sts:AssumeRole', ROLE, { 'oidc.example.org:sub': 'my-org+one' })).toBe(false);
  });

  test('requires an identity policy of the caller if a role trusts its own account', () => {
    const account = trust({ Principal: { AWS: `arn:aws:iam::${ID}:root` } });
    expect(ask(account, { administrator: ID }, 'sts:AssumeRole', ROLE)).toBe(true);
    expect(ask(account, { role: ROLE }, 'sts:AssumeRole', ROLE)).toBe(false);
    expect(ask(account, { administrator: '999988887777' }, 'sts:AssumeRole', ROLE)).toBe(false);
  });

  test('lets a bucket policy allow other accounts and deny administrators', () => {
    const open = accountWith({}, { buckets: { [BUCKET]: document({ Action: 's3:*', Resource: `${BUCKET}/*`, Principal: { AWS: '*' } }) } });
    expect(ask(open, 'anonymous', 's3:GetObject', `${BUCKET}/a`)).toBe(true);
    const closed = accountWith({}, { buckets: { [BUCKET]: { Statement: [{ Effect: 'Deny', Action: 's3:*', Resource: `${BUCKET}/*`, Principal: '*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }] } } });
    expect(ask(closed, { administrator: ID }, 's3:GetObject', `${BUCKET}/a`, { 'aws:SecureTransport': 'false' })).toBe(false);
    expect(ask(closed, { administrator: ID }, 's3:GetObject', `${BUCKET}/a`, { 'aws:SecureTransport': 'true' })).toBe(true);
    expect(ask(closed, { administrator: '999988887777' }, 's3:GetObject', `${BUCKET}/a`)).toBe(false);
  });

  test('lets identity policies grant access to a key only if the key policy trusts the account', () => {
    const may = { P: document({ Action: 'kms:Decrypt', Resource: '*' }) };
    const key = (principal: string) => accountWith({ policies: may }, { keys: { [KEY]: document({ Action: 'kms:*', Resource: '*', Principal: { AWS: principal } }) } });
    expect(ask(key(`arn:aws:iam::${ID}:root`), { role: ROLE }, 'kms:Decrypt', KEY)).toBe(true);
    expect(ask(key('arn:aws:iam::999988887777:root'), { role: ROLE }, 'kms:Decrypt', KEY)).toBe(false);
    expect(ask(accountWith({ policies: may }), { role: ROLE }, 'kms:Decrypt', KEY)).toBe(true);
  });

  test('evaluates only the identity policy for a resource of another account, because an attacker can allow access to it', () => {
    const account = accountWith({ policies: { P: document({ Action: 's3:PutObject', Resource: `${BUCKET}/*` }) } });
    expect(ask(account, { role: ROLE }, 's3:PutObject', `${BUCKET}/a`, {}, '999988887777')).toBe(true);
    expect(ask(account, { role: ROLE }, 's3:PutObject', 'arn:aws:s3:::loot/a', {}, '999988887777')).toBe(false);
  });

  test('limits a role by its permissions boundary, which grants nothing', () => {
    const policies = { P: document({ Action: 's3:GetObject', Resource: '*' }) };
    expect(ask(accountWith({ policies, boundary: document({ Action: 'ecs:*', Resource: '*' }) }), { role: ROLE }, 's3:GetObject', `${BUCKET}/a`)).toBe(false);
    expect(ask(accountWith({ boundary: document({ Action: '*', Resource: '*' }) }), { role: ROLE }, 's3:GetObject', `${BUCKET}/a`)).toBe(false);
    expect(ask(accountWith({ policies, boundary: document({ Action: 's3:*', Resource: '*' }) }), { role: ROLE }, 's3:GetObject', `${BUCKET}/a`)).toBe(true);
  });

  test('throws an error for a role that does not exist, instead of denying the request', () => {
    expect(() => ask(accountWith({}), { role: `${ROLE}2` }, 's3:GetObject', `${BUCKET}/a`)).toThrow(/has no role arn:aws:iam::123456789012:role\/path\/role2/);
  });
});

describe('the inputs of the proof', () => {
  const place = { account: ID, region: 'us-east-1', stackName: 'S', exports: new Map([['name', 'value']]) };
  const resolver = new Resolver({ Resources: { R: { Type: 'AWS::IAM::Role', Properties: { Path: '/p/' } }, B: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'b' } } } }, place);

  test.each([
    [{ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':', { Ref: 'B' }]] }, 'arn:aws:b'],
    [{ 'Fn::Sub': '${AWS::Region}/${B.Arn}/${!x}' }, 'us-east-1/arn:aws:s3:::b/${x}'],
    [{ 'Fn::Select': [1, { 'Fn::Split': [':::', { 'Fn::GetAtt': ['B', 'Arn'] }] }] }, 'b'],
    [{ 'Fn::ImportValue': 'name' }, 'value'],
    [{ 'Fn::GetAtt': ['R', 'Arn'] }, `arn:aws:iam::${ID}:role/p/S-R-K7Q2M9X4T1ZB`],
  ])('resolve %j to %s', (value, expected) => expect(resolver.resolve(value)).toBe(expected));

  test.each([[{ 'Fn::Transform': {} }], [{ Ref: 'Nothing' }], [{ 'Fn::ImportValue': 'other' }], ['{{resolve:ssm:x}}']])('throw an error for %j, which cannot be resolved', (value) =>
    expect(() => resolver.resolve(value)).toThrow());

  test('contain every pair of choices', () => {
    const choices = { a: ['1', '2', '3'], b: ['x', 'y'], c: ['p', 'q', 'r', 's'] } as const;
    const rows = allPairs(choices, 7);
    expect(new Set(rows.map(({ a, c }) => a + c)).size).toBe(12);
    expect(new Set(rows.map(({ b, c }) => b + c)).size).toBe(8);
    expect(new Set(rows.map(({ a, b }) => a + b)).size).toBe(6);
    expect(rows.length).toBeLessThan(24);
  });

  test('include the statements of a warning', () => {
    expect(firstJson('It fails until it has: [{"Sid":"a]\\"b"}]. [ack: x]')).toEqual([{ Sid: 'a]"b' }]);
    expect(() => firstJson('nothing here')).toThrow('Expected statements');
  });

  test('include each statement with each of its parts removed and widened', () => {
    const runner = { taskManagerRole: ROLE, executionRole: '', taskRole: '', givenRoles: [], encryptedLogs: [] } as any;
    const policy = document({ Sid: 'S', Action: ['s3:A', 's3:B'], Resource: ['arn:aws:s3:::b/*', 'arn:aws:s3:::b'], Condition: { StringEquals: { k: ['1', '2'] } } });
    expect(mutationsOf(accountWith({ policies: { P: policy } }), runner).map(({ what }) => what.replace('task manager role / S / ', ''))).toEqual([
      'without the action s3:A', 's3:A widened to s3:*', 'without the action s3:B', 's3:B widened to s3:*',
      'without the resource objects', 'the resource objects widened to *', 'without the resource bucket', 'the resource bucket widened to *',
      'without the condition StringEquals k', 'StringEquals k only where the call mentions it', 'StringEquals k with any value',
      'without the value 1 of StringEquals k', 'without the value 2 of StringEquals k',
    ]);
    const denied = { ...document(), Statement: [{ Sid: 'S', Effect: 'Deny' as const, Action: '*', Resource: '*', Condition: { NumericGreaterThan: { n: '4' }, Null: { k: 'true' } } }] };
    expect(mutationsOf(accountWith({ policies: { P: denied } }), runner).map(({ what }) => what.replace('task manager role / S / ', ''))).toEqual([
      'without the action *', 'without the resource *', 'without the condition NumericGreaterThan n', 'NumericGreaterThan n times 2', 'NumericGreaterThan n times 0.5',
      'NumericGreaterThan n also where the call does not mention it', 'without the condition Null k', 'Null k the other way round',
    ]);
  });
});
