import { runHandler } from './lambda';
import { listen, serverOf } from './server';

export { handlerSeconds, SPEED } from './lambda';

export const ROLE = 'arn:aws:iam::123456789012:role/Stack-RunnerTaskManagerRole-AbCdEf';
export const SECRET = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:humanitec-api-token-AbCdEf';
export const STACK = 'arn:aws:cloudformation:us-east-1:123456789012:stack/Stack/11111111-2222-3333-4444-555555555555';
/** What stands in the ResponseURL's query, and must never be seen again. */
export const SIGNATURE = 'SIGNATURE-OF-THE-RESPONSE-URL';

export interface CfnAnswer {
  readonly Status: 'SUCCESS' | 'FAILED';
  readonly Reason?: string;
  readonly PhysicalResourceId: string;
  readonly Data?: Record<string, string>;
}

export interface Invocation {
  /** What CloudFormation was told; exactly one answer has to have arrived. */
  readonly answers: CfnAnswer[];
  readonly bytes: number[];
  readonly contentTypes: (string | undefined)[];
  readonly log: string;
  /** Seconds of the handler's time, which passes faster than real time. */
  readonly seconds: number;
}

/** Secrets Manager and the Parameter Store, as far as a reader of one value sees them. Every value is in one region. */
export class SecretStore {
  public readonly values = new Map<string, string>();
  /** The regions of names that are not in us-east-1. */
  public readonly regions = new Map<string, string>();
  /** How many requests are denied from now on. */
  public denials = 0;
  /** What a denial says: Secrets Manager reports one of KMS as its own. */
  public denial = 'not allowed';
  /** When requests came, and what they asked for. */
  public readonly requests: { readonly at: number; readonly name: string; readonly region: string }[] = [];
  private url = '';
  private readonly server = serverOf((request, body, response) => {
    const { SecretId: id, Name: name } = JSON.parse(body);
    const [, region] = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '')!;
    this.requests.push({ at: Date.now(), name: id ?? name, region });
    const value = region === this.regionOf(id ?? name) ? this.values.get(id ?? name) : undefined;
    const reply = (status: number, content: object) => response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(content));
    if (value === 'DENIED' || this.denials > 0) {
      this.denials--;
      reply(400, { __type: 'AccessDeniedException', message: this.denial });
    } else if (value === undefined) {
      reply(400, { __type: id ? 'ResourceNotFoundException' : 'ParameterNotFound', message: 'not there' });
    } else {
      reply(200, id ? { SecretString: value } : { Parameter: { Value: value } });
    }
  });

  public async start(): Promise<void> {
    this.url = await listen(this.server);
  }

  public stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  public clear(): void {
    this.values.clear();
    this.regions.clear();
    this.requests.length = 0;
    this.denials = 0;
    this.denial = 'not allowed';
  }

  private regionOf(id: string): string {
    return id.startsWith('arn:') ? id.split(':')[3] : this.regions.get(id) ?? 'us-east-1';
  }

  /** All that the SDK needs, and nothing of whoever runs the tests. */
  public get env(): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH,
      ALLOW_LOCAL_RESPONSE_URL: 'true',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: this.url,
      AWS_ENDPOINT_URL_SSM: this.url,
    };
  }
}

/** Runs the bundle as Lambda does, and receives its answer as CloudFormation does. `remaining` counts milliseconds of the handler's time. */
export async function invoke(
  event: object, env: NodeJS.ProcessEnv, options: { remaining?: number; refuse?: number; node?: string; sentAt?: number; responseUrl?: string } = {},
): Promise<Invocation> {
  const result = { answers: [] as CfnAnswer[], bytes: [] as number[], contentTypes: [] as (string | undefined)[] };
  let refuse = options.refuse ?? 0;
  const receiver = serverOf((request, body, response) => {
    if (refuse-- > 0) {
      response.writeHead(503).end();
      return;
    }
    result.answers.push(JSON.parse(body));
    result.bytes.push(Buffer.byteLength(body));
    result.contentTypes.push(request.headers['content-type']);
    response.writeHead(200).end();
  });
  const sentAt = new Date(options.sentAt ?? Date.now()).toISOString().replace(/[-:]|\.\d+/g, '');
  const responseUrl = `${await listen(receiver)}/answer?X-Amz-Date=${sentAt}&X-Amz-Signature=${SIGNATURE}`;
  try {
    const { log, seconds } = await runHandler({ ...event, ResponseURL: options.responseUrl ?? responseUrl }, env, options.remaining ?? 120_000, options.node);
    return { ...result, log, seconds };
  } finally {
    receiver.close();
    receiver.closeAllConnections();
  }
}

/** A proxy that carries requests out and then drops the answers that it is told to drop. */
export async function lossyProxy(target: string, drop: (method: string, path: string, body: string) => boolean): Promise<{ url: string; close(): void }> {
  const server = serverOf(async (request, body, response) => {
    const { authorization = '', 'content-type': type } = request.headers;
    const reply = await fetch(target + request.url, {
      method: request.method, headers: { authorization, ...(type ? { 'content-type': type } : {}) }, body: body || undefined,
    });
    const text = await reply.text();
    if (drop(request.method!, request.url!, body)) {
      response.destroy();
    } else {
      response.writeHead(reply.status, { 'content-type': 'application/json' }).end(reply.status === 204 ? undefined : text);
    }
  });
  const url = await listen(server);
  return { url, close: () => { server.close(); server.closeAllConnections(); } };
}
