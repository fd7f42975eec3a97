import type { WireToken } from '../wire';
import { AWS_CLIENT, DenialPatience, isAnswer, regionOfArn, retryWhileDenied } from './aws';
import { short } from './log';

/** Thrown if there is no API token. Its message has the cause and what to do, without the end of the sentence. */
export class TokenError extends Error {}

/** Reads the API token. Reads it for each request, so that a rotated API token is used at once. */
export async function readToken(source: WireToken, patience: DenialPatience): Promise<string> {
  const name = tokenSource(source);
  let text: string | undefined;
  try {
    text = await retryWhileDenied(patience, () => source.SecretId ? readSecret(source) : readParameter(source));
  } catch (error) {
    throw new TokenError(`reading the API token from ${name} failed: ${remedy(error as Error & { code?: string }, source)}`);
  }
  const token = (source.SecretField && text !== undefined ? field(text, source.SecretField, name) : text)?.trim();
  if (!token) {
    throw new TokenError(`the ${name} has no text: expected the API token. Put the token there`);
  }
  // Other characters are not valid in a header, and the error message of fetch() would contain the API token.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new TokenError(`the ${name} holds no API token: it has blanks or line breaks inside. `
      + (token.startsWith('{') ? 'It looks like JSON: name the token\'s field' : 'Put the token alone there'));
  }
  return token;
}

function remedy(error: Error & { readonly code?: string }, source: WireToken): string {
  const region = regionOf(source) ?? process.env.AWS_REGION;
  if (!isAnswer(error)) {
    return `no answer from ${source.SecretId ? 'Secrets Manager' : 'Systems Manager'} in ${region} (${short(error.code ?? error.name, 20)}). `
      + 'Give the Lambda a route to it (NAT gateway or VPC endpoint)';
  }
  return `${short(error.name, 40)}. Check that it exists in ${region}, and that the registration's role and the key's policy allow to read it`;
}

function regionOf({ SecretId: secret, ParameterName: parameter, Region: region }: WireToken): string | undefined {
  return regionOfArn(secret ?? parameter ?? '') ?? region;
}

function field(text: string, key: string, name: string): string | undefined {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new TokenError(`the ${name} is not JSON: expected an object with the field "${short(key, 40)}". Correct the secret, or leave the field out`);
  }
  const value = typeof content === 'object' && content !== null ? (content as Record<string, unknown>)[key] : undefined;
  if (typeof value !== 'string') {
    throw new TokenError(`the ${name} has no text in its field "${short(key, 40)}". Add it, or name another field`);
  }
  return value;
}

// Loaded only when needed, because each SDK client makes the start of the Lambda slower. With require(), because the Lambda runtime resolves its SDK for it, and not always for import().
/* eslint-disable @typescript-eslint/no-require-imports */
async function readSecret(source: WireToken): Promise<string | undefined> {
  const { GetSecretValueCommand, SecretsManagerClient }: typeof import('@aws-sdk/client-secrets-manager') = require('@aws-sdk/client-secrets-manager');
  const client = new SecretsManagerClient({ ...AWS_CLIENT, region: regionOf(source) });
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: source.SecretId }));
  return SecretString;
}

async function readParameter(source: WireToken): Promise<string | undefined> {
  const { GetParameterCommand, SSMClient }: typeof import('@aws-sdk/client-ssm') = require('@aws-sdk/client-ssm');
  const client = new SSMClient({ ...AWS_CLIENT, region: regionOf(source) });
  const { Parameter } = await client.send(new GetParameterCommand({ Name: source.ParameterName, WithDecryption: true }));
  return Parameter?.Value;
}

/** Location of the API token, for messages. */
export function tokenSource({ SecretId: secret, ParameterName: parameter }: WireToken): string {
  return short(`${secret ? 'secret' : 'parameter'} ${(secret ?? parameter ?? '').replace(/^arn:.*?:(?:secret:|parameter\b)/, '')}`, 70);
}
