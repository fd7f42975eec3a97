/** Checks of names and ids that the CDK does not check. AWS would refuse them only when a task starts, or when the Lambda reads the API token. */
import type { Problems } from './problems';
import { isKnown, maskUnknown, quote } from './unknown-values';

/**
 * Rejects an invalid name of a secret. Does not show the name, because users may pass the secret value by mistake.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
 */
export function checkSecretName(problems: Problems, input: string, name: string): void {
  if (isKnown(name) && !/^[a-zA-Z0-9/_+=.@-]{1,512}$/.test(name)) {
    problems.add({
      input, expected: 'the name of a secret: 1 to 512 letters, digits and /_+=.@-', got: 'another text', fix: 'Give the name that Secrets Manager shows.',
    });
  }
}

/**
 * Rejects the ARN of a parameter with an invalid name. Does not show the ARN, because users may pass the value by mistake.
 *
 * @see https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
 */
export function checkParameterArn(problems: Problems, input: string, arn: string): void {
  const name = maskUnknown(arn).split(':parameter')[1];
  if (name !== undefined && !name.includes('\u0000') && !/^\/[a-zA-Z0-9/_.-]+$/.test(name)) {
    problems.add({
      input, expected: 'the name of a parameter: letters, digits and /_.-', got: 'another text', fix: 'Give the name that the Parameter Store shows.',
    });
  }
}

/** Rejects an invalid id of a security group. ECS would report it only when a task starts. */
export function checkSecurityGroupId(problems: Problems, input: string, id: string): void {
  if (isKnown(id) && !/^\S+$/.test(id)) {
    problems.add({ input, expected: 'ids of security groups without spaces, such as "sg-0123456789abcdef0"', got: quote(id), fix: 'Give the id of each group, not its name.' });
  }
}
