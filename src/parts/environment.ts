import { Annotations, Stack } from 'aws-cdk-lib';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { checkParameterArn } from '../common/aws-names';
import { ENVIRONMENT_VALUE_MAX, GIT_SSH_KEYS, RESERVED_ENVIRONMENT, SECRET_ONLY_ENVIRONMENT } from '../common/contract';
import { checkKey, checkPlace, placeOf } from '../common/place';
import type { Problems } from '../common/problems';
import { isPartial, SECRET_SUFFIX, sourceOf } from '../common/secret-source';
import { maskUnknown, quote, showTokens } from '../common/unknown-values';
import type { EcsRunnerProps } from '../inputs/ecs-runner-props';

export type EnvironmentInputs = Pick<EcsRunnerProps, 'environment' | 'secrets'>;

/** Variables with AWS credentials. They would be readable in plain text, and override the task role. */
const CREDENTIALS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];
/**
 * Maximum size of a task definition of ECS. The orchestrator writes all variables into it.
 *
 * @see https://docs.aws.amazon.com/general/latest/gr/ecs-service.html
 */
const TASK_DEFINITION_BYTES_MAX = 65_536;
const LOOKS_SECRET = /(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIAL)/i;

/** Rejects invalid environment variables and secrets. */
export function checkEnvironment(scope: Construct, problems: Problems, { environment = {}, secrets = {} }: EnvironmentInputs): void {
  for (const [name, value] of Object.entries(environment)) {
    const input = `environment.${name}`;
    checkName(scope, input, name, problems);
    if (SECRET_ONLY_ENVIRONMENT.includes(name) || CREDENTIALS.includes(name)) {
      problems.add({
        input,
        expected: 'a variable without credentials, because it is readable in the template and at the orchestrator',
        got: 'a variable with a credential',
        fix: CREDENTIALS.includes(name)
          ? 'Grant the runner what it needs instead: it has a role of its own.'
          : 'Put it into Secrets Manager and give it in `secrets`.',
      });
    }
    problems.checkText(input, value, {
      max: ENVIRONMENT_VALUE_MAX,
      expected: `a value of at most ${ENVIRONMENT_VALUE_MAX} characters`,
      isSensitive: true,
      fix: 'Shorten it, or store it in a parameter and give the parameter in `secrets`.',
    });
    if (Object.hasOwn(secrets, name)) {
      problems.add({ input, expected: 'each name once', got: 'the same name in `secrets`', fix: 'Remove one of the two.' });
    }
  }
  for (const [name, secret] of Object.entries(secrets)) {
    checkName(scope, `secrets.${name}`, name, problems);
    checkSecret(`secrets.${name}`, scope, secret, problems);
  }
  const size = bytesInTaskDefinition(environment, secrets);
  if (size > TASK_DEFINITION_BYTES_MAX) {
    problems.add({
      input: 'environment and secrets',
      expected: `at most ${TASK_DEFINITION_BYTES_MAX} bytes together, which is the limit of ECS for a task definition`,
      got: `${size} bytes`,
      fix: 'Remove or shorten variables, or keep several values in one secret.',
    });
  }
}

/** Size of the variables in the task definition. Values that are CDK tokens count as empty. */
function bytesInTaskDefinition(environment: Record<string, string>, secrets: Record<string, ecs.Secret>): number {
  const known = (text: string) => maskUnknown(text).replaceAll('\u0000', '');
  const variables = {
    environment: Object.entries(environment).map(([name, value]) => ({ name, value: known(value) })),
    secrets: Object.entries(secrets).map(([name, { arn }]) => ({ name, valueFrom: known(arn) })),
  };
  return Buffer.byteLength(JSON.stringify(variables));
}

/** Warns about plain variables whose names suggest a secret. */
export function warnAboutEnvironment(scope: Construct, environment: Record<string, string> = {}): void {
  const names = Object.keys(environment).filter(name => LOOKS_SECRET.test(name));
  if (names.length > 0) {
    Annotations.of(scope).addWarningV2('cdk-humanitec-ecs-runner:secretInEnvironment',
      `Environment variables are readable in the template and at the orchestrator, and these names suggest secrets: ${names.map(showTokens).join(', ')}. `
      + 'Give them in `secrets`, or acknowledge this warning.');
  }
}

/** Whether the deployments read module sources from Git over SSH. */
export function usesGitOverSsh({ secrets }: EnvironmentInputs): boolean {
  return secrets?.[GIT_SSH_KEYS] !== undefined;
}

function checkName(scope: Construct, input: string, name: string, problems: Problems): void {
  if (RESERVED_ENVIRONMENT.includes(name)) {
    problems.add({
      input,
      expected: 'a name that the orchestrator does not reserve',
      got: quote(name),
      fix: `Choose another name; the orchestrator sets ${RESERVED_ENVIRONMENT.join(', ')}.`,
    });
  } else if (!/^[^=\s]+$/.test(name)) {
    problems.add({ input, expected: 'the name of an environment variable', got: quote(name), fix: 'Remove "=" and spaces from the name.' });
  } else if (!isTextInTemplate(scope, name)) {
    problems.add({
      input,
      expected: 'a name that is known at synthesis',
      got: `the CDK token ${quote(name)}`,
      fix: 'CloudFormation has no functions in the keys of a map: give the name as a text.',
    });
  }
}

/** Whether a text with CDK tokens resolves to a literal text. If it cannot be resolved yet, it may become one. */
function isTextInTemplate(scope: Construct, text: string): boolean {
  try {
    return typeof Stack.of(scope).resolve(text) === 'string';
  } catch {
    return true;
  }
}

function checkSecret(input: string, scope: Construct, secret: ecs.Secret, problems: Problems): void {
  const arn = maskUnknown(secret.arn);
  const source = sourceOf(scope, secret);
  const fix = 'Import it by its complete ARN (Secret.fromSecretCompleteArn), one secret for each value.';
  const [, rest] = arn.split(':secret:');
  // The ARN of a secret of the stack is a CDK token. A version or stage follows the token.
  const isVersion = rest === undefined ? !arn.startsWith('arn:') && arn.includes(':') : rest.includes(':');
  if (isVersion) {
    problems.add({
      input,
      expected: 'a complete secret: the orchestrator accepts no JSON field, stage or version after the ARN',
      got: secret.hasField ? 'a field or version of a secret' : quote(arn),
      fix: 'Store the value in a separate secret.',
    });
  } else if (isPartial(scope, secret) || (rest !== undefined && !rest.includes('\u0000') && !SECRET_SUFFIX.test(rest))) {
    problems.add({
      input,
      expected: 'a complete ARN, which ends with "-" and the six characters that Secrets Manager appends to the name',
      got: `the name or partial ARN of the secret ${quote(rest ?? secret.arn)}`,
      fix,
    });
  }
  const partition = arn.match(/^arn:([^:\u0000]+):/)?.[1];
  if (partition !== undefined && partition !== 'aws') {
    problems.add({ input, expected: 'an ARN of the partition "aws"', got: quote(Stack.of(scope).resolve(partition)), fix: 'Use a secret of this account.' });
  }
  const place = placeOf(scope, source ?? {}, secret.arn);
  if (source && 'parameterArn' in source) {
    checkParameterArn(problems, input, source.parameterArn);
    checkPlace(scope, problems, input, place, {
      resource: 'a parameter', mustMatch: ['account'], fix: 'ECS can read only parameters of its own account: store the value there, or in Secrets Manager.',
    });
  }
  checkKey(scope, problems, input, (source as { encryptionKey?: kms.IKey } | undefined)?.encryptionKey, place.region);
}
