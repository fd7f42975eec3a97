import { Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import * as contract from '../common/contract';
import type { Problems } from '../common/problems';
import type { EcsRunnerProps } from '../inputs/ecs-runner-props';
import type { RunnerIdProperties } from '../registration/wire';

export type RunnerIdInputs = Pick<EcsRunnerProps, 'runnerId' | 'runnerIdPrefix' | 'adoptExisting'>;

/** Rejects ids and prefixes that the orchestrator does not accept, and inputs that exclude each other. */
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

/** Rejects what cannot be the id of a runner. The API alone also accepts `_` in ids, so somebody may have registered such a runner. */
export function checkImportedId(problems: Problems, runnerId: string): void {
  problems.checkText('runnerId', runnerId, {
    pattern: /^[a-z][a-z0-9_-]*$/,
    max: contract.RUNNER_ID_MAX,
    expected: `lower-case letters, digits, "-" and "_", starting with a letter, at most ${contract.RUNNER_ID_MAX} characters`,
    fix: 'Give the id that the orchestrator shows.',
  });
}

/** What the custom resource of the id gets: the id, or what it generates the id from. */
export function runnerIdProperties(
  scope: IConstruct, { runnerId, runnerIdPrefix = contract.DEFAULT_RUNNER_ID_PREFIX }: RunnerIdInputs,
): Pick<RunnerIdProperties, 'RunnerId' | 'RunnerIdPrefix' | 'Seed'> {
  // The path below the stack, and not the logical id: that differs for each API.
  const path = scope.node.path.slice(Stack.of(scope).node.path.length);
  return runnerId !== undefined ? { RunnerId: runnerId } : { RunnerIdPrefix: runnerIdPrefix, Seed: path };
}

/**
 * The id as resource policies have it. A generated id is a pattern of its exact length, so that no resource policy waits for the id: a key may be needed
 * for the secret with the API token, and the policy for event logs is shared with runners that are deployed later.
 */
export function runnerIdPattern({ runnerId, runnerIdPrefix = contract.DEFAULT_RUNNER_ID_PREFIX }: RunnerIdInputs): string {
  return runnerId ?? `${runnerIdPrefix}-${'?'.repeat(contract.RUNNER_ID_SUFFIX_LENGTH)}`;
}
