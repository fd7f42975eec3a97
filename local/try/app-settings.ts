/** Settings that the local cloud passes to its apps in environment variables. */
import type { Stack } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ApiToken, Orchestrator } from 'cdk-humanitec-ecs-runner';

export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`The environment variable ${name} is not set. Run this app with npm run try or npm test.`);
  return value;
}

/** The orchestrator of the local cloud. */
export function localOrchestrator(stack: Stack): Orchestrator {
  return Orchestrator.selfHosted({
    orgId: setting('RUNNER_ORG_ID'),
    apiToken: ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, 'ApiToken', 'humanitec-api-token')),
    apiUrl: setting('RUNNER_API_URL'),
    oidcIssuerUrl: setting('RUNNER_OIDC_ISSUER_URL'),
  });
}
