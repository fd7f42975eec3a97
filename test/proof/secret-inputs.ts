/** The API tokens and deployment secrets in the combinations. */
import type { Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ApiToken } from '../../src';

export const ACCOUNT = '123456789012';
export const REGION = 'us-east-1';
const AWAY = 'eu-central-1';

export const TOKENS = [
  'secret by name', 'secret by ARN', 'secret by ARN, customer key', 'secret by partial ARN, customer key', 'secret of the stack, customer key', 'secret in another region, customer key',
  'parameter', 'parameter, customer key',
] as const;

/** Zero to three secrets and parameters, with and without customer managed keys, and with one key for several. */
export const SECRETS = [
  'none', 'secret', 'two secrets', 'three secrets, a customer key each', 'two secrets of the stack, one customer key', 'two secrets in another region, one customer key',
  'parameter', 'two parameters', 'three parameters, a customer key each', 'two secrets and two parameters, one customer key',
] as const;

const arn = (service: string, resource: string, region: string = REGION) => `arn:aws:${service}:${region}:${ACCOUNT}:${resource}`;
const importKey = (stack: Stack, id: string, region = REGION) => kms.Key.fromKeyArn(stack, id, arn('kms', `key/${id.toLowerCase()}`, region));

/** The key of each secret and parameter. Templates do not contain this for existing ones. */
type Keys = [of: unknown, key: unknown][];

export function tokenOf(stack: Stack, token: typeof TOKENS[number], keys: Keys): ApiToken {
  const complete = arn('secretsmanager', 'secret:orchestrator-token-AbCdEf');
  const away = arn('secretsmanager', 'secret:orchestrator-token-AbCdEf', AWAY);
  const partial = complete.slice(0, -7);
  const imported = (attributes: secretsmanager.SecretAttributes) => secretsmanager.Secret.fromSecretAttributes(stack, 'Token', attributes);
  const withKey = (of: string, region = REGION) => {
    const key = importKey(stack, 'TokenKey', region);
    keys.push([of, key.keyArn]);
    return key;
  };
  const parameter = () => ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Token', { parameterName: '/orchestrator/token' });
  const secret = ApiToken.fromSecretsManager;
  switch (token) {
    // The name ends like a complete ARN.
    case 'secret by name': return secret(secretsmanager.Secret.fromSecretNameV2(stack, 'Token', 'orchestrator-secret'));
    case 'secret by ARN': return secret(secretsmanager.Secret.fromSecretCompleteArn(stack, 'Token', complete));
    case 'secret by ARN, customer key': return secret(imported({ secretCompleteArn: complete, encryptionKey: withKey(complete) }));
    case 'secret by partial ARN, customer key': return secret(imported({ secretPartialArn: partial, encryptionKey: withKey(partial) }));
    case 'secret of the stack, customer key': return secret(new secretsmanager.Secret(stack, 'Token', { encryptionKey: new kms.Key(stack, 'TokenKey') }));
    case 'secret in another region, customer key': return secret(imported({ secretCompleteArn: away, encryptionKey: withKey(away, AWAY) }));
    case 'parameter': return ApiToken.fromSsmParameter(parameter());
    case 'parameter, customer key': return ApiToken.fromSsmParameter(parameter(), withKey(arn('ssm', 'parameter/orchestrator/token')));
  }
}

export function secretsOf(stack: Stack, secrets: typeof SECRETS[number], keys: Keys): Record<string, ecs.Secret> | undefined {
  const secret = (name: string, encryptionKey?: kms.IKey, region = REGION) => {
    const secretCompleteArn = arn('secretsmanager', `secret:${name}-QrStUv`, region);
    if (encryptionKey) keys.push([secretCompleteArn, encryptionKey.keyArn]);
    return ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretAttributes(stack, `Secret-${name}`, { secretCompleteArn, encryptionKey }));
  };
  const parameter = (name: string, encryptionKey?: kms.IKey) => {
    if (encryptionKey) keys.push([arn('ssm', `parameter/deployments/${name}`), encryptionKey.keyArn]);
    return ecs.Secret.fromSsmParameter(ssm.StringParameter.fromSecureStringParameterAttributes(stack, `Parameter-${name}`, { parameterName: `/deployments/${name}`, encryptionKey }));
  };
  const key = (name = '', region = REGION) => importKey(stack, `SecretKey${name}`, region);
  switch (secrets) {
    case 'none': return undefined;
    case 'secret': return { GIT: secret('git') };
    case 'two secrets': return { GIT: secret('git'), DATABASE: secret('database') };
    case 'three secrets, a customer key each': return { GIT: secret('git', key('Git')), DATABASE: secret('database', key('Database')), REGISTRY: secret('registry', key('Registry')) };
    case 'two secrets of the stack, one customer key': {
      const encryptionKey = new kms.Key(stack, 'SecretKey');
      const made = (id: string) => ecs.Secret.fromSecretsManager(new secretsmanager.Secret(stack, id, { encryptionKey }));
      return { GIT: made('Git'), DATABASE: made('Database') };
    }
    case 'two secrets in another region, one customer key': {
      const away = key('Away', AWAY);
      return { GIT: secret('git', away, AWAY), DATABASE: secret('database', away, AWAY) };
    }
    case 'parameter': return { GIT: parameter('git') };
    case 'two parameters': return { GIT: parameter('git'), DATABASE: parameter('database') };
    case 'three parameters, a customer key each': return { GIT: parameter('git', key('Git')), DATABASE: parameter('database', key('Database')), REGISTRY: parameter('registry', key('Registry')) };
    case 'two secrets and two parameters, one customer key': {
      const one = key();
      return { GIT: secret('git', one), DATABASE: secret('database', one), REGISTRY: parameter('registry', one), CLOUD: parameter('cloud', one) };
    }
  }
}
