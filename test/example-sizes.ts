import type { Template } from 'aws-cdk-lib/assertions';
import { apiCallsOf } from './api-calls';
import { measureTemplate } from '../tools/template-size';

/** Resources, Lambda functions, IAM roles, longest dependency chain in resources, API calls of the first deployment, and maximum bytes without indentation. */
const SIZES: Record<string, [number, number, number, number, number, number]> = {
  'basic/RunnerStack': [44, 1, 4, 7, 6, 24_500],
  'custom-id/RunnerStack': [22, 1, 4, 7, 6, 16_500],
  'prefix/RunnerStack': [22, 1, 4, 7, 6, 16_500],
  'existing-cluster/RunnerStack': [21, 1, 4, 7, 6, 16_000],
  'tags/RunnerStack': [22, 1, 4, 7, 6, 18_000],
  'network/RunnerStack': [43, 1, 4, 7, 6, 22_000],
  'production/ProductionRunnerStack': [46, 1, 4, 9, 6, 27_500],
  'monitoring/RunnerStack': [54, 1, 4, 9, 6, 53_500],
  'self-hosted/RunnerStack': [22, 1, 4, 7, 6, 17_000],
  'rules-secrets-environment/RunnerStack': [26, 1, 4, 7, 10, 19_500],
  'multi-region/RunnerEuWest': [20, 1, 4, 7, 6, 16_000],
  'multi-region/RunnerUsEast': [22, 1, 4, 7, 6, 17_000],
  'shared-oidc-provider/DevelopmentRunner': [20, 1, 4, 7, 6, 15_500],
  'shared-oidc-provider/OidcProvider': [1, 0, 0, 1, 0, 1_000],
  'shared-oidc-provider/ProductionRunner': [20, 1, 4, 7, 6, 15_500],
};

/** Describes the stacks of an example whose size differs from the expected one. */
export function unexpectedSizes(example: string, templates: Record<string, Template>): string[] {
  const stacks = Object.keys(SIZES).filter(name => name.startsWith(`${example}/`)).map(name => name.slice(example.length + 1));
  return [...new Set([...stacks, ...Object.keys(templates)])].flatMap((stack) => {
    const name = `${example}/${stack}`;
    const expected = SIZES[name];
    if (!expected || !templates[stack]) {
      return [`${name}: expected in SIZES of test/example-sizes.ts and in the app; got it only in ${expected ? 'SIZES' : 'the app'}`];
    }
    const template = templates[stack].toJSON() as Parameters<typeof measureTemplate>[0];
    const { resources, functions, roles, longestChain, bytesWithoutIndentation } = measureTemplate(template);
    const [maxBytes, exact] = [expected[5], expected.slice(0, 5)];
    const got = [resources, functions, roles, longestChain, apiCallsOf(template)];
    return got.join() === exact.join() && bytesWithoutIndentation <= maxBytes ? []
      : [`${name}: expected [resources, functions, roles, longest chain, API calls, most bytes] ${expected.join(', ')}; got ${[...got, bytesWithoutIndentation].join(', ')}`];
  });
}
