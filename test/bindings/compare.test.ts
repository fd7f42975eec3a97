import { compare, compareMessages } from './compare';

const template = (change: object = {}, analytics = 'v2:typescript') => ({
  Resources: {
    Bucket: { Type: 'AWS::S3::Bucket', Properties: { Tags: ['a', 'b'], Versioned: true, ...change } },
    CDKMetadata: { Type: 'AWS::CDK::Metadata', Properties: { Analytics: analytics } },
  },
});
const unexplained = (got: Parameters<typeof compare>[1]) => compare({ Stack: template() }, got, 'go').unexplained;

test('templates may differ in the order of keys and in the listed differences', () => {
  const { Resources: { Bucket, CDKMetadata } } = template({}, 'v2:go');
  const result = compare({ Stack: template() }, { Stack: { Resources: { CDKMetadata, Bucket } } }, 'go');
  expect(result).toMatchObject({ templates: 1, unexplained: [], explained: [{ languages: ['python', 'java', 'go'] }] });
});

test('a listed difference is not reported if the templates are equal', () => {
  expect(compare({ Stack: template() }, { Stack: template() }, 'go').explained).toEqual([]);
});

test('every other change is reported as a difference', () => {
  expect(unexplained({ Stack: template({ Versioned: 'true' }) })).toEqual(['Stack: /Resources/Bucket/Properties/Versioned: expected true, as in TypeScript; got "true"']);
  expect(unexplained({ Stack: template({ Tags: ['b', 'a'] }) })).toHaveLength(2);
  expect(unexplained({ Stack: template({ Tags: undefined }) })).toEqual(['Stack: /Resources/Bucket/Properties/Tags: expected ["a","b"], as in TypeScript; got nothing']);
  expect(unexplained({ Stack: template({ More: 1 }) })).toEqual(['Stack: /Resources/Bucket/Properties/More: expected nothing, as in TypeScript; got 1']);
  expect(unexplained({ Stack: { Resources: { Bucket: template().Resources.Bucket } } })).toHaveLength(1);
});

test('a missing or additional template is reported as a difference', () => {
  expect(unexplained({})).toEqual(['expected the templates of Stack; got those of none']);
  expect(unexplained({ Stack: template(), Other: template() })).toHaveLength(1);
  expect(compare({}, {}, 'go').unexplained).toEqual(['expected the templates of at least one stack; got those of none']);
});

describe('an error message in another language', () => {
  const failing = (got: Record<string, string>, language: 'go' | 'java') =>
    compareMessages({ runner: 'bad\n  1. id', rule: 'bad rule' }, got, language).filter(({ problem }) => problem).map(({ name }) => name);
  const go = { runner: 'bad\n  1. id', rule: 'Error: bad rule', missing: 'Field humanitececsrunner.Orchestrator.Orchestrator is required, but has nil value' };
  const stack = '\n    at one (file.js:1:2)\n    at other (file.js:3:4)';
  const java = {
    runner: `bad\n  1. id\nError: bad\n  1. id${stack}`,
    rule: `Error: bad rule\n@jsii/kernel.RuntimeError: Error: bad rule${stack}`,
    missing: 'orchestrator is required',
  };

  test('passes if it has the complete text of TypeScript', () => {
    expect(failing(go, 'go')).toEqual([]);
    expect(failing(java, 'java')).toEqual([]);
  });

  test('fails if it is cut, has additional text, or is missing', () => {
    expect(failing({ ...go, runner: 'bad' }, 'go')).toEqual(['runner']);
    expect(failing({ ...go, runner: `${go.runner}${stack}` }, 'go')).toEqual(['runner']);
    expect(failing({ ...go, rule: 'bad rule' }, 'go')).toEqual(['rule']);
    expect(failing({ ...java, runner: `${java.runner}\nmore` }, 'java')).toEqual(['runner']);
    expect(failing({ ...java, rule: java.rule.replace('RuntimeError: Error: bad', 'RuntimeError: Error: other') }, 'java')).toEqual(['rule']);
    expect(failing({}, 'go')).toEqual(['runner', 'rule', 'missing']);
  });
});
