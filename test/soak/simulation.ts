/** The environment of the Lambdas in one history: two orchestrators, the API tokens in Secrets Manager, and CloudFormation's ResponseURLs. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  FaultSchedule, NO_FAULTS, SERVER_FAULTS, type AnswerFaultName, type ApiFaultName, type Faults, type SecretFaultName,
} from './faults';
import { orchestratorOf, Orchestrators, unusedOrchestrators, ORGS, type Api, type OrchestratorName } from './orchestrators';
import { VirtualClock } from './virtual-clock';
import type { Behaviour, Fault, FaultyRequest } from '../../local/orchestrator';

/** Part of the query of each ResponseURL. No log or answer may contain it. */
export const SIGNATURE = 'SIGNATURE-OF-THE-RESPONSE-URL';
/** Another value in the secret with the API token. No log or answer may contain it. */
export const OTHER_VALUE = 'another-value-of-the-secret';
/** The secret with an API token that one orchestrator accepts. */
const secretArn = (name: string): string => `arn:aws:secretsmanager:us-east-1:123456789012:secret:${name}-AbCdEf`;
export const SECRETS: Readonly<Record<OrchestratorName, readonly string[]>> = {
  main: [secretArn('main-token'), secretArn('second-main-token')],
  other: [secretArn('other-token')],
};
/** No process listens on this port. (fetch would reject port 1 itself.) */
const CLOSED_PORT = 'http://127.0.0.1:2';
const SLOW_SECONDS = 3;
const TOO_SLOW_SECONDS = 12;
const ACCEPTED_AFTER_SECONDS = 45;
/** After this time, the API accepts all current tokens. */
const TOKENS_SETTLE_SECONDS = 600;

/** An answer that a ResponseURL received. */
export interface Letter {
  readonly body: string;
  /** Whether the sender knows that the answer was received. */
  readonly acknowledged: boolean;
}

/** The caller of a service: one run of a stack's Lambda. */
export interface Caller {
  readonly stack: string;
  readonly latencySeconds: number;
}

type Respond = (status: number, text: string) => void;

export class Simulation {
  static async start(behaviour: Behaviour, skewSeconds: number): Promise<Simulation> {
    const simulation = new Simulation();
    await simulation.open(behaviour, skewSeconds);
    return simulation;
  }

  /** Each API token is used only once, because the orchestrators remember rejected tokens. */
  private static tokensCreated = 0;
  readonly clock = new VirtualClock();
  orchestrators!: Orchestrators;
  readonly letters = new Map<string, Letter[]>();
  /** How often each fault was injected. */
  readonly faults = new Map<string, number>();
  /** Followed redirects, and API tokens that were sent to the wrong orchestrator. */
  readonly leaks: string[] = [];
  /** The secrets that the Lambda of a stack can currently read. */
  readonly permissions = new Map<string, ReadonlySet<string>>();
  private readonly api = new FaultSchedule<ApiFaultName>();
  private readonly secret = new FaultSchedule<SecretFaultName>();
  readonly answer = new FaultSchedule<AnswerFaultName>();
  private readonly tokens = new Map<string, string[]>();
  private readonly servers: Server[] = [];
  private tokensChangedAt = 0;
  private mailbox = '';
  private elsewhere = '';
  private secretsManager = '';

  /** All API tokens of the history. */
  get allTokens(): string[] {
    return [...this.tokens.values()].flat();
  }

  /** Whether the API may reject a valid token because it was just rotated. */
  get mayRefuseTokens(): boolean {
    return this.clock.now() < this.tokensChangedAt + TOKENS_SETTLE_SECONDS * 1000;
  }

  get faultCount(): number {
    return [...this.faults.values()].reduce((sum, count) => sum + count, 0);
  }

  inject({ api, secret, answer }: Faults): void {
    this.api.set(api);
    this.secret.set(secret);
    this.answer.set(answer);
  }

  stopFaults(): void {
    this.inject(NO_FAULTS);
    this.acceptTokens();
  }

