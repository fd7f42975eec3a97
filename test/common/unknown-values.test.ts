/** Which values are known at synthesis, and how messages show values. */
import { App, Aws, CfnParameter, Fn, Lazy, ScopedAws, Stack, Token } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { canonical, differs, isKnown, isPlaceholder, maskUnknown, quote, sameValue } from '../../src/common/unknown-values';
import { ACCOUNT, newStack } from '../support';

const LISTS = [Lazy.list({ produce: () => ['a'] }), Token.asList({ Ref: 'Subnets' })];
const lookup = (stack: Stack, name = '/platform/value') => ssm.StringParameter.valueFromLookup(stack, name);

describe('isKnown', () => {
  test('accepts plain values', () => {
    for (const value of ['', 'a', 0, false, [], ['a']]) expect(isKnown(value)).toBe(true);
  });

  test('rejects undefined', () => {
    expect([isKnown(undefined), isKnown(null)]).toEqual([false, false]);
  });

  test('rejects CDK tokens of every type', () => {
    for (const value of [Aws.REGION, `a-${Aws.REGION}`, Token.asNumber({ Ref: 'Port' }), ...LISTS]) expect(isKnown(value)).toBe(false);
  });

  test('rejects placeholders of lookups, alone and within a text', () => {
    const value = lookup(newStack());
    expect([isKnown(value), isKnown(`https://${value}/api`), isPlaceholder(value)]).toEqual([false, false, true]);
  });
});

describe('quote', () => {
  test('shows no raw CDK token of any type', () => {
    for (const value of [Aws.REGION, `a-${Aws.REGION}-b`, Token.asNumber({ Ref: 'Port' }), `:${Token.asNumber({ Ref: 'Port' })}`, ...LISTS]) {
      expect(quote(value)).toContain('<token>');
      expect(quote(value)).not.toMatch(/Token\[|e\+289/);
    }
  });

  test('keeps a value on one line of at most 80 characters', () => {
    expect(quote('a\nb')).toBe('"a\\nb"');
    expect(quote('v'.repeat(100))).toHaveLength(80);
  });

  test('shows values of other types', () => {
    expect([1, true, null, undefined, ['a', 1], new Date(0), () => 0].map(quote)).toEqual(['1', 'true', 'null', 'undefined', '["a", 1]', 'an object of type Date', 'a function']);
  });
});

describe('maskUnknown', () => {
  test('replaces tokens and placeholders, and keeps the text before them', () => {
    expect(maskUnknown(`arn:${Aws.PARTITION}:s3:::${lookup(newStack())}`)).toBe('arn:\u0000:s3:::\u0000');
  });
});

describe('sameValue', () => {
  test('equates equal expressions of different tokens', () => {
    const stack = newStack();
    const values = () => [Fn.importValue('Boundary'), Fn.sub('arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/p'), Fn.split(',', Fn.importValue('List'))];
    for (const [index, value] of values().entries()) expect(sameValue(stack, value, values()[index])).toBe(true);
  });

  test('equates texts that are put together in different ways', () => {
    const stack = newStack();
    const same = [
      `arn:aws:iam::${ACCOUNT}:policy/p`, `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:policy/p`, Fn.sub('arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/p'),
      Fn.join(':', ['arn', Aws.PARTITION, 'iam', '', new ScopedAws(stack).accountId, 'policy/p']),
    ];
    for (const value of same) expect(canonical(stack, value)).toBe(same[0]);
  });

  test('distinguishes references to different constructs with the same logical id', () => {
    const app = new App();
    const [one, other] = ['One', 'Other'].map(id => new s3.Bucket(new Stack(app, id), 'Bucket'));
    expect(one.stack.getLogicalId(one.node.defaultChild as s3.CfnBucket)).toBe(other.stack.getLogicalId(other.node.defaultChild as s3.CfnBucket));
    expect(sameValue(one, one.bucketArn, other.bucketArn)).toBe(false);
    expect(sameValue(one, one.bucketArn, one.bucketName)).toBe(false);
    expect(sameValue(one, one.bucketArn, one.bucketArn)).toBe(true);
  });

  test('distinguishes the account of another stack', () => {
    const app = new App();
    const [one, other] = ['One', 'Other'].map(id => new Stack(app, id));
    expect(sameValue(one, new ScopedAws(one).accountId, Aws.ACCOUNT_ID)).toBe(true);
    expect(sameValue(one, new ScopedAws(other).accountId, Aws.ACCOUNT_ID)).toBe(false);
  });

  test('distinguishes different parameters', () => {
    const stack = newStack();
    expect(sameValue(stack, new CfnParameter(stack, 'A').valueAsString, new CfnParameter(stack, 'B').valueAsString)).toBe(false);
  });

  test('accepts a lazy value that cannot be resolved yet', () => {
    const stack = newStack();
    const value = Lazy.string({ produce: () => { throw new Error('not yet'); } });
    expect([sameValue(stack, value, value), sameValue(stack, value, 'a')]).toEqual([true, false]);
  });
});

describe('differs', () => {
  test('returns false for the placeholder of a lookup', () => {
    const stack = newStack();
    expect(differs(stack, lookup(stack), 'a')).toBe(false);
    expect(differs(stack, Lazy.string({ produce: () => lookup(stack) }), 'a')).toBe(false);
    expect(differs(stack, 'a', 'b')).toBe(true);
  });
});
