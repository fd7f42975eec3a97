/** A runner with a prefix in its state bucket, several secrets and several parameters. */
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { localOrchestrator } from '../../../local/try/app-settings';
import { EcsRunner, StateStorage } from 'cdk-humanitec-ecs-runner';

const app = new App();
const stack = new Stack(app, 'RunnerStack');
const encryptionKey = new kms.Key(stack, 'Key');
const parameter = (id: string) => ecs.Secret.fromSsmParameter(new StringParameter(stack, id, { stringValue: id }));
const secret = (id: string, key?: kms.IKey) => ecs.Secret.fromSecretsManager(new Secret(stack, id, { encryptionKey: key }));

const runner = new EcsRunner(stack, 'Runner', {
  orchestrator: localOrchestrator(stack),
  stateStorage: StateStorage.newBucket({ prefix: 'team-a/states' }),
  secrets: {
    FIRST: secret('First'),
    SECOND: secret('Second'),
    THIRD: secret('Third', encryptionKey),
    FOURTH: secret('Fourth', encryptionKey),
    FIFTH: parameter('Fifth'),
    SIXTH: parameter('Sixth'),
  },
});

new CfnOutput(stack, 'RunnerId', { value: runner.runnerId });
