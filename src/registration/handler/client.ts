import { ATTEMPT_TIMEOUT, DETAILS_MAX_CHARACTERS, FIRST_PAUSE, MAX_PAUSE, MIN_CALL_TIME, OUTAGE_BUDGET, THROTTLING_JITTER } from './limits';
import { redact, short } from './log';
import { jitter, pause } from './time';
import type { RunnerBody } from '../runner-body';

/** The fields of a runner that the handler reads. */
export interface Runner extends RunnerBody {
  readonly id: string;
  readonly created_at: string;
  readonly updated_at: string;
}

/** The content of a rule. Without project or environment type, the API returns an empty string. */
export interface RuleContent {
  readonly runner_id: string;
  readonly project_id?: string;
  readonly env_type_id?: string;
}

export interface Rule extends RuleContent {
  readonly id: string;
  readonly created_at: string;
}

/** An error of the API. The status is 0 if there was no answer. */
export class ApiError extends Error {
  constructor(
    public readonly status: number,
    message: string,
    /** Whether the API may have executed the request in spite of the error. */
    public readonly uncertain: boolean,
    /** The error message of the API. */
    public readonly details?: string,
  ) {
    super(message);
  }
}

/** Error codes without a connection: the request was not sent. */
const NOT_SENT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];
/** An id that no runner can have, because ids start with a letter. */
const IMPOSSIBLE_ID = '0';

interface Reply {
  readonly status: number;
  readonly message: string;
  readonly uncertain: boolean;
  readonly body?: any;
  /** Milliseconds that the API asks to wait. */
  readonly retryAfter?: number;
}

interface ClientOptions {
  readonly apiUrl: string;
  readonly orgId: string;
  readonly readToken: () => Promise<string>;
  /** No call begins after this time. */
  readonly deadline: number;
  /** No write begins after this time. */
  readonly writesUntil: number;
}

/** The orchestrator's API, for one organization. */
export class OrchestratorClient {
  private token?: string;

  constructor(private readonly options: ClientOptions) {}

  /** Proves that the organization exists, and that the token may read runners and rules, and write runners: only then the API looks for the impossible one. */
  public async checkAccess(): Promise<void> {
    await this.call('GET', '/runners?per_page=1');
    await this.call('GET', '/runner-rules?per_page=1');
    await this.call('PATCH', `/runners/${IMPOSSIBLE_ID}`, {}).catch(unless(400, 404));
  }

  public async getRunner(id: string): Promise<Runner | undefined> {
    return this.call('GET', runnerPath(id)).catch(unless(404));
  }

  public async createRunner(id: string, body: RunnerBody): Promise<Runner> {
    return this.call('POST', '/runners', { id, ...body });
  }

  public async patchRunner(id: string, body: RunnerBody): Promise<Runner> {
    return this.call('PATCH', runnerPath(id), body);
  }

  /** Succeeds if there is none. */
  public async deleteRunner(id: string): Promise<void> {
    await this.call('DELETE', runnerPath(id)).catch(unless(404));
  }

  public async listRules(runnerId?: string): Promise<Rule[]> {
    const query = new URLSearchParams({ per_page: '100', ...runnerId && { byRunnerId: runnerId } });
    for (const rules: Rule[] = []; ;) {
      const { items = [], next_page_token: next } = await this.call('GET', `/runner-rules?${query}`);
      rules.push(...items);
      if (!next) {
        return rules;
      }
      query.set('page', next);
    }
  }

  public async createRule(rule: RuleContent): Promise<Rule> {
    return this.call('POST', '/runner-rules', rule);
  }

  /** Succeeds if there is none. */
  public async deleteRule(id: string): Promise<void> {
    await this.call('DELETE', `/runner-rules/${encodeURIComponent(id)}`).catch(unless(404));
  }

  /** The same client, with writes allowed until its deadline. */
  public withoutWriteWindow(): OrchestratorClient {
    return new OrchestratorClient({ ...this.options, writesUntil: this.options.deadline });
  }