  urlOf(api: Api): string {
    const { port } = this.orchestrators.byName[orchestratorOf(api)];
    return `http://${api === 'alias' ? 'localhost' : '127.0.0.1'}:${port}`;
  }

  responseUrl(key: string, sentAt: number): string {
    const date = new Date(sentAt).toISOString().replace(/[-:]|\.\d{3}/g, '');
    return `${this.mailbox}/${key}?X-Amz-Date=${date}&X-Amz-Expires=7200&X-Amz-Signature=${SIGNATURE}`;
  }

  secretsManagerUrl({ stack }: Caller): string {
    return `${this.secretsManager}/${stack}`;
  }

  /** Rotates the API token in each secret. The orchestrators reject the old tokens immediately, and accept the new ones after the given time. */
  rotateTokens(acceptedAfterSeconds = 0): void {
    this.tokensChangedAt = this.clock.now();
    for (const [arn, versions] of this.tokens) versions.push(`token-${Simulation.tokensCreated++}-of-${arn.split(':')[6]}`);
    if (acceptedAfterSeconds === 0) {this.acceptTokens();} else {
      for (const each of Object.values(this.orchestrators.byName)) each.setTokens([]);
      this.clock.after(acceptedAfterSeconds * 1000, () => this.acceptTokens());
    }
  }

  nextSecretFault(): SecretFaultName | undefined {
    const fault = this.secret.next();
    if (fault) this.count(`secret: ${fault}`);
    return fault;
  }

  /** The handler's `fetch`. */
  async fetch(caller: Caller, url: string, options: RequestInit = {}): Promise<Response> {
    const isAnswer = url.startsWith(this.mailbox);
    const fault = isAnswer ? this.answer.next() : this.api.next();
    if (fault) this.count(`${isAnswer ? 'answer' : 'api'}: ${fault}`);
    if (fault === 'token rotated') this.rotateTokens();
    if (fault === 'token rotated, accepted late') this.rotateTokens(ACCEPTED_AFTER_SECONDS);
    await this.clock.sleep(caller.latencySeconds / 2);
    options.signal?.throwIfAborted();
    const send = (to: string) => this.clock.during(sendBuffered(to.replace('//localhost:', '//127.0.0.1:'), { ...options, headers: { ...options.headers, 'x-fault': fault ?? '' } }));
    if (fault === 'refused') return send(CLOSED_PORT + new URL(url).pathname);
    if (fault === 'never answered') return aborted(options.signal);
    const response = await send(url);
    if (fault === 'never answered, carried out') return aborted(options.signal);
    const seconds = fault === 'slow' ? SLOW_SECONDS : fault === 'too slow' ? TOO_SLOW_SECONDS : caller.latencySeconds / 2;
    await Promise.race([this.clock.sleep(seconds), aborted(options.signal)]);
    return response;
  }

