/** Checks that a template that violates an invariant is reported. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { cyclesOf, violationsOf, type Synthesized } from './invariants';
import type { Document } from './model';
import { differences } from './reproduced';
import { Resolver, type Resource } from './resolver';
import { accountOf } from './template';

const place = { account: '123456789012', region: 'us-east-1', stackName: 'S' };
const allow = (Sid?: string, Resource: unknown = '*') => ({ Sid, Effect: 'Allow', Action: 's3:GetObject', Resource });
const document = (...statements: unknown[]) => ({ Version: '2012-10-17', Statement: statements });
const trust = document({ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'ecs-tasks.amazonaws.com' } });
const role = (properties: object = {}): Resource => ({ Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: trust, ...properties } });
const policy = (PolicyName: string, PolicyDocument: unknown): Resource => ({ Type: 'AWS::IAM::Policy', Properties: { PolicyName, PolicyDocument, Roles: [{ Ref: 'Role' }] } });

function found(resources: Record<string, Resource>, more: Partial<Synthesized> = {}): string[] {
  return violationsOf({ resolver: new Resolver({ Resources: resources }, place), messages: [], ...more }).map(({ invariant, what }) => `${invariant}: ${what}`);
}

const SOUND = { Role: role({ Policies: [{ PolicyName: 'Inline', PolicyDocument: document(allow('Read')) }] }), Policy: policy('Beside', document(allow('Read'), allow('Read2'))) };

test('a valid template violates no invariant', () => {
  expect(found(SOUND)).toEqual([]);
});

describe('circular dependencies', () => {
  test.each([
    ['Ref', { Ref: 'B' }], ['GetAtt', { 'Fn::GetAtt': ['B', 'Arn'] }], ['GetAtt as text', { 'Fn::GetAtt': 'B.Arn' }], ['Sub', { 'Fn::Sub': 'x-${B.Arn}' }], ['Sub with values', { 'Fn::Sub': ['${x}${B}', { x: 1 }] }],
  ])('are found through %s', (_name, value) => {
    expect(cyclesOf({ Resources: { A: { Type: 'X', Properties: { Deep: [{ value }] } }, B: { Type: 'X', DependsOn: ['A'] } } })).toEqual(['A → B → A']);
  });

  test('are not reported if two resources depend on a third one', () => {
    expect(cyclesOf({ Resources: { A: { Type: 'X', DependsOn: ['B', 'C'] }, B: { Type: 'X', DependsOn: 'C' }, C: { Type: 'X', Properties: { Literal: { 'Fn::Sub': '${!A}' } } } } })).toEqual([]);
  });
});

describe('policies', () => {
  test.each<[string, Record<string, Resource>, string]>([
    ['a duplicate Sid in an inline policy', { Role: role({ Policies: [{ PolicyName: 'P', PolicyDocument: document(allow('Read'), allow('Read')) }] }) }, 'sid: AWS::IAM::Role Role: "Read" more than once'],
    ['a duplicate Sid in a separate policy of a role', { Role: role(), Policy: policy('P', document(allow('Read'), allow('Read'))) }, 'sid: AWS::IAM::Policy Policy: "Read" more than once'],
    ['a duplicate Sid in a key policy', { Key: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: document(allow('A b'), allow('A b')) } } }, 'sid: AWS::KMS::Key Key: "A b" more than once'],
    ['a Sid with a character that IAM rejects', { Role: role(), Policy: policy('P', document(allow('Read-state'))) }, 'sid: AWS::IAM::Policy Policy: "Read-state" is no Sid'],
    ['two inline policies of one name', { Role: role(), One: policy('P', document(allow())), Two: policy('P', document(allow())) }, 'name: "P" of role S-Role-K7Q2M9X4T1ZB'],
    ['no statement', { Role: role(), Policy: policy('P', document()) }, 'empty: AWS::IAM::Policy Policy'],
    ['too many characters in the inline policies of a role together', { Role: role(), One: policy('One', document(allow('A', 'x'.repeat(5_200)))), Two: policy('Two', document(allow('B', 'x'.repeat(5_200)))) },
      'quota: inline policies of role S-Role-K7Q2M9X4T1ZB: 10610 of 10240 characters'],
    ['too many characters in a trust policy', { Role: role({ AssumeRolePolicyDocument: document(allow('A', 'x'.repeat(2_000))) }) }, 'quota: trust of AWS::IAM::Role Role: 2105 of 2048 characters'],
    ['too many characters in a key policy', { Key: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: document(allow('A', 'x'.repeat(32_700))) } } }, 'quota: AWS::KMS::Key Key: 32805 of 32768 characters'],
    ['too many characters in a resource policy of CloudWatch Logs', { Logs: { Type: 'AWS::Logs::ResourcePolicy', Properties: { PolicyDocument: JSON.stringify(document(allow('A', 'x'.repeat(5_100)))) } } },
      'quota: AWS::Logs::ResourcePolicy Logs: 5205 of 5120 characters'],
  ])('with %s are reported', (_name, resources, expected) => {
    expect(found(resources)).toEqual([expected]);
  });

  test('are also checked in an AWS::IAM::RolePolicy', () => {
    const rolePolicy = { Type: 'AWS::IAM::RolePolicy', Properties: { PolicyName: 'P', PolicyDocument: document(allow('A'), allow('A')), RoleName: { Ref: 'Role' } } };
    expect(found({ Role: role(), Policy: rolePolicy })).toEqual(['sid: AWS::IAM::RolePolicy Policy: "A" more than once']);
  });

  test('are also checked in the text of warnings', () => {
    expect(found(SOUND, { spelledOut: [document(allow('A'), allow('A')) as Document] })).toEqual(['sid: warning 1: "A" more than once']);
  });

  test.each(['AWS::IAM::Policy', 'AWS::IAM::RolePolicy'])('of the type %s belong to the role that they name', (Type) => {
    const Properties = { PolicyName: 'P', PolicyDocument: document(allow('A')), ...Type.endsWith('RolePolicy') ? { RoleName: { Ref: 'Role' } } : { Roles: [{ Ref: 'Role' }] } };
    const { roles } = accountOf(new Resolver({ Resources: { Role: role(), Policy: { Type, Properties } } }, place));
    expect(roles['arn:aws:iam::123456789012:role/S-Role-K7Q2M9X4T1ZB']!.policies).toEqual({ Policy: document(allow('A')) });
  });
});

test.each(['x${Token[TOKEN.12]}y', '#{Token[12]}', 'got [object Object]'])('%s is reported in templates and messages', (text) => {
  expect(found({ A: { Type: 'X', Properties: { text } } })).toHaveLength(1);
  expect(found(SOUND, { messages: [text] })).toHaveLength(1);
});

describe('umask and output directory', () => {
  const assetOf = (app: App, content: string, mode?: number) => {
    const path = join(app.outdir, 'source');
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'file'), content);
    if (mode) chmodSync(join(path, 'file'), mode);
    return new Asset(new Stack(app, 'S'), 'Asset', { path });
  };

  test('are accepted if template and assets do not depend on them', () => {
    expect(differences((app) => assetOf(app, 'content', 0o644))).toEqual([]);
  });

  test('are reported if Lambda cannot read a file', () => {
    expect(differences((app) => assetOf(app, 'content'))).toEqual([expect.stringMatching(/^asset\.\w+\/file has the mode 600$/)]);
  });

  test('are reported if the template contains the directory', () => {
    expect(differences((app) => new Stack(app, 'S').addMetadata('Directory', app.outdir))).toEqual(['S.template.json differs']);
  });
});
