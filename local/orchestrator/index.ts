/**
 * An orchestrator on this machine: the API that a runner is registered at, with its rules, refusals and paging, in memory.
 */
import type { AddressInfo } from 'node:net';
import { createApp } from './app';
import { TokenRegistry, type LocalToken } from './auth';
import { DOCUMENTED, type Behaviour } from './behaviour';
import type { FaultChooser } from './faults';
import type { RecordedRequest } from './recorder';
import { Store } from './store';

export type { LocalToken, Permission } from './auth';
export { ALTERNATIVE, DOCUMENTED, type Behaviour } from './behaviour';
export type { Fault, FaultChooser, FaultyRequest } from './faults';
export type { RecordedRequest } from './recorder';

export interface LocalOrchestratorOptions {
  /** @default - a free port */
  readonly port?: number;
  readonly orgs: string[];
  readonly tokens: LocalToken[];
  /** @default - the documented behaviour, also for each option that is left out */
  readonly behaviour?: Partial<Behaviour>;
  /** Called with every request just before its answer leaves. */
  readonly onRequest?: (request: RecordedRequest) => void;
}

export interface LocalOrchestrator {
  readonly url: string;
  readonly port: number;
  /** Every request so far, in the order of their answers. */
  readonly requests: RecordedRequest[];
  /** What the organizations have, to be looked at and changed behind the API's back. */
  readonly store: Store;
  close(): Promise<void>;
  /** Replaces all tokens at once: those that are not named any more are refused from now on. */
  setTokens(tokens: LocalToken[]): void;
  /** Chooses what goes wrong from now on; without a chooser nothing does. */
  setFaults(choose?: FaultChooser): void;
}

/** Loopback only: this server knows no TLS, and its tokens are made up. */
const HOST = '127.0.0.1';

export async function startOrchestrator(options: LocalOrchestratorOptions): Promise<LocalOrchestrator> {
  const requests: RecordedRequest[] = [];
  const behaviour = { ...DOCUMENTED, ...options.behaviour };
  const tokens = new TokenRegistry(options.tokens, behaviour.refusedTokenMs);
  let chooser: FaultChooser | undefined;
  const store = new Store(options.orgs);
  const app = createApp({
    store,
    tokens,
    behaviour,
    fault: (request) => chooser?.(request),
    record: (request) => {
      requests.push(request);
      options.onRequest?.(request);
    },
  });
  await app.listen({ host: HOST, port: options.port ?? 0 });
  const { port } = app.server.address() as AddressInfo;
  return {
    url: `http://${HOST}:${port}`,
    port,
    requests,
    store,
    close: () => app.close(),
    setTokens: (replacements) => tokens.replace(replacements),
    setFaults: (choose) => { chooser = choose; },
  };
}
