import type { Stack } from 'aws-cdk-lib';
import { EcsRunnerProps, Orchestrator, SelfHostedOrchestratorProps } from '../../src';
import { ACCOUNT, REGION, tokenOf } from '../support';

/** The inputs that replace those of a valid runner. */
export type Change = (stack: Stack) => Partial<EcsRunnerProps>;

/** A name, the changed inputs, and the full text of each expected problem. */
export type Row = [name: string, change: Change, problems: string[]];

export const ID = 'lower-case letters, digits and single "-" between them, starting with a letter';
export const subnets = (count: number) => Array.from({ length: count }, (_, i) => `subnet-${10000000 + i}`);
export const secretArn = (tail: string) => `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${tail}`;
export const selfHosted = (stack: Stack, change: Partial<SelfHostedOrchestratorProps>) => ({
  orchestrator: Orchestrator.selfHosted({
    orgId: 'my-org', apiToken: tokenOf(stack, 'OtherToken'), apiUrl: 'https://api.example.com', oidcIssuerUrl: 'https://oidc.example.com', ...change,
  }),
});

/** The full error message of a runner with these problems. */
export function message(problems: string[]): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return [`EcsRunner 'Stack/Runner' has ${count}:`, ...problems.map((problem, i) => `  ${i + 1}. ${problem}`)].join('\n');
}
