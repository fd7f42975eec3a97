/** The orchestrator's access to an account: it exchanges an OIDC token for the credentials of the registered role. */
import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { ClientSettings } from './clients';
import type { Runner } from '../orchestrator/model';

const AUDIENCE = 'sts.amazonaws.com';
const LIFETIME_SECONDS = 3600;
const SESSION_NAME_MAX = 64;
const SUBJECT_MAX = 255;

export interface Identity {
  readonly issuer: string;
  readonly audience?: string;
  /** @default - the subject of the runner */
  readonly subject?: string;
}

/** The orchestrator signs all tokens with one key. */
let signingKey: Promise<KeyObject> | undefined;

async function mintToken(runner: Runner, identity: Identity): Promise<string> {
  // CommonJS can load an ES module only with a dynamic import.
  const { SignJWT } = await import('jose');
  signingKey ??= promisify(generateKeyPair)('rsa', { modulusLength: 2048 }).then(({ privateKey }) => privateKey);
  return new SignJWT({})
    .setProtectedHeader({ alg: 'RS256', kid: 'local' })
    .setIssuer(identity.issuer)
    .setAudience(identity.audience ?? AUDIENCE)
    .setSubject((identity.subject ?? `${runner.org_id}+${runner.id}`).slice(0, SUBJECT_MAX))
    .setIssuedAt()
    .setExpirationTime(`${LIFETIME_SECONDS}s`)
    .sign(await signingKey);
}

/** The region of STS. The orchestrator calls ECS in the same region. */
export const regionOf = ({ runner_configuration: { auth, job } }: Runner): string => auth.sts_region ?? job.region;

/** Exchanges a token for the credentials of the role that the runner registered. */
export async function assumeTaskManagerRole(runner: Runner, identity: Identity, { endpoint }: ClientSettings): Promise<ClientSettings> {
  const { auth } = runner.runner_configuration;
  const region = regionOf(runner);
  // The credentials are not used: AssumeRoleWithWebIdentity needs the token only.
  const sts = new STSClient({ endpoint, region, credentials: { accessKeyId: 'none', secretAccessKey: 'none' } });
  try {
    const { Credentials } = await sts.send(new AssumeRoleWithWebIdentityCommand({
      RoleArn: auth.role_arn,
      RoleSessionName: auth.session_name ?? `${runner.org_id}-${runner.id}`.slice(0, SESSION_NAME_MAX),
      WebIdentityToken: await mintToken(runner, identity),
      DurationSeconds: LIFETIME_SECONDS,
    }));
    return {
      endpoint,
      region,
      credentials: {
        accessKeyId: Credentials?.AccessKeyId ?? '',
        secretAccessKey: Credentials?.SecretAccessKey ?? '',
        sessionToken: Credentials?.SessionToken,
      },
    };
  } finally {
    sts.destroy();
  }
}
