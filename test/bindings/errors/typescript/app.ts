/** Prints the error messages for invalid inputs, one for each case. */
import { App, Stack } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ApiToken, EcsRunner, Orchestrator } from 'cdk-humanitec-ecs-runner';

const stack = new Stack(new App(), 'Stack');
const apiToken = ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, 'ApiToken', 'humanitec-api-token'));
const orchestrator = Orchestrator.humanitec({ orgId: 'my-org', apiToken });
const subnetIds = ['subnet-12345678'];

const messages: Record<string, string> = {};
function attempt(name: string, what: () => void): void {
  try {
    what();
  } catch (error) {
    messages[name] = (error as Error).message;
  }
}

attempt('runner', () => new EcsRunner(stack, 'Runner', { orchestrator: Orchestrator.humanitec({ orgId: 'my org', apiToken }), runnerId: 'My_Runner', subnetIds }));
attempt('environment', () => new EcsRunner(stack, 'Environment', { orchestrator, subnetIds, environment: { TOKEN: 'x' } }));
attempt('rule', () => new EcsRunner(stack, 'Good', { orchestrator, subnetIds }).addRule('Rule', { projectId: 'my project' }));
attempt('imported', () => EcsRunner.fromRunnerId(stack, 'Imported', 'my-runner').addRule('Rule'));
console.log(JSON.stringify(messages));
