import { AwsError } from '../aws';
import { Check, Context, Finding, notRead, ok, problem, unknown } from '../check';
import { findKeyProblem, Key, readKey } from '../keys';
import { ALLOWED_BY_ROLE, evaluate } from '../policies';
import { decryptionContext } from '../role-requests';
import { isParameter, readStoredSecret, StoredSecret } from '../secrets';

export const SECRETS: Check = {
  id: 'secrets',
  title: 'The secrets and parameters that ECS gives to the tasks',
  reads: ['secretsmanager:DescribeSecret', 'secretsmanager:GetResourcePolicy', 'ssm:DescribeParameters', 'kms:DescribeKey', 'kms:GetKeyPolicy'],
  async run(context) {
    const { Secrets: secrets = {}, ExecutionRoleArn: roleArn } = context.runner.properties.Job;
    const arns = Object.entries(secrets);
    if (arns.length === 0) {
      return [ok('The runner has no secrets.')];
    }
    const findings = await Promise.all(arns.map(async ([variable, arn]) => inspectSecret(context, variable, arn, roleArn)));
    const worse = findings.filter(finding => finding !== undefined);
    return worse.length > 0 ? worse : [ok(`All ${arns.length} secrets and parameters exist, and their policies and keys let the execution role read them.`)];
  },
};

async function inspectSecret({ aws, once }: Context, variable: string, arn: string, roleArn: string): Promise<Finding | undefined> {
  try {
    const secret = await once(`secret ${arn}`, async () => readStoredSecret(aws, arn));
    const key = secret?.key === undefined || secret.isDeleted ? undefined : await once(`key ${secret.key} ${arn.split(':')[3]}`, async () => readKey(aws, secret.key!, arn.split(':')[3]));
    return findSecretProblem({ variable, arn, roleArn, secret, key });
  } catch (error) {
    if (error instanceof AwsError) {
      return notRead(error);
    }
    throw error;
  }
}

export interface SecretFacts {
  /** The name of the environment variable. */
  readonly variable: string;
  readonly arn: string;
  /** The execution role, which reads it. */
  readonly roleArn: string;
  /** Undefined if it does not exist. */
  readonly secret?: StoredSecret;
  /** The key that the secret names; undefined if it names none, or if the key does not exist. */
  readonly key?: Key;
}

/** What keeps ECS from reading a secret or parameter, apart from the policies of the execution role. */
export function findSecretProblem({ variable, arn, roleArn, secret, key }: SecretFacts): Finding | undefined {
  const what = `the ${isParameter(arn) ? 'parameter' : 'secret'} ${arn}`;
  const start = `${what[0].toUpperCase()}${what.slice(1)} of the variable ${variable}`;
  if (!secret) {
    return problem(`${start} does not exist, so no task can start.`, `Create it again. If its ARN is another one then, change \`secrets\` and deploy. Without it, remove ${variable} from \`secrets\` and deploy.`);
  }
  if (secret.isDeleted) {
    return problem(`${start} is scheduled for deletion, so no task can start.`, `Run \`aws secretsmanager restore-secret --secret-id ${arn}\`.`);
  }
  if (!secret.hasValue) {
    return problem(`${start} has no current value, so no task can start.`, `Store a value: aws secretsmanager put-secret-value --secret-id ${arn} --secret-string file://value.txt`);
  }
  if (secret.policy) {
    const account = roleArn.split(':')[4];
    const { decision, dependsOn } = evaluate(arn.split(':')[4] === account ? [secret.policy, ALLOWED_BY_ROLE] : [secret.policy], {
      action: 'secretsmanager:GetSecretValue',
      resource: arn,
      principal: { kind: 'AWS', value: roleArn },
      context: { 'aws:PrincipalArn': roleArn, 'aws:PrincipalAccount': account, 'aws:SecureTransport': 'true' },
    });
    if (decision === 'explicitDeny' || decision === 'implicitDeny') {
      return problem(`The resource policy of ${what} does not let the role ${roleArn} read it.`, 'Allow secretsmanager:GetSecretValue to the role in the resource policy of the secret, and remove what denies it.');
    }
    if (decision === 'unknown') {
      return unknown(`Could not check whether the role ${roleArn} can read ${what}: its resource policy depends on ${dependsOn.join(', ')}.`,
        'Make sure that the policy lets the role do secretsmanager:GetSecretValue.');
    }
  }
  return secret.key === undefined ? undefined : findKeyProblem(secret.key, key, { what, roleArn, actions: ['kms:Decrypt'], context: decryptionContext(arn) });
}
