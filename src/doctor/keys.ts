import { Aws, AwsError } from './aws';
import { Finding, problem, unknown } from './check';
import { evaluate, parsePolicy, PolicyDocument } from './policies';

/** A key of KMS, as far as the roles of a runner use it. */
export interface Key {
  readonly arn: string;
  readonly state: string;
  /** Keys of AWS itself let everybody in who may use the service that they belong to. */
  readonly isCustomerManaged: boolean;
  readonly policy?: PolicyDocument;
}

/** What a role does with a key. */
export interface KeyUse {
  /** What the key encrypts, such as "the secret arn:…". */
  readonly what: string;
  readonly roleArn: string;
  readonly actions: string[];
  /** The condition keys of the use: the service that asks KMS, and the encryption context. */
  readonly context: Record<string, string>;
}

/** A reference to a key that is not one of AWS itself, which it names by their aliases. */
export function customerKey(reference: string | undefined): string | undefined {
  return !reference || /(^|:)alias\/aws\//.test(reference) ? undefined : reference;
}

/**
 * The key of an id, ARN or alias, or undefined if there is none.
 *
 * @param region of a reference that names none
 */
export async function readKey(aws: Aws, reference: string, region: string): Promise<Key | undefined> {
  const place = reference.startsWith('arn:') ? reference.split(':')[3] : region;
  try {
    const { KeyMetadata: { Arn: arn, KeyState: state, KeyManager: manager } } = await aws('kms', 'DescribeKey', { KeyId: reference }, place);
    const isCustomerManaged = manager === 'CUSTOMER';
    const policy = isCustomerManaged ? (await aws('kms', 'GetKeyPolicy', { KeyId: arn, PolicyName: 'default' }, place)).Policy : undefined;
    return { arn, state, isCustomerManaged, policy: policy === undefined ? undefined : parsePolicy(policy) };
  } catch (error) {
    if (error instanceof AwsError && error.kind === 'not-found') {
      return undefined;
    }
    throw error;
  }
}

/**
 * Whether a role can use a key, as far as the key decides it. What the policies of the role must allow is for the check of the role.
 *
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
 */
export function findKeyProblem(reference: string, key: Key | undefined, { what, roleArn, actions, context }: KeyUse): Finding | undefined {
  if (!key) {
    return problem(`The key ${reference}, which encrypts ${what}, does not exist.`, 'Encrypt the value again with an existing key. What only the lost key can decrypt is lost.');
  }
  if (key.state !== 'Enabled') {
    return problem(`The key ${key.arn}, which encrypts ${what}, has the state ${key.state}: expected Enabled.`,
      key.state === 'PendingDeletion' ? `Run \`aws kms cancel-key-deletion --key-id ${key.arn}\`, then \`aws kms enable-key --key-id ${key.arn}\`.`
        : `Run \`aws kms enable-key --key-id ${key.arn}\`.`);
  }
  if (!key.isCustomerManaged || !key.policy) {
    return undefined;
  }
  const account = roleArn.split(':')[4];
  const request = {
    resource: key.arn,
    principal: { kind: 'AWS', value: roleArn } as const,
    context: { 'kms:CallerAccount': account, 'aws:PrincipalAccount': account, 'aws:PrincipalArn': roleArn, ...context },
  };
  const verdicts = actions.map(action => ({ action, ...evaluate([key.policy!], { ...request, action }) }));
  const denied = verdicts.filter(({ decision }) => decision === 'explicitDeny' || decision === 'implicitDeny');
  if (denied.length > 0) {
    return problem(`The policy of the key ${key.arn}, which encrypts ${what}, does not let the role ${roleArn} do ${denied.map(({ action }) => action).join(' and ')}.`,
      'Allow it to the role, or to its account, in the key policy, and remove what denies it.');
  }
  const open = verdicts.find(({ decision }) => decision === 'unknown');
  return open && unknown(`Could not check whether the role ${roleArn} can use the key ${key.arn}: its policy depends on ${open.dependsOn.join(', ')}.`,
    `Make sure that the key policy lets the role do ${actions.join(' and ')}.`);
}
