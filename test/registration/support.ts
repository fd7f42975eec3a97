import { runHandler } from './lambda';
import { listen, serverOf } from './server';

export { handlerSeconds, SPEED } from './lambda';

export const ROLE = 'arn:aws:iam::123456789012:role/Stack-RunnerTaskManagerRole-AbCdEf';
export const SECRET = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:humanitec-api-token-AbCdEf';
export const STACK = 'arn:aws:cloudformation:us-east-1:123456789012:stack/Stack/11111111-2222-3333-4444-555555555555';
/** The signature in the ResponseURL. No answer or log may contain it. */
export const SIGNATURE = 'SIGNATURE-OF-THE-RESPONSE-URL';

export interface CfnAnswer {
  readonly Status: 'SUCCESS' | 'FAILED';
  readonly Reason?: string;
  readonly PhysicalResourceId: string;
  readonly Data?: Record<string, string>;
}

export interface Invocation {
  /** The answers that CloudFormation received. There must be exactly one. */
  readonly answers: CfnAnswer[];
  readonly bytes: number[];
  readonly contentTypes: (string | undefined)[];
  readonly log: string;
  /** The duration in seconds of the handler's clock, which runs faster than real time. */
  readonly seconds: number;
}

/** Secrets Manager and the Parameter Store for reads of single values. Each value is in one region. */
export class SecretStore {
  public readonly values = new Map<string, string>();
  /** The regions of values that are not in us-east-1. */
  public readonly regions = new Map<string, string>();
  /** The number of further requests to deny. */
  public denials = 0;
  /** The message of a denial. Secrets Manager reports a KMS denial as its own. */
  public denial = 'not allowed';
  /** The time, name and region of each request. */
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

  /** The environment for the AWS SDK, without settings of the user. */
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

/** Runs the bundle like Lambda, and receives its answer like CloudFormation. `remaining` is in milliseconds of the handler's clock. */
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

/** A proxy that forwards all requests, but drops the selected responses. */
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
