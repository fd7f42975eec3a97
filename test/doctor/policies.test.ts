import * as fc from 'fast-check';
import { AccessRequest, evaluate, matchesPattern, parsePolicy, PolicyStatement } from '../../src/doctor/policies';

const ROLE = 'arn:aws:iam::111122223333:role/tasks';
const GET: AccessRequest = {
  action: 's3:GetObject',
  resource: 'arn:aws:s3:::state/a',
  principal: { kind: 'AWS', value: ROLE },
  context: { 'aws:SecureTransport': 'true', 's3:prefix': null, 'ecs:task-cpu': '512' },
};
const ALLOW: PolicyStatement = { Effect: 'Allow', Action: 's3:*', Resource: '*' };
const DENY: PolicyStatement = { Sid: 'Stop', Effect: 'Deny', Action: '*', Resource: '*' };

const decide = (...statements: PolicyStatement[]) => evaluate([{ Statement: statements }], GET);

describe('the doctor\'s evaluation of policies', () => {
  test('lets a deny override an allow, and denies requests without an allow', () => {
    expect(decide(ALLOW)).toEqual({ decision: 'allowed', dependsOn: [] });
    expect(decide()).toEqual({ decision: 'implicitDeny', dependsOn: [] });
    expect(decide(ALLOW, DENY)).toEqual({ decision: 'explicitDeny', sid: 'Stop', dependsOn: [] });
    expect(evaluate([{ Statement: DENY }, { Statement: [ALLOW] }], GET).decision).toBe('explicitDeny');
    expect(evaluate([{}], GET).decision).toBe('implicitDeny');
  });

  test.each<[string, Partial<PolicyStatement>, boolean]>([
    ['an action in another case', { Action: 'S3:getobject' }, true],
    ['one of several actions', { Action: ['s3:ListBucket', 's3:Get*'] }, true],
    ['another action', { Action: 's3:PutObject' }, false],
    ['all but another action', { Action: undefined, NotAction: 's3:PutObject' }, true],
    ['all but this action', { Action: undefined, NotAction: 's3:Get*' }, false],
    ['a resource with a wildcard', { Resource: 'arn:aws:s3:::st?te/*' }, true],
    ['a resource in another case', { Resource: 'arn:aws:s3:::STATE/*' }, false],
    ['all but another resource', { Resource: undefined, NotResource: 'arn:aws:s3:::other/*' }, true],
    ['all but this resource', { Resource: undefined, NotResource: 'arn:aws:s3:::state/*' }, false],
    ['everybody', { Principal: '*' }, true],
    ['all AWS principals', { Principal: { AWS: '*' } }, true],
    ['the role', { Principal: { AWS: [ROLE] } }, true],
    ['the account of the role', { Principal: { AWS: '111122223333' } }, true],
    ['the root of the account', { Principal: { AWS: 'arn:aws:iam::111122223333:root' } }, true],
    ['another account', { Principal: { AWS: '444455556666' } }, false],
    ['the id of a deleted role', { Principal: { AWS: 'AROAEXAMPLEEXAMPLE123' } }, false],
    ['a service', { Principal: { Service: 's3.amazonaws.com' } }, false],
    ['an equal string', { Condition: { StringEquals: { 'aws:securetransport': ['false', 'true'] } } }, true],
    ['a different string', { Condition: { StringNotEquals: { 'aws:SecureTransport': 'true' } } }, false],
    ['a string with wildcards', { Condition: { StringLike: { 'aws:SecureTransport': 't*e' } } }, true],
    ['a boolean', { Condition: { Bool: { 'aws:SecureTransport': true } } }, true],
    ['an absent key', { Condition: { StringEquals: { 's3:prefix': 'a' } } }, false],
    ['an absent key with IfExists', { Condition: { StringEqualsIfExists: { 's3:prefix': 'a' } } }, true],
    ['an absent key with ForAllValues', { Condition: { 'ForAllValues:StringEquals': { 's3:prefix': 'a' } } }, true],
    ['an absent key with ForAnyValue', { Condition: { 'ForAnyValue:StringEquals': { 's3:prefix': 'a' } } }, false],
    ['an absent key with a negated operator', { Condition: { StringNotLike: { 's3:prefix': 'a' } } }, true],
    ['an absent key with Null', { Condition: { Null: { 's3:prefix': 'true' } } }, true],
    ['a present key with Null', { Condition: { Null: { 's3:prefix': 'false' } } }, false],
    ['a number that is greater', { Condition: { NumericGreaterThan: { 'ecs:task-cpu': '4096' } } }, false],
    ['a number that is less', { Condition: { NumericLessThanEquals: { 'ecs:task-cpu': '512' } } }, true],
    ['a value that is not a number', { Condition: { NumericLessThan: { 'aws:SecureTransport': '4096' } } }, false],
    ['two conditions, one of which is not met', { Condition: { Bool: { 'aws:SecureTransport': 'true' }, Null: { 's3:prefix': 'false' } } }, false],
    ['an unknown key together with a condition that is not met', { Condition: { Bool: { 'aws:SecureTransport': 'false' }, StringEquals: { 'aws:PrincipalOrgID': 'o-1' } } }, false],
  ])('matches statements: %s', (_what, statement, expected) => {
    expect(decide({ ...ALLOW, ...statement })).toEqual({ decision: expected ? 'allowed' : 'implicitDeny', dependsOn: [] });
  });

  test.each<[string, PolicyStatement[], string]>([
    ['an allow for a condition key', [{ ...ALLOW, Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } } }], 'aws:PrincipalOrgID'],
    ['a deny for a condition key', [ALLOW, { ...DENY, Condition: { StringNotEquals: { 'aws:SourceVpce': 'vpce-1' } } }], 'aws:SourceVpce'],
    ['a policy variable', [{ ...ALLOW, Condition: { StringEquals: { 'aws:SecureTransport': '${aws:PrincipalTag/tls}' } } }], 'aws:SecureTransport'],
    ['an operator for addresses', [ALLOW, { ...DENY, Condition: { NotIpAddress: { 'aws:SecureTransport': '10.0.0.0/8' } } }], 'aws:SecureTransport'],
    ['a session of the role', [{ ...ALLOW, Principal: { AWS: 'arn:aws:sts::111122223333:assumed-role/tasks/one' } }], 'the session name'],
    ['NotPrincipal', [ALLOW, { ...DENY, NotPrincipal: { AWS: ROLE } }], 'NotPrincipal'],
  ])('reports a result as unknown if it depends on %s', (_what, statements, dependsOn) => {
    expect(decide(...statements)).toEqual({ decision: 'unknown', dependsOn: [dependsOn] });
  });

  test('keeps a request denied when more statements are added', () => {
    const statement: fc.Arbitrary<PolicyStatement> = fc.record({
      Effect: fc.constantFrom('Allow', 'Deny'),
      Action: fc.constantFrom('*', 's3:*', 's3:PutObject'),
      Resource: fc.constantFrom('*', 'arn:aws:s3:::state/*', 'arn:aws:s3:::other/*'),
      Condition: fc.constantFrom<PolicyStatement['Condition']>(undefined, { Null: { 's3:prefix': 'true' } }, { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } }),
    });
    fc.assert(fc.property(fc.array(statement, { maxLength: 4 }), fc.array(statement, { maxLength: 4 }), (some, others) => {
      const all = decide(...some, ...others).decision;
      expect(decide(...others, ...some).decision).toBe(all);
      if (decide(...some).decision === 'explicitDeny') {
        expect(all).toBe('explicitDeny');
      }
      expect(decide(...some, ...others, DENY).decision).toBe('explicitDeny');
    }));
  });

  test('reads policy documents in the formats of all APIs', () => {
    const document = { Statement: [ALLOW] };
    expect(parsePolicy(document)).toEqual(document);
    expect(parsePolicy(JSON.stringify(document))).toEqual(document);
    expect(parsePolicy(encodeURIComponent(JSON.stringify(document)))).toEqual(document);
    expect(parsePolicy(undefined)).toEqual({});
  });

  test('treats only * and ? as wildcards', () => {
    expect(matchesPattern('a.b+(c)', 'a.b+(c)')).toBe(true);
    expect(matchesPattern('a.b', 'axb')).toBe(false);
    expect(matchesPattern('a*c', 'a\nc')).toBe(true);
  });
});
