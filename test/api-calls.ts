import type { Template } from '../tools/template-size';

/**
 * How many requests the creation of each custom resource sends to the API of the orchestrator. `test/registration/api-calls.test.ts` counts them.
 * `Custom::HumanitecOidcProvider` calls IAM only.
 */
export const API_CALLS_OF_CREATE: Record<string, number> = {
  'Custom::HumanitecRunnerId': 3,
  'Custom::HumanitecRunner': 1,
  'Custom::HumanitecRunnerRule': 2,
};

/** How many requests the creation of a stack sends. */
export function apiCallsOf({ Resources: resources }: Template): number {
  return Object.values(resources).reduce((sum, { Type: type }) => sum + (API_CALLS_OF_CREATE[String(type)] ?? 0), 0);
}
