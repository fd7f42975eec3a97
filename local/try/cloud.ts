/** The local cloud: the AWS emulator, the orchestrator, and an API token in the emulator's Secrets Manager. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Account } from './account';
import { bootstrap, type CdkOptions } from './cdk';
import { OrchestratorClient } from './orchestrator-client';
import { isolateThisProcess, startEmulator, type Emulator } from '../emulator';
import { startOrchestrator, type LocalOrchestrator } from '../orchestrator';

export const ORG = 'my-org';
/** Another organization, which the API token of the cloud cannot use. */
export const SECOND_ORG = 'second-org';
const ENV_TYPES = ['development', 'production'];
/** The secret with the API token. */
export const SECRET_NAME = 'humanitec-api-token';
/** Does not exist. The emulator checks only issuer, audience and subject, and does not verify the signature. */
export const ISSUER = 'https://oidc.orchestrator.example';

export interface Cloud {
  readonly emulator: Emulator;
  readonly orchestrator: LocalOrchestrator;
  readonly token: string;
  readonly account: Account;
  readonly client: OrchestratorClient;
  readonly scratch: string;
  /** Options to run the CDK. `settings` are additional environment variables of the app. */
  cdkOptions(settings?: NodeJS.ProcessEnv): CdkOptions;
  close(): Promise<void>;
}

export interface CloudOptions {
  readonly log: (line: string) => void;
  readonly onCdkLine?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const closers: (() => Promise<void> | void)[] = [];
  // Closes everything in reverse order, also after an error.
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) {
      await Promise.resolve(closer()).catch((error: unknown) => options.log(String(error)));
    }
  };
  try {
    const emulator = await startEmulator({ log: options.log });
    closers.push(emulator.close);
    isolateThisProcess(emulator.url);
    options.log(`The AWS emulator runs at ${emulator.url} (account ${emulator.account}, region ${emulator.region}, log ${emulator.logFile}).`);
    options.signal?.throwIfAborted();

    const token = randomBytes(24).toString('hex');
    const orchestrator = await startOrchestrator({ orgs: [ORG, SECOND_ORG], tokens: [{ token, orgs: [ORG] }] });
    closers.push(() => orchestrator.close());
    options.log(`The orchestrator runs at ${orchestrator.url} (organization ${ORG}).`);

    const account = new Account(emulator);
    closers.push(() => account.close());
    await account.createSecret(SECRET_NAME, token);
    options.log(`The secret ${SECRET_NAME} contains a random API token.`);

    const client = new OrchestratorClient(orchestrator.url, ORG, token);
    // The environment types in the rules of the apps.
    for (const id of ENV_TYPES) await client.create('/env-types', { id });

    const scratch = mkdtempSync(join(tmpdir(), 'ecs-runner-try-'));
    closers.push(() => rmSync(scratch, { recursive: true, force: true }));

    const cdkOptions = (settings: NodeJS.ProcessEnv = {}): CdkOptions => ({
      env: {
        ...emulator.env,
        RUNNER_ORG_ID: ORG,
        RUNNER_API_URL: orchestrator.url,
        RUNNER_OIDC_ISSUER_URL: ISSUER,
        ...settings,
      },
      signal: options.signal,
      scratch,
      onLine: options.onCdkLine,
    });
    return { emulator, orchestrator, token, account, client, scratch, cdkOptions, close };
  } catch (error) {
    await close();
    throw error;
  }
}

export async function bootstrapCloud({ emulator, cdkOptions }: Cloud): Promise<number> {
  const { code, output } = await bootstrap(`aws://${emulator.account}/${emulator.region}`, cdkOptions());
  if (code !== 0) throw new Error(`cdk bootstrap failed:\n${output}`);
  return code;
}
