import { listen, serverOf } from './server';

const NAMESPACE = 'https://iam.amazonaws.com/doc/2010-05-08/';
/** The allowed parameters of each action in the policy of the registration's role. Tags need an additional permission. */
const PARAMETERS: Record<string, RegExp> = {
  GetOpenIDConnectProvider: /^OpenIDConnectProviderArn$/,
  CreateOpenIDConnectProvider: /^(Url|ClientIDList\.member\.\d+)$/,
};

/** An error for the next calls of an action. */
export interface Trouble {
  readonly code: string;
  readonly status?: number;
  readonly times: number;
  /** Runs before the error is sent. */
  readonly meanwhile?: () => void;
}

/** IAM over HTTP for the OIDC providers of one account. It allows only the calls in the policy of the registration's role. */
export class IamService {
  /** Audiences by ARN. */
  public readonly providers = new Map<string, string[]>();
  /** The called actions in order. */
  public readonly calls: string[] = [];
  public readonly troubles = new Map<string, Trouble>();
  /** Whether the server accepts connections but never responds. */
  public silent = false;
  private url = '';
  private readonly server = serverOf((request, text, response) => {
    if (this.silent) {
      return;
    }
    const reply = this.answer(request.headers.authorization ?? '', new URLSearchParams(text));
    response.writeHead(reply.status, { 'content-type': 'text/xml' }).end(reply.body);
  });

  constructor(private readonly allowedArn: string) {}

  public async start(): Promise<void> {
    this.url = await listen(this.server);
  }

  public stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  public reset(): void {
    this.providers.clear();
    this.troubles.clear();
    this.calls.length = 0;
    this.silent = false;
  }

  public get env(): NodeJS.ProcessEnv {
    return { AWS_ENDPOINT_URL_IAM: this.url };
  }

  private answer(authorization: string, parameters: URLSearchParams): { status: number; body: string } {
    const { Action: action = '', Version: version, ...given } = Object.fromEntries(parameters);
    this.calls.push(action);
    if (!/Credential=local\/\d{8}\/us-east-1\/iam\/aws4_request/.test(authorization) || version !== '2010-05-08') {
      return error(403, 'SignatureDoesNotMatch', `signed for IAM: ${authorization}`);
    }
    const arn = given.OpenIDConnectProviderArn ?? this.allowedArn.replace(/oidc-provider\/.*/, given.Url?.replace(/^https:\/\//, 'oidc-provider/') ?? '');
    const known = PARAMETERS[action];
    if (!known || arn !== this.allowedArn || Object.keys(given).some(name => !known.test(name))) {
      return error(403, 'AccessDenied', `the role is not authorized to perform: iam:${action} on resource: ${arn} with ${Object.keys(given).join(', ')}`);
    }
    const trouble = this.troubles.get(action);
    if (trouble && trouble.times > 0) {
      this.troubles.set(action, { ...trouble, times: trouble.times - 1 });
      trouble.meanwhile?.();
      return error(trouble.status ?? 400, trouble.code, `${trouble.code} on purpose`);
    }
    return action === 'GetOpenIDConnectProvider' ? this.get(arn) : this.create(arn, given);
  }

  private get(arn: string): { status: number; body: string } {
    const audiences = this.providers.get(arn);
    if (!audiences) {
      return error(404, 'NoSuchEntity', `OpenIDConnect Provider not found for arn ${arn}`);
    }
    const members = audiences.map(audience => `<member>${audience}</member>`).join('');
    return result('GetOpenIDConnectProvider', `<Url>${arn.split('/')[1]}</Url><ClientIDList>${members}</ClientIDList>`);
  }

  private create(arn: string, given: Record<string, string>): { status: number; body: string } {
    if (!/^https:\/\/[^/:?#]+(\/[^:?#]*)?$/.test(given.Url ?? '')) {
      return error(400, 'InvalidInput', `Invalid Open ID Connect Provider URL ${given.Url}`);
    }
    if (this.providers.has(arn)) {
      return error(409, 'EntityAlreadyExists', `Provider with url ${given.Url} already exists.`);
    }
    this.providers.set(arn, Object.entries(given).filter(([name]) => name.startsWith('ClientIDList.')).map(([, audience]) => audience));
    return result('CreateOpenIDConnectProvider', `<OpenIDConnectProviderArn>${arn}</OpenIDConnectProviderArn>`);
  }
}

function result(action: string, content: string): { status: number; body: string } {
  return {
    status: 200,
    body: `<${action}Response xmlns="${NAMESPACE}"><${action}Result>${content}</${action}Result>`
      + `<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></${action}Response>`,
  };
}

function error(status: number, code: string, message: string): { status: number; body: string } {
  return {
    status,
    body: `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
  };
}
