import type { Template } from '../tools/template-size';

/**
 * The number of requests that the creation of each custom resource sends to the orchestrator's API. `test/registration/api-calls.test.ts` checks it.
 * `Custom::HumanitecOidcProvider` calls only IAM.
 */
export const API_CALLS_OF_CREATE: Record<string, number> = {
  'Custom::HumanitecRunnerId': 3,
  'Custom::HumanitecRunner': 1,
  'Custom::HumanitecRunnerRule': 2,
};

/** The number of requests that the creation of a stack sends to the orchestrator's API. */
export function apiCallsOf({ Resources: resources }: Template): number {
  return Object.values(resources).reduce((sum, { Type: type }) => sum + (API_CALLS_OF_CREATE[String(type)] ?? 0), 0);
}
