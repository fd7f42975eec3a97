/** What processes of the local cloud get as their environment: nothing that could lead them to a real account. */
import { devNull } from 'node:os';

/** An account id of AWS's documentation: whatever gets out by mistake names nobody's account. */
export const ACCOUNT = '111122223333';
export const REGION = 'us-east-1';

/**
 * Settings of AWS tools, all of them, and the proxies: traffic to loopback must not take a way out.
 * CDK_ holds accounts, roles and qualifiers of a user's own.
 */
const DROPPED = /^(AWS_|CDK_|(HTTPS?|ALL|FTP)_PROXY$)/i;

/** The environment of this process without anything that concerns AWS. */
export function withoutAws(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !DROPPED.test(name)));
}

/** The complete environment for a client of the emulator at `url`. */
export function clientEnvironment(url: string): NodeJS.ProcessEnv {
  assertLoopback(url);
  return { ...withoutAws(), ...awsSettings(url) };
}

/** Every setting that leads an AWS tool to the emulator and nowhere else. */
export function awsSettings(url: string): Record<string, string> {
  assertLoopback(url);
  return {
    AWS_ENDPOINT_URL: url,
    AWS_ENDPOINT_URL_S3: url,
    AWS_ENDPOINT_URL_STS: url,
    // The emulator takes the account id as the key of the account's root; AWS takes it as no key at all.
    AWS_ACCESS_KEY_ID: ACCOUNT,
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    // No profile of the user's can be read, and no instance or container is asked for credentials.
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_SDK_LOAD_CONFIG: '0',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    NO_PROXY: '127.0.0.1,localhost',
  };
}

/** Turns this process itself away from the user's account: the AWS SDK reads many more variables than a client is given. */
export function isolateThisProcess(url: string): void {
  for (const name of Object.keys(process.env).filter((key) => DROPPED.test(key))) delete process.env[name];
  Object.assign(process.env, awsSettings(url));
}

/** Nothing local may reach anything but this machine, whatever the caller's settings say. */
export function assertLoopback(url: string): void {
  const { hostname, protocol } = new URL(url);
  if (hostname !== '127.0.0.1' || protocol !== 'http:') {
    throw new Error(`The local cloud works on http://127.0.0.1 only, and was given ${url}.`);
  }
}
