/** The world of one history: an orchestrator, a secret, and CloudFormation's mailbox, each with its own weather. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { API_FAULTS, Weather, type AnswerFaultName, type ApiFaultName, type SecretFaultName } from './faults';
import { DOCUMENTED, startOrchestrator, type Behaviour, type Fault, type FaultyRequest, type LocalOrchestrator } from '../../local/orchestrator';

export const ORG = 'my-org';
export const OTHER_ORG = 'other-org';
export const ENV_TYPES = ['development', 'production'];
export const PROJECT = 'shop';
/** Stands in the query of each ResponseURL, and must never be seen again. */
export const SIGNATURE = 'SIGNATURE-OF-THE-RESPONSE-URL';
/** Beside the token in the secret, and nobody's business. */
export const OTHER_VALUE = 'another-value-of-the-secret';
const STALE_MS = 40;

/** What CloudFormation got as an answer to one event. */
export interface Letter {
  readonly body: string;
  /** Whether the sender was told that it arrived. */
  readonly acknowledged: boolean;
}

export class World {
  static async open(behaviour: Behaviour = DOCUMENTED): Promise<World> {
    const world = new World();
    await world.start(behaviour);
    return world;
  }

  orchestrator!: LocalOrchestrator;
  readonly apiWeather = new Weather<ApiFaultName>();
  readonly secretWeather = new Weather<SecretFaultName>();
  readonly answerWeather = new Weather<AnswerFaultName>();
  readonly letters = new Map<string, Letter[]>();
  readonly faults = new Map<string, number>();
  /** Every token that there ever was. */
  readonly tokens: string[] = [];
  /** Requests that a redirect led elsewhere, with their tokens. */
  readonly strays: string[] = [];
  private apiFault: ApiFaultName | undefined;
  private answerFault: AnswerFaultName | undefined;
  private lastWrite = 0;
  private eventBegan = 0;
  private readonly servers: Server[] = [];
  private mailbox = '';
  private elsewhere = '';
  secretUrl = '';

  get token(): string {
    return this.tokens[this.tokens.length - 1]!;
  }

  /** Everything is well from now on. */
  clearSkies(): void {
    this.apiWeather.set([]);
    this.secretWeather.set([]);
    this.answerWeather.set([]);
  }

  rotateToken(): void {
    this.tokens.push(`token-${this.tokens.length}-of-the-organization`);
    this.orchestrator?.setTokens([{ token: this.token, orgs: [ORG, OTHER_ORG] }]);
  }

  /** Stale reads are those of what the same request wrote: nobody waits so little between two events. */
  beginEvent(): void {
    this.eventBegan = performance.now();
  }

  /** Lets time pass for the rules that were made since a moment. */
  ageRulesSince(moment: number, seconds: number): void {
    for (const org of [ORG, OTHER_ORG]) {
      const { rules } = this.orchestrator.store.organization(org)!;
      for (const rule of [...rules.values()]) {
        const made = Date.parse(rule.created_at);
        if (made >= moment) rules.set(rule.id, { ...rule, created_at: new Date(made - seconds * 1000).toISOString() });
      }
    }
  }

  responseUrl(key: string): string {
    return `${this.mailbox}/${key}?X-Amz-Signature=${SIGNATURE}`;
  }

  /** Whether a connection is refused that is about to be opened; another fault waits for the request that comes over it. */
  readonly refuses = (url: string): boolean => {
    if (url.startsWith(this.mailbox)) {
      this.answerFault = this.answerWeather.next();
      if (this.answerFault === 'refused') this.count('answer: refused');
      return this.answerFault === 'refused';
    }
    this.apiFault = this.apiWeather.next();
    if (this.apiFault === 'refused') this.count('api: refused');
    return this.apiFault === 'refused';
  };

