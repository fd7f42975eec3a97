import { Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import * as contract from '../common/contract';
import type { Problems } from '../common/problems';
import type { EcsRunnerProps } from '../inputs/ecs-runner-props';
import type { RunnerIdProperties } from '../registration/wire';

export type RunnerIdInputs = Pick<EcsRunnerProps, 'runnerId' | 'runnerIdPrefix' | 'adoptExisting'>;

/** Rejects ids and prefixes that the orchestrator does not accept, and inputs that cannot be combined. */
export function checkRunnerId(problems: Problems, { runnerId, runnerIdPrefix, adoptExisting }: RunnerIdInputs): void {
  const shape = 'lower-case letters, digits and single "-" between them, starting with a letter';
  problems.checkText('runnerId', runnerId, {
    pattern: contract.RUNNER_ID_PATTERN,
    max: contract.RUNNER_ID_MAX,
    expected: `${shape}, 2 to ${contract.RUNNER_ID_MAX} characters`,
    fix: 'Choose an id such as "prod-runner", or omit `runnerId` to generate an id.',
  });
  const suffix = contract.RUNNER_ID_SUFFIX_LENGTH + 1;
  problems.checkText('runnerIdPrefix', runnerIdPrefix, {
    pattern: /^[a-z](?:-?[a-z0-9])*$/,
    max: contract.RUNNER_ID_MAX - suffix,
    expected: `${shape}, at most ${contract.RUNNER_ID_MAX - suffix} characters (${suffix} more are appended)`,
    fix: 'Choose a prefix such as "prod-runner".',
  });
  if (runnerId !== undefined && runnerIdPrefix !== undefined) {
    problems.add({
      input: 'runnerIdPrefix',
      expected: 'either `runnerId` or `runnerIdPrefix`',
      got: 'both',
      fix: 'Omit `runnerIdPrefix` to use this id, or omit `runnerId` to generate an id.',
    });
  }
  if (adoptExisting && runnerId === undefined) {
    problems.add({
      input: 'adoptExisting',
      expected: '`runnerId` together with it',
      got: 'no `runnerId`',
      fix: 'Set `runnerId` to the id of the runner to take over: a generated id is always new.',
    });
  }
}

/** Rejects an invalid id of an existing runner. The API also accepts `_` in ids, so such a runner can exist. */
export function checkImportedId(problems: Problems, runnerId: string): void {
  problems.checkText('runnerId', runnerId, {
    pattern: /^[a-z][a-z0-9_-]*$/,
    max: contract.RUNNER_ID_MAX,
    expected: `lower-case letters, digits, "-" and "_", starting with a letter, at most ${contract.RUNNER_ID_MAX} characters`,
    fix: 'Give the id that the orchestrator shows.',
  });
}

/** Properties of the custom resource for the id: the id, or the inputs to generate it. */
export function runnerIdProperties(
  scope: IConstruct, { runnerId, runnerIdPrefix = contract.DEFAULT_RUNNER_ID_PREFIX }: RunnerIdInputs,
): Pick<RunnerIdProperties, 'RunnerId' | 'RunnerIdPrefix' | 'Seed'> {
  // The path below the stack instead of the logical id, which differs for each API.
  const path = scope.node.path.slice(Stack.of(scope).node.path.length);
  return runnerId !== undefined ? { RunnerId: runnerId } : { RunnerIdPrefix: runnerIdPrefix, Seed: path };
}

/**
 * The id in resource policies. For a generated id, it is a pattern of the same length, so that resource policies do not depend on the id: the secret with the API token
 * may use the key, and runners that are deployed later share the policy for event logs.
 */
export function runnerIdPattern({ runnerId, runnerIdPrefix = contract.DEFAULT_RUNNER_ID_PREFIX }: RunnerIdInputs): string {
  return runnerId ?? `${runnerIdPrefix}-${'?'.repeat(contract.RUNNER_ID_SUFFIX_LENGTH)}`;
}
