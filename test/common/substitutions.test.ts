import { Aws, Fn, Lazy, Stack, Token } from 'aws-cdk-lib';
import { substituteIn } from '../../src/common/substitutions';

describe('a policy with substitutions', () => {
  const stack = new Stack();
  const resolved = (value: unknown) => stack.resolve(substituteIn(Lazy.any({ produce: () => value })));

  test('replaces joined literals, references and attributes with one Fn::Sub', () => {
    expect(resolved({ Resource: [`arn:${Aws.PARTITION}:s3:::${Fn.ref('Bucket')}/*`, `${Fn.getAtt('Role', 'Arn')}*`] }))
      .toEqual({ Resource: [{ 'Fn::Sub': 'arn:${AWS::Partition}:s3:::${Bucket}/*' }, { 'Fn::Sub': '${Role.Arn}*' }] });
  });

  test('escapes IAM policy variables', () => {
    expect(resolved(`arn:${Aws.PARTITION}:s3:::state/\${aws:username}`)).toEqual({ 'Fn::Sub': 'arn:${AWS::Partition}:s3:::state/${!aws:username}' });
    expect(resolved('state/${aws:username}')).toBe('state/${aws:username}');
  });

  test('does not change other functions and lists joined with a separator', () => {
    const imported = { 'Fn::Join': ['', ['a', { 'Fn::ImportValue': 'b' }]] };
    expect(resolved(`a${Fn.importValue('b')}`)).toEqual(imported);
    for (const part of [{ 'Fn::GetAtt': ['A', { Ref: 'Attribute' }] }, 7, null, {}, { Ref: 'A', Other: 1 }]) {
      expect(resolved({ Value: { 'Fn::Join': ['', ['a', Token.asAny(part)]] } }).Value).toHaveProperty(['Fn::Join']);
    }
    expect(resolved(Fn.join(',', Token.asList({ Ref: 'List' })))).toEqual({ 'Fn::Join': [',', { Ref: 'List' }] });
    expect(resolved({ 'a': 1, 'b': [true, 'text'], 'Fn::Join': ['', Token.asList({ Ref: 'List' })] })).toEqual({ 'a': 1, 'b': [true, 'text'], 'Fn::Join': ['', { Ref: 'List' }] });
  });
});
