import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { ApiToken, EcsRunnerProps, Orchestrator, StateStorage } from '../../src';
import { ACCOUNT, flat, importedSecret, importedVpc, newStack, REGION, runnerIn, secretArn, statementsOf } from '../support';

const TASKS = new iam.ServicePrincipal('ecs-tasks.amazonaws.com');
const KEY_ARN = `arn:aws:kms:${REGION}:${ACCOUNT}:key/11111111-2222-3333-4444-555555555555`;
const sizeOf = (template: Template, role: string) => JSON.stringify(flat(Object.values(statementsOf(template, role)))).length;

describe('inline policies', () => {
  const secretsOf = (stack: Stack, count: number, encryptionKey?: kms.IKey) => Object.fromEntries(Array.from({ length: count }, (_, i) =>
    [`TF_VAR_${i}`, importedSecret(stack, `platform/application-${100 + i}/database-password`, encryptionKey)]));

  test.each([[45, true], [90, false]])('of the execution role can contain %i secrets (customer managed key: %s)', (count, keyed) => {
    const stack = newStack();
    runnerIn(stack, { secrets: secretsOf(stack, count, keyed ? kms.Key.fromKeyArn(stack, 'Key', KEY_ARN) : undefined) });
    const size = sizeOf(Template.fromStack(stack), 'RunnerExecutionRole');
    expect(size).toBeLessThanOrEqual(10_240);
    expect(size).toBeGreaterThan(9_000);
  });

  test.each([[60, true], [120, false]])('of %i secrets (customer managed key: %s) are an error at synthesis', (count, keyed) => {
    const stack = newStack();
    runnerIn(stack, { secrets: secretsOf(stack, count, keyed ? kms.Key.fromKeyArn(stack, 'Key', KEY_ARN) : undefined) });
    expect(() => Template.fromStack(stack)).toThrow(new RegExp('\\[Stack/Runner/ExecutionRole\\] secrets: expected inline policies of at most 10,240 characters for the role; '
      + 'got about 1[0-9],[0-9]{3}\\. Keep several values in one secret, or give an `executionRole` that reads the secrets by managed policies \\(role\\.withoutPolicyUpdates\\(\\)\\)\\.'));
  });

  test('of a given role count together with those of the other runners that share it', () => {
    const stack = newStack();
    const executionRole = new iam.Role(stack, 'Given', { assumedBy: TASKS });
    const secrets = secretsOf(stack, 60);
    runnerIn(stack, { executionRole, secrets }, 'First');
    Template.fromStack(stack);
    const both = newStack();
    const shared = new iam.Role(both, 'Given', { assumedBy: TASKS });
    runnerIn(both, { executionRole: shared, secrets: secretsOf(both, 60), runnerId: 'first' }, 'First');
    runnerIn(both, { executionRole: shared, secrets, runnerId: 'second' }, 'Second');
    expect(() => Template.fromStack(both)).toThrow('[Stack/Given] executionRole: expected inline policies of at most 10,240 characters for the role; got about ');
  });

  test('of the task role count together with grants', () => {
    const taskRoleWith = (props: Partial<EcsRunnerProps>) => {
      const stack = newStack();
      const runner = runnerIn(stack, props);
      for (let i = 0; i < 80; i++) {
        runner.grantPrincipal.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [`arn:aws:sqs:${REGION}:${ACCOUNT}:${'q'.repeat(60)}${i}`] }));
      }
      return () => Template.fromStack(stack);
    };
    taskRoleWith({})().resourceCountIs('AWS::IAM::ManagedPolicy', 1);
    const stateStorage = StateStorage.newBucket({ prefix: `team/${'x'.repeat(100)}` });
    expect(taskRoleWith({ stateStorage })).toThrow('[Stack/Runner/TaskRole] taskRole: expected inline policies of at most 10,240 characters for the role; '
      + 'got about 10,629. Grant less, or put some of the permissions into an iam.ManagedPolicy and attach it to the role.');
  });

  test('of the registration can contain 15 API tokens with customer managed keys; more are an error at synthesis', () => {
    const stack = newStack();
    const add = (i: number) => {
      const secret = secretsmanager.Secret.fromSecretAttributes(stack, `Token${i}`, {
        secretCompleteArn: secretArn(`humanitec-api-token-of-team-${i}`), encryptionKey: kms.Key.fromKeyArn(stack, `Key${i}`, `${KEY_ARN.slice(0, -2)}${10 + i}`),
      });
      runnerIn(stack, { orchestrator: Orchestrator.humanitec({ orgId: `team-${i}`, apiToken: ApiToken.fromSecretsManager(secret) }), vpc: importedVpc(stack), subnetIds: undefined }, `Runner${i}`);
    };
    for (let i = 0; i < 15; i++) {
      add(i);
    }
    Template.fromStack(stack);
    const many = newStack();
    for (let i = 0; i < 20; i++) {
      const secret = secretsmanager.Secret.fromSecretAttributes(many, `Token${i}`, {
        secretCompleteArn: secretArn(`humanitec-api-token-of-team-${i}`), encryptionKey: kms.Key.fromKeyArn(many, `Key${i}`, `${KEY_ARN.slice(0, -2)}${10 + i}`),
      });
      runnerIn(many, { orchestrator: Orchestrator.humanitec({ orgId: `team-${i}`, apiToken: ApiToken.fromSecretsManager(secret) }) }, `Runner${i}`);
    }
    expect(() => Template.fromStack(many)).toThrow('[Stack/HumanitecRunnerRegistration/Role] orchestrator.apiToken: expected inline policies of at most 10,240 characters for the role; got about ');
  });
});
