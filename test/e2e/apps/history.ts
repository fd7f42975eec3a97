/** Runners and rules as described in the environment variable `TEMPLATE`, followed by a resource that can fail. */
import { App, CfnResource, Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { setting } from '../../../local/try/app-settings';
import { ApiToken, EcsRunner, Orchestrator, StateStorage } from 'cdk-humanitec-ecs-runner';

/** The runners and rules of the stack. */
export interface HistoryTemplate {
  readonly runners: readonly {
    readonly id: string;
    readonly orgId: string;
    /** The name of the secret with the API token. */
    readonly secret: string;
    readonly runnerId?: string;
    readonly description?: string;
    readonly adoptExisting?: boolean;
    /** An existing bucket for the state. */
    readonly bucket?: string;
  }[];
  readonly rules: readonly { readonly id: string; readonly runner: string; readonly envTypeId: string; readonly adoptExisting?: boolean }[];
  /** The name of an existing log group. Creating it again fails. */
  readonly existingLogGroup?: string;
}

const { runners, rules, existingLogGroup }: HistoryTemplate = JSON.parse(setting('TEMPLATE'));
const app = new App();
const stack = new Stack(app, 'RunnerStack');

const created = new Map(runners.map(({ id, orgId, secret, bucket, ...props }) => [id, new EcsRunner(stack, id, {
  orchestrator: Orchestrator.selfHosted({
    orgId,
    apiToken: ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, `ApiToken${id}`, secret)),
    apiUrl: setting('RUNNER_API_URL'),
    oidcIssuerUrl: setting('RUNNER_OIDC_ISSUER_URL'),
  }),
  subnetIds: ['subnet-11111111', 'subnet-22222222'],
  stateStorage: bucket ? StateStorage.existingBucket(Bucket.fromBucketName(stack, `State${id}`, bucket)) : undefined,
  ...props,
})]));
for (const { id, runner, ...options } of rules) {
  created.get(runner)!.addRule(id, options);
}
if (existingLogGroup) {
  const failing = new CfnResource(stack, 'ExistingLogGroup', { type: 'AWS::Logs::LogGroup', properties: { LogGroupName: existingLogGroup } });
  failing.node.addDependency(...created.values());
}
