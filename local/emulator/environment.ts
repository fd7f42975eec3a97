/** Environment variables for processes of the local cloud: none of them can lead to a real AWS account. */
import { devNull } from 'node:os';

/** An account id of AWS's documentation, so a call that reaches AWS by mistake names no real account. */
export const ACCOUNT = '111122223333';
export const REGION = 'us-east-1';

/** Settings of AWS tools and the CDK, and proxies, because requests to loopback must stay on this machine. */
const REMOVED_VARIABLES = /^(AWS_|CDK_|(HTTPS?|ALL|FTP)_PROXY$)/i;

/** The environment of this process without the settings of AWS tools. */
export function withoutAws(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !REMOVED_VARIABLES.test(name)));
}

/** The complete environment for a client of the emulator at `url`. */
export function clientEnvironment(url: string): NodeJS.ProcessEnv {
  assertLoopback(url);
  return { ...withoutAws(), ...awsSettings(url) };
}

/** Settings that make AWS tools use the emulator only. */
export function awsSettings(url: string): Record<string, string> {
  assertLoopback(url);
  return {
    AWS_ENDPOINT_URL: url,
    AWS_ENDPOINT_URL_S3: url,
    AWS_ENDPOINT_URL_STS: url,
    // The emulator accepts the account id as access key of the account's root user. AWS would reject it.
    AWS_ACCESS_KEY_ID: ACCOUNT,
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    // No tool reads the user's profiles or requests credentials of an instance or container.
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_SDK_LOAD_CONFIG: '0',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    NO_PROXY: '127.0.0.1,localhost',
  };
}

/** Removes the user's AWS settings from this process, because the AWS SDK also reads settings that clients do not override. */
export function isolateThisProcess(url: string): void {
  for (const name of Object.keys(process.env).filter((key) => REMOVED_VARIABLES.test(key))) delete process.env[name];
  Object.assign(process.env, awsSettings(url));
}

/** Throws an error if a URL is not on this machine. */
export function assertLoopback(url: string): void {
  const { hostname, protocol } = new URL(url);
  if (hostname !== '127.0.0.1' || protocol !== 'http:') {
    throw new Error(`The local cloud can use URLs on http://127.0.0.1 only, but got ${url}.`);
  }
}