  async close(hasEndedWell: boolean): Promise<void> {
    if (hasEndedWell) this.orchestrators.release();
    else await this.orchestrators.close();
    for (const server of this.servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  private async open(behaviour: Behaviour, skewSeconds: number): Promise<void> {
    this.orchestrators = await unusedOrchestrators(behaviour);
    this.orchestrators.clock = () => this.clock.now() + skewSeconds * 1000;
    this.orchestrators.chooseFault = (name, request) => this.chooseFault(name, request);
    for (const arn of Object.values(SECRETS).flat()) this.tokens.set(arn, []);
    this.rotateTokens();
    this.mailbox = await this.listen((request, body, respond) => this.receive(request, body, respond));
    this.secretsManager = await this.listen((request, body, respond) => {
      // The caller of a request without a body has already given up.
      if (body) this.giveSecret(request, JSON.parse(body).SecretId, respond);
    });
    this.elsewhere = await this.listen((request, _body, respond) => {
      this.leaks.push(`a redirect was followed with ${request.headers.authorization ?? 'no token'}`);
      respond(200, '{}');
    });
  }

  private acceptTokens(): void {
    for (const [name, arns] of Object.entries(SECRETS)) {
      this.orchestrators.byName[name as OrchestratorName].setTokens(arns.map((arn) => ({ token: this.tokenIn(arn), orgs: ORGS })));
    }
  }

  private tokenIn(arn: string): string {
    return this.tokens.get(arn)!.at(-1)!;
  }

  private chooseFault(orchestrator: OrchestratorName, { authorization = '', headers }: FaultyRequest): Fault | undefined {
    const others = SECRETS[orchestrator === 'main' ? 'other' : 'main'].flatMap((arn) => this.tokens.get(arn)!);
    if (others.some((token) => authorization.includes(token))) this.leaks.push(`the ${orchestrator} orchestrator received ${authorization}`);
    const name = headers['x-fault'] as keyof typeof SERVER_FAULTS;
    if (!(name in SERVER_FAULTS)) return undefined;
    const { carriedOut, answer } = SERVER_FAULTS[name];
    if (answer.kind !== 'other') return { name, carriedOut, answer };
    const { headers: said = {}, body }: { headers?: Record<string, string>; body?: string } = answer;
    const filled = Object.fromEntries(Object.entries(said).map(([key, value]) =>
      [key, value === 'ELSEWHERE' ? `${this.elsewhere}/` : value === 'DATE' ? new Date(this.clock.now() + 2000).toUTCString() : value]));
    return { name, carriedOut, answer: { ...answer, headers: filled, body: body?.replace('TOKEN', authorization) } };
  }

  private receive(request: IncomingMessage, body: string, respond: Respond): void {
    const key = request.url!.slice(1).split('?')[0]!;
    const fault = request.headers['x-fault'];
    if (!fault || fault === 'reset, received') this.letters.set(key, [...this.letters.get(key) ?? [], { body, acknowledged: !fault }]);
    if (!fault) respond(200, '');
    else if (fault === '503') respond(503, 'SlowDown');
    else request.socket.destroy();
  }

  private giveSecret({ url, headers }: IncomingMessage, arn: string, respond: Respond): void {
    const refuse = (type: string) => respond(400, JSON.stringify({ __type: type, message: type }));
    const give = (SecretString: string) => respond(200, JSON.stringify({ SecretString }));
    if (!this.permissions.get(url!.split('/')[1]!)?.has(arn)) return refuse('AccessDeniedException');
    const token = this.tokenIn(arn);
    switch (headers['x-fault'] as SecretFaultName | undefined) {
      case 'missing': return refuse('ResourceNotFoundException');
      case 'denied': return refuse('AccessDeniedException');
      case 'throttled': return refuse('ThrottlingException');
      case 'empty': return give('');
      case 'no field': return give(JSON.stringify({ other: OTHER_VALUE }));
      case 'not JSON': return give(`${token} ${OTHER_VALUE}`);
      case 'binary': return respond(200, JSON.stringify({ SecretBinary: Buffer.from(token).toString('base64') }));
      case 'line end': return give(JSON.stringify({ token: `${token}\n`, other: OTHER_VALUE }));
      case 'never answered': return undefined;
      default: return give(JSON.stringify({ token, other: OTHER_VALUE }));
    }
  }

  private count(fault: string): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
  }

  private async listen(handle: (request: IncomingMessage, body: string, respond: Respond) => void): Promise<string> {
    const server = createServer({ keepAlive: false }, (request, response) => {
      let body = '';
      request.on('data', (chunk) => { body += chunk; });
      request.on('end', () => handle(request, body, (status, text) => {
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'connection': 'close' }).end(text);
      }));
    });
    this.servers.push(server);
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
}

/** A promise that rejects when the caller gives up. */
function aborted(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }));
}

/** Reads the whole response, so no input is pending afterwards. A truncated body causes the same error in the handler. */
async function sendBuffered(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...options, signal: undefined });
  const body = await response.arrayBuffer().catch((error: unknown) => new ReadableStream({ start: (controller) => controller.error(error) }));
  return new Response([204, 304].includes(response.status) ? null : body, { status: response.status, headers: response.headers });
}
