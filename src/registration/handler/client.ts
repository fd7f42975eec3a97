import type { WireOrchestrator } from '../wire';
import { ATTEMPT_TIMEOUT, BODY_MAX_BYTES, DETAILS_MAX_CHARACTERS, FIRST_PAUSE, MAX_PAUSE, OUTAGE_BUDGET, SPREAD } from './limits';
import { redact, short } from './log';
import { jitter, pause } from './time';

/** A runner, as far as the handler looks at it. */
export interface Runner {
  readonly id: string;
  readonly description?: string;
  readonly runner_configuration: RunnerConfiguration;
  readonly state_storage_configuration: StateStorageConfiguration;
}

export interface RunnerConfiguration {
  readonly type: string;
  /** Runners of other types than `serverless-ecs` have none. */
  readonly auth?: { readonly role_arn: string; readonly session_name?: string };
  readonly job?: object;
}

export interface StateStorageConfiguration {
  readonly type: string;
  readonly bucket?: string;
  readonly path_prefix?: string;
}

/** What is sent to create or change a runner. */
export interface RunnerBody {
  readonly description?: string;
  readonly runner_configuration: RunnerConfiguration;
  readonly state_storage_configuration: StateStorageConfiguration;
}

export interface Rule {
  readonly id: string;
  readonly runner_id: string;
  readonly project_id?: string;
  readonly env_type_id?: string;
  readonly created_at?: string;
}

/** What a rule says. */
export type RuleContent = Pick<Rule, 'runner_id' | 'project_id' | 'env_type_id'>;

/** The calls that the lifecycles make. */
export interface OrchestratorClient {
  /** Proves that organization and token are good. */
  checkAccess(): Promise<void>;
  getRunner(id: string): Promise<Runner | undefined>;
  createRunner(id: string, body: RunnerBody): Promise<void>;
  patchRunner(id: string, body: RunnerBody): Promise<void>;
  /** False when there was none. */
  deleteRunner(id: string): Promise<boolean>;
  listRules(): Promise<Rule[]>;
  createRule(rule: RuleContent): Promise<Rule>;
  /** False when there was none. */
  deleteRule(id: string): Promise<boolean>;
}

/** Makes the client of an organization. */
export type ClientOf = (orchestrator: WireOrchestrator) => Promise<OrchestratorClient>;

/** What the API said instead of a success; status 0 when nothing was heard of it. */
export class ApiError extends Error {
  /** Whether the request may have been carried out all the same, by this try or by one before it. */
  public uncertain: boolean;
  /** The API's own words. */
  public readonly details?: string;

  constructor(public readonly status: number, message: string, options: { readonly uncertain: boolean; readonly details?: string }) {
    super(message);
    this.uncertain = options.uncertain;
    this.details = options.details;
  }
}

/** Nothing was sent, when it ended so: there was no connection. */
const NOT_SENT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];

interface Reply {
  readonly status: number;
  readonly body: unknown;
  /** Milliseconds that the API asks to wait. */
  readonly retryAfter?: number;
}

/** The calls over HTTP. */
export class HttpClient implements OrchestratorClient {
  private readonly base: string;

  constructor(private readonly apiUrl: string, orgId: string, private readonly token: string, private readonly deadline: number) {
    this.base = `${apiUrl.replace(/\/+$/, '')}/orgs/${encodeURIComponent(orgId)}`;
  }

  public async checkAccess(): Promise<void> {
    await this.call('GET', '/runners?per_page=1');
  }

  public getRunner(id: string): Promise<Runner | undefined> {
    return this.find<Runner>(`/runners/${encodeURIComponent(id)}`);
  }

  public async createRunner(id: string, body: RunnerBody): Promise<void> {
    await this.call('POST', '/runners', { id, ...body });
  }

  public async patchRunner(id: string, body: RunnerBody): Promise<void> {
    await this.call('PATCH', `/runners/${encodeURIComponent(id)}`, body);
  }

  public deleteRunner(id: string): Promise<boolean> {
    return this.remove(`/runners/${encodeURIComponent(id)}`);
  }

  public async listRules(): Promise<Rule[]> {
    const found: Rule[] = [];
    const query = new URLSearchParams({ per_page: '100' });
    for (;;) {
      const reply = await this.call('GET', `/runner-rules?${query}`) as { items?: Rule[]; next_page_token?: string };
      found.push(...reply.items ?? []);
      if (!reply.next_page_token) {
        return found;
      }
      query.set('page', reply.next_page_token);
    }
  }

  public async createRule(rule: RuleContent): Promise<Rule> {
    return await this.call('POST', '/runner-rules', rule) as Rule;
  }

  public deleteRule(id: string): Promise<boolean> {
    return this.remove(`/runner-rules/${encodeURIComponent(id)}`);
  }

