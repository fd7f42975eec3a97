/** A local orchestrator: the API for runners and rules with its validation, errors and paging. Keeps all data in memory. */
import type { AddressInfo } from 'node:net';
import { createApp } from './app';
import { TokenRegistry, type LocalToken } from './auth';
import { DOCUMENTED, type Behaviour } from './behaviour';
import type { Clock } from './clock';
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
  /** @default - the documented behaviour for each option */
  readonly behaviour?: Partial<Behaviour>;
  /** The current time, in milliseconds since the epoch. @default - the machine's clock */
  readonly clock?: Clock;
  /** Called with every request just before its response is sent. */
  readonly onRequest?: (request: RecordedRequest) => void;
}

export interface LocalOrchestrator {
  readonly url: string;
  readonly port: number;
  /** All requests, in the order of their responses. */
  readonly requests: RecordedRequest[];
  /** The data of all organizations, for tests that read or change it without the API. */
  readonly store: Store;
  close(): Promise<void>;
  /** Replaces all tokens. Other tokens are rejected from now on. */
  setTokens(tokens: LocalToken[]): void;
  /** Sets the faults to inject. Without `choose`, no faults are injected. */
  setFaults(choose?: FaultChooser): void;
}

/** Loopback only, because the server does not use TLS. */
const HOST = '127.0.0.1';

export async function startOrchestrator(options: LocalOrchestratorOptions): Promise<LocalOrchestrator> {
  const requests: RecordedRequest[] = [];
  const { clock = Date.now } = options;
  const behaviour = { ...DOCUMENTED, ...options.behaviour };
  const tokens = new TokenRegistry(options.tokens, behaviour.rejectedTokenMs, clock);
  let chooser: FaultChooser | undefined;
  const store = new Store(options.orgs);
  const app = createApp({
    store,
    tokens,
    behaviour,
    clock,
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