  async close(): Promise<void> {
    await this.orchestrator.close();
    for (const server of this.servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  private async start(behaviour: Behaviour): Promise<void> {
    this.orchestrator = await startOrchestrator({
      orgs: [ORG, OTHER_ORG],
      tokens: [],
      behaviour,
      onRequest: ({ method, status }) => {
        if (method !== 'GET' && status < 300) this.lastWrite = performance.now();
      },
    });
    this.rotateToken();
    this.orchestrator.setFaults((request) => this.chooseFault(request));
    for (const org of [ORG, OTHER_ORG]) {
      const { projects, envTypes } = this.orchestrator.store.organization(org)!;
      const dated = { created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z', uuid: '00000000-0000-4000-8000-000000000000' };
      projects.set(PROJECT, { id: PROJECT, display_name: PROJECT, status: 'active', ...dated });
      for (const id of ENV_TYPES) envTypes.set(id, { id, display_name: id, ...dated });
    }
    this.mailbox = await this.listen((request, body, answer) => this.receive(request, body, answer));
    this.secretUrl = await this.listen((_request, _body, answer) => this.giveSecret(answer));
    this.elsewhere = await this.listen((request, _body, answer) => {
      this.strays.push(request.headers.authorization ?? 'a request without a token');
      answer(200, '{}');
    });
  }

  private chooseFault(_request: FaultyRequest): Fault | undefined {
    const name = this.apiFault;
    this.apiFault = undefined;
    if (name === undefined || name === 'refused') return undefined;
    if (name === 'stale' && (this.lastWrite < this.eventBegan || performance.now() - this.lastWrite > STALE_MS)) return undefined;
    this.count(`api: ${name}`);
    const { carriedOut, answer } = API_FAULTS[name];
    if (answer.kind !== 'other') return { name, carriedOut, answer };
    const { headers = {}, body }: { headers?: Record<string, string>; body?: string } = answer;
    const filled = Object.fromEntries(Object.entries(headers).map(([key, value]) =>
      [key, value === 'ELSEWHERE' ? `${this.elsewhere}/` : value === 'DATE' ? new Date(Date.now() + 2000).toUTCString() : value]));
    return { name, carriedOut, answer: { ...answer, headers: filled, body: body?.replace('TOKEN', this.token) } };
  }

  private receive(request: IncomingMessage, body: string, answer: Answer): void {
    const key = request.url!.slice(1).split('?')[0]!;
    const fault = this.answerFault;
    this.answerFault = undefined;
    if (fault) this.count(`answer: ${fault}`);
    if (!fault || fault === 'reset, taken') {
      this.letters.set(key, [...this.letters.get(key) ?? [], { body, acknowledged: !fault }]);
    }
    if (!fault) answer(200, '');
    else if (fault === '503') answer(503, 'SlowDown');
    else if (fault !== 'never answered') request.socket.destroy();
  }

  private giveSecret(answer: Answer): void {
    const fault = this.secretWeather.next();
    if (fault) this.count(`secret: ${fault}`);
    const said = (SecretString: string) => answer(200, JSON.stringify({ SecretString }));
    const good = { token: this.token, other: OTHER_VALUE };
    switch (fault) {
      case undefined: return said(JSON.stringify(good));
      case 'missing': return answer(400, JSON.stringify({ __type: 'ResourceNotFoundException', message: 'not there' }));
      case 'denied': return answer(400, JSON.stringify({ __type: 'AccessDeniedException', message: 'not allowed' }));
      case 'throttled': return answer(400, JSON.stringify({ __type: 'ThrottlingException', message: 'Rate exceeded' }));
      case 'empty': return said('');
      case 'no field': return said(JSON.stringify({ other: OTHER_VALUE }));
      case 'not JSON': return said(`${this.token} ${OTHER_VALUE}`);
      case 'binary': return answer(200, JSON.stringify({ SecretBinary: Buffer.from(this.token).toString('base64') }));
      case 'line end': return said(JSON.stringify({ ...good, token: `${this.token}\n` }));
      case 'never answered': return undefined;
    }
  }

  private count(fault: string): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
  }

  private async listen(handle: (request: IncomingMessage, body: string, answer: Answer) => void): Promise<string> {
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

type Answer = (status: number, text: string) => void;