  private async find<T>(path: string): Promise<T | undefined> {
    try {
      return await this.call('GET', path) as T;
    } catch (error) {
      return absent(error) ? undefined : rethrow(error);
    }
  }

  private async remove(path: string): Promise<boolean> {
    try {
      await this.call('DELETE', path);
      return true;
    } catch (error) {
      return absent(error) ? false : rethrow(error);
    }
  }

  /** Calls until the API gives an answer that another try would not change. */
  private async call(method: string, path: string, body?: object): Promise<unknown> {
    const outage = Math.min(this.deadline, Date.now() + OUTAGE_BUDGET);
    let uncertain = false;
    for (let attempt = 0; ; attempt++) {
      const reply = await this.attempt(method, path, body);
      if (reply instanceof ApiError || reply.status === 429 || reply.status >= 500) {
        const error = reply instanceof ApiError ? reply : this.error(reply);
        uncertain = error.uncertain ||= uncertain;
        // Being asked to slow down is no outage: there is no reason to give up before the time is over.
        const until = error.status === 429 ? this.deadline : outage;
        const wait = reply instanceof ApiError || reply.retryAfter === undefined ? jitter(attempt, FIRST_PAUSE, MAX_PAUSE)
          // All who were told the same would come back together.
          : reply.retryAfter + jitter(0, SPREAD, SPREAD);
        // A try that has no time to be answered would only hide what was heard before.
        if (Date.now() + wait + FIRST_PAUSE * 4 >= until) {
          throw error;
        }
        await pause(wait, until);
      } else if (reply.status >= 200 && reply.status < 300) {
        return reply.body;
      } else {
        const error = this.error(reply);
        error.uncertain ||= uncertain;
        throw error;
      }
    }
  }

  private async attempt(method: string, path: string, body?: object): Promise<Reply | ApiError> {
    if (Date.now() >= this.deadline) {
      // CloudFormation has been answered, or is about to be: what begins now would come as a surprise.
      return new ApiError(0, 'the time was over', { uncertain: false });
    }
    try {
      const response = await fetch(this.base + path, {
        method,
        headers: {
          authorization: `Bearer ${this.token}`,
          accept: 'application/json',
          ...(body ? { 'content-type': 'application/json' } : {}),
        },
        body: body ? JSON.stringify(body) : undefined,
        // A redirect would carry the token to wherever it points.
        redirect: 'manual',
        signal: AbortSignal.timeout(Math.max(1, Math.min(ATTEMPT_TIMEOUT, this.deadline - Date.now()))),
      });
      const text = await readBounded(response);
      const parsed = parse(text);
      if (response.ok && response.status !== 204 && parsed === undefined) {
        return new ApiError(0, `an answer that is not JSON came from ${short(this.apiUrl, 60)}`, { uncertain: true });
      }
      if (response.status === 404 && !isOwnError(parsed)) {
        // A proxy without a backend, or another server: that says nothing of what the API has.
        return new ApiError(0, `an answer that is not the API's came from ${short(this.apiUrl, 60)}`, { uncertain: false });
      }
      return { status: response.status, body: parsed, retryAfter: retryAfter(response.headers.get('retry-after')) };
    } catch (error) {
      const { cause, name } = error as { cause?: { code?: string }; name?: string };
      const code = cause?.code ?? name ?? '';
      return new ApiError(0, `no answer from ${short(this.apiUrl, 60)} (${code})`, { uncertain: !NOT_SENT.includes(code) });
    }
  }

  private error(reply: Reply): ApiError {
    const { message, details } = (reply.body ?? {}) as { message?: unknown; details?: unknown };
    // A 403 names the checks that failed in its details alone.
    const words = [
      typeof message === 'string' && redact(message, this.token),
      details && redact(JSON.stringify(details), JSON.stringify(this.token).slice(1, -1)),
    ].filter(Boolean).join(' ');
    return new ApiError(reply.status, `HTTP ${reply.status} from ${short(this.apiUrl, 60)}`, {
      uncertain: reply.status >= 500,
      details: words ? words.slice(0, DETAILS_MAX_CHARACTERS) : undefined,
    });
  }
}

function absent(error: unknown): boolean {
  // Also where the organization is gone, and everything in it.
  return error instanceof ApiError && error.status === 404;
}

/** The API's own errors have a code. */
function isOwnError(body: unknown): boolean {
  return typeof (body as { error?: unknown } | undefined)?.error === 'string';
}

function rethrow(error: unknown): never {
  throw error;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads the body, but not without end. */
async function readBounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > BODY_MAX_BYTES) {
      throw new Error('the answer is too long');
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** Seconds or a date, as HTTP has it. */
function retryAfter(value: string | null): number | undefined {
  if (!value) {
    return undefined;
  }
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined;
}
