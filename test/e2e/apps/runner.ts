/** A runner without a rule. Its id and description come from environment variables. */
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { localOrchestrator } from '../../../local/try/app-settings';
import { EcsRunner } from 'cdk-humanitec-ecs-runner';

const app = new App();
const stack = new Stack(app, 'RunnerStack');

const runner = new EcsRunner(stack, 'Runner', {
  orchestrator: localOrchestrator(stack),
  runnerId: process.env.RUNNER_ID,
  description: process.env.RUNNER_DESCRIPTION ?? 'Deployments of my-org',
});

new CfnOutput(stack, 'RunnerId', { value: runner.runnerId });