  /** Calls the API, and retries until it gives a final answer. */
  private async call(method: string, path: string, body?: object): Promise<any> {
    this.token ??= await this.options.readToken();
    const end = method === 'GET' ? this.options.deadline : Math.min(this.options.deadline, this.options.writesUntil);
    const endOfOutage = Math.min(end, Date.now() + OUTAGE_BUDGET);
    let uncertain = false;
    let hasReadAgain = false;
    for (let attempt = 0; ; attempt++) {
      const reply = Date.now() < end ? await this.attempt(method, path, body)
        // The answer to CloudFormation was sent, or is about to be sent.
        : { status: 0, message: 'there was no time left to call the API', uncertain: false };
      const { status } = reply;
      if (status >= 200 && status < 300) {
        return reply.body;
      }
      uncertain ||= reply.uncertain;
      const error = new ApiError(status, reply.message, uncertain, this.details(reply.body));
      if (status === 401 && !hasReadAgain) {
        // The API token may have been rotated since it was read.
        hasReadAgain = true;
        const token = await this.options.readToken();
        if (token !== this.token) {
          this.token = token;
          continue;
        }
      }
      // Throttling is not an outage: calls are retried until the time is over.
      const until = status === 429 ? end : status === 0 || status >= 500 ? endOfOutage : 0;
      const wait = reply.retryAfter === undefined ? jitter(attempt, FIRST_PAUSE, MAX_PAUSE) : reply.retryAfter + jitter(0, THROTTLING_JITTER, THROTTLING_JITTER);
      if (Date.now() + wait + MIN_CALL_TIME >= until) {
        throw error;
      }
      await pause(wait, until);
    }
  }

  private async attempt(method: string, path: string, body?: object): Promise<Reply> {
    const { apiUrl, orgId, deadline } = this.options;
    const from = `from ${short(apiUrl, 60)}`;
    try {
      const response = await fetch(`${apiUrl}/orgs/${encodeURIComponent(orgId)}${path}`, {
        method,
        headers: { authorization: `Bearer ${this.token}`, accept: 'application/json', ...body && { 'content-type': 'application/json' } },
        body: body && JSON.stringify(body),
        // A redirect would send the API token to another server.
        redirect: 'manual',
        signal: AbortSignal.timeout(Math.max(1, Math.min(ATTEMPT_TIMEOUT, deadline - Date.now()))),
      });
      const parsed = parse(await response.text());
      const { status } = response;
      if (response.ok && status !== 204 && parsed === undefined) {
        return { status: 0, message: `an answer that is not JSON came ${from}`, uncertain: true };
      }
      if (status === 404 && typeof parsed?.error !== 'string') {
        // An error without a code comes from a proxy or another server, and says nothing about the objects of the API.
        return { status: 0, message: `an answer that is not the API's came ${from}`, uncertain: false };
      }
      return {
        status, message: `HTTP ${status} ${from}`, uncertain: status >= 500, body: parsed, retryAfter: retryAfter(response.headers.get('retry-after')),
      };
    } catch (error) {
      const { cause, name } = error as { cause?: { code?: string }; name?: string };
      const code = cause?.code ?? name ?? '';
      return { status: 0, message: `no answer ${from} (${code})`, uncertain: !NOT_SENT.includes(code) };
    }
  }

  /** The error message of the API. A 403 names the failed checks only in its details. */
  private details({ message, details }: { message?: unknown; details?: unknown } = {}): string | undefined {
    const words = [typeof message === 'string' && message, details && JSON.stringify(details)].filter(Boolean).join(' ');
    return redact(redact(words, this.token), JSON.stringify(this.token).slice(1, -1)).slice(0, DETAILS_MAX_CHARACTERS) || undefined;
  }
}

function runnerPath(id: string): string {
  return `/runners/${encodeURIComponent(id)}`;
}

/** Returns undefined for errors with the given statuses. */
function unless(...statuses: number[]): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof ApiError && statuses.includes(error.status))) {
      throw error;
    }
  };
}

function parse(text: string): any {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Parses `Retry-After`: seconds or an HTTP date. */
function retryAfter(value: string | null): number | undefined {
  const milliseconds = /^\d+$/.test(value ?? '') ? Number(value) * 1000 : Date.parse(value ?? '') - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined;
}
