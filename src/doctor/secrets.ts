import { Aws, AwsError, list } from './aws';
import { customerKey } from './keys';
import { parsePolicy, PolicyDocument } from './policies';

/** A secret of Secrets Manager or a parameter of Systems Manager, without its value. */
export interface StoredSecret {
  /** The ARN, id or alias of the key, unless it is the one of AWS. */
  readonly key?: string;
  /** Whether it is to be deleted. */
  readonly isDeleted: boolean;
  /** Whether there is a current value. */
  readonly hasValue: boolean;
  /** Who else may or may not use it. */
  readonly policy?: PolicyDocument;
}

/** Whether an ARN is that of a parameter of Systems Manager. */
export function isParameter(arn: string): boolean {
  return arn.split(':')[2] === 'ssm';
}

/** The secret or parameter of an ARN, or undefined if there is none. */
export async function readStoredSecret(aws: Aws, arn: string): Promise<StoredSecret | undefined> {
  return isParameter(arn) ? readParameter(aws, arn) : readSecret(aws, arn);
}

async function readSecret(aws: Aws, SecretId: string): Promise<StoredSecret | undefined> {
  const region = SecretId.split(':')[3];
  try {
    const [secret, { ResourcePolicy: policy }] = await Promise.all([
      aws('secretsmanager', 'DescribeSecret', { SecretId }, region),
      aws('secretsmanager', 'GetResourcePolicy', { SecretId }, region).catch(error => withoutPolicy(error)),
    ]);
    return {
      key: customerKey(secret.KmsKeyId),
      isDeleted: secret.DeletedDate !== undefined,
      hasValue: Object.values<string[]>(secret.VersionIdsToStages ?? {}).flat().includes('AWSCURRENT'),
      policy: policy ? parsePolicy(policy) : undefined,
    };
  } catch (error) {
    if (error instanceof AwsError && error.kind === 'not-found') {
      return undefined;
    }
    throw error;
  }
}

/** Secrets Manager answers for a deleted secret only that it is deleted; DescribeSecret tells it, too. */
function withoutPolicy(error: AwsError): { ResourcePolicy?: string } {
  if (error.code === 'InvalidRequestException') {
    return {};
  }
  throw error;
}

async function readParameter(aws: Aws, arn: string): Promise<StoredSecret | undefined> {
  const [, , , region, , ...rest] = arn.split(':');
  const name = rest.join(':').slice('parameter/'.length);
  // The ARN has one slash for both. Without one at the beginning, a name cannot have others.
  const names = name.includes('/') ? [`/${name}`] : [name, `/${name}`];
  const { Parameters: parameters } = await aws('ssm', 'DescribeParameters', { ParameterFilters: [{ Key: 'Name', Option: 'Equals', Values: names }] }, region);
  const parameter = list(parameters).find(({ Name: found }) => names.includes(found));
  return parameter && { key: customerKey(parameter.KeyId), isDeleted: false, hasValue: true };
}
