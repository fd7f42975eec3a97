import { Aws, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Row, secretArn } from './row';
import { ACCOUNT } from '../support';

/** Invalid environment variables and secrets of deployments. */
const RESERVED = 'ORG_ID, RUNNER_ID, DEPLOYMENT_ID, DEPLOYMENT_ENV_UUID, MODE, TOKEN, ENCRYPTING_KEY, ENCRYPTING_LOGS_KEY, LOG_LEVEL, '
  + 'RUNNER_GATEWAY_URL, METADATA_KEY, PLATFORM_ORCHESTRATOR_BASE_URL';
const PARTIAL = 'secrets.A: expected a complete ARN, which ends with "-" and the six characters that Secrets Manager appends to the name; '
  + 'got the name or partial ARN of the secret ';
const VERSION = 'secrets.A: expected a complete secret: the orchestrator accepts no JSON field, stage or version after the ARN; got ';

const many = <T>(count: number, entry: (name: string) => [string, T]) => Object.fromEntries(Array.from({ length: count }, (_, i) => entry(`TF_VAR_${10 + i}`)));

export const ROWS: Row[] = [
  ['reserved variables', () => ({ environment: { TOKEN: 'x', MODE: 'y' } }), ['TOKEN', 'MODE'].map(name =>
    `environment.${name}: expected a name that the orchestrator does not reserve; got "${name}". Choose another name; the orchestrator sets ${RESERVED}.`)],
  ['a reserved secret', stack => ({
    secrets: { RUNNER_ID: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'S', secretArn('s-AbCdEf'))) },
  }), ['secrets.RUNNER_ID: expected a name that the orchestrator does not reserve; got "RUNNER_ID". '
    + `Choose another name; the orchestrator sets ${RESERVED}.`]],
  ['git keys in plain text', () => ({ environment: { RUNNER_GIT_SSH_KEYS: 'x' } }),
    ['environment.RUNNER_GIT_SSH_KEYS: expected a variable without credentials, because it is readable in the template and at the orchestrator; got a variable with a credential. '
      + 'Put it into Secrets Manager and give it in `secrets`.']],
  ['AWS credentials in plain text', () => ({ environment: { AWS_SECRET_ACCESS_KEY: 'x' } }),
    ['environment.AWS_SECRET_ACCESS_KEY: expected a variable without credentials, because it is readable in the template and at the orchestrator; got a variable with a credential. '
      + 'Grant the runner what it needs instead: it has a role of its own.']],
  ['a blank in a name', () => ({ environment: { 'A B': 'x' } }),
    ['environment.A B: expected the name of an environment variable; got "A B". Remove "=" and spaces from the name.']],
  ['a blank in a name with a CDK token', () => ({ environment: { [`A ${Aws.REGION}`]: 'x' } }),
    ['environment.A <token>: expected the name of an environment variable; got "A <token>". Remove "=" and spaces from the name.']],
  ['names that CloudFormation would have to calculate', stack => ({
    environment: { [`TF_VAR_${Aws.REGION}`]: 'x' },
    secrets: { [Aws.STACK_NAME]: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'S', secretArn('s-AbCdEf'))) },
  }), [['environment.TF_VAR_<token>', 'TF_VAR_<token>'], ['secrets.<token>', '<token>']].map(([input, name]) =>
    `${input}: expected a name that is known at synthesis; got the CDK token "${name}". CloudFormation has no functions in the keys of a map: give the name as a text.`)],
  ['a long value', () => ({ environment: { A: 'v'.repeat(1025) } }),
    ['environment.A: expected a value of at most 1024 characters; got 1025 characters. '
      + 'Shorten it, or store it in a parameter and give the parameter in `secrets`.']],
  ['more variables than a task definition can have', stack => ({
    environment: many(65, name => [name, 'ü'.repeat(500)]),
    secrets: many(10, name => [`${name}S`, ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, name, secretArn('s-AbCdEf')))]),
  }), ['environment and secrets: expected at most 65536 bytes together, which is the limit of ECS for a task definition; got 68089 bytes. '
    + 'Remove or shorten variables, or keep several values in one secret.']],
  ['a name twice', stack => ({
    environment: { A: 'x' },
    secrets: { A: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'S', secretArn('s-AbCdEf'))) },
  }), ['environment.A: expected each name once; got the same name in `secrets`. Remove one of the two.']],
  ['a secret by name', stack => ({ secrets: { A: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretNameV2(stack, 'S', 'database/password')) } }),
    [`${PARTIAL}"database/password". `
      + 'Import it by its complete ARN (Secret.fromSecretCompleteArn), one secret for each value.']],
  ['a secret by partial ARN', stack => ({
    secrets: { A: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretPartialArn(stack, 'S', secretArn('database/password'))) },
  }), [`${PARTIAL}"database/password". `
    + 'Import it by its complete ARN (Secret.fromSecretCompleteArn), one secret for each value.']],
  ['a secret by a complete ARN without its end, in the region of the deployment', stack => ({
    secrets: {
      A: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'S', `arn:aws:secretsmanager:${Aws.REGION}:${ACCOUNT}:secret:database/password`)),
    },
  }), [`${PARTIAL}"database/password". Import it by its complete ARN (Secret.fromSecretCompleteArn), one secret for each value.`]],
  ['a secret by a name that ends like a complete ARN', stack => ({
    secrets: { A: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretNameV2(stack, 'S', 'orchestrator-secret')) },
  }), [`${PARTIAL}"orchestrator-secret". Import it by its complete ARN (Secret.fromSecretCompleteArn), one secret for each value.`]],
  ['a secret by a partial ARN that ends like a complete one', stack => ({
    secrets: { A: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretPartialArn(stack, 'S', secretArn('orchestrator-secret'))) },
  }), [`${PARTIAL}"orchestrator-secret". Import it by its complete ARN (Secret.fromSecretCompleteArn), one secret for each value.`]],
  ['a secret of a stack in another region', stack => ({
    secrets: {
      A: ecs.Secret.fromSecretsManager(new secretsmanager.Secret(
        new Stack(stack.node.root, 'Elsewhere', { env: { account: ACCOUNT, region: 'eu-west-1' } }), 'S', { secretName: 'password' })),
    },
  }), [`${PARTIAL}"<token>". Import it by its complete ARN (Secret.fromSecretCompleteArn), one secret for each value.`]],
  ['a stage of a secret of the stack', stack => ({
    secrets: { A: ecs.Secret.fromSecretsManagerVersion(new secretsmanager.Secret(stack, 'S'), { versionStage: 'AWSCURRENT' }) },
  }), [`${VERSION}"<token>::AWSCURRENT:". Store the value in a separate secret.`]],
  ['a version of a secret of the stack', stack => ({
    secrets: { A: ecs.Secret.fromSecretsManagerVersion(new secretsmanager.Secret(stack, 'S'), { versionId: 'v1' }) },
  }), [`${VERSION}"<token>:::v1". Store the value in a separate secret.`]],
  ['a field of a secret of the stack', stack => ({
    secrets: { A: ecs.Secret.fromSecretsManager(new secretsmanager.Secret(stack, 'S'), 'field') },
  }), [`${VERSION}a field or version of a secret. Store the value in a separate secret.`]],
  ['a field of a secret', stack => ({
    secrets: { A: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'S', secretArn('s-AbCdEf')), 'field') },
  }), ['secrets.A: expected a complete secret: the orchestrator accepts no JSON field, stage or version after the ARN; got a field or version of a secret. '
    + 'Store the value in a separate secret.']],
  ['a secret of another partition', stack => ({
    secrets: {
      A: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(
        stack, 'S', `arn:aws-cn:secretsmanager:cn-north-1:${ACCOUNT}:secret:s-AbCdEf`)),
    },
  }), ['secrets.A: expected an ARN of the partition "aws"; got "aws-cn". Use a secret of this account.']],
];
