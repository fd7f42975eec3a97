import { X509Certificate } from 'crypto';
import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { ApiToken } from './api-token';
import { HUMANITEC_API_URL, HUMANITEC_OIDC_ISSUER, HUMANITEC_TASK_FAMILY_PREFIX } from './contract';
import { checkTypes, InputTypes, objectWith, TEXT } from './input-types';
import { checkIssuer, issuerName } from './oidc-issuer';
import { isKnown, maskUnknown, Problem, Problems, quote } from './problems';

/** How to reach the hosted orchestrator. */
export interface HumanitecOrchestratorProps {
  /**
   * Id of the organization at the orchestrator. Letters, digits, `-` and `_`; must not be empty.
   *
   * @see https://developer.humanitec.com/platform-orchestrator/docs/
   */
  readonly orgId: string;

  /** Where the API token is kept. It needs the permission to manage runners and runner rules of the organization. */
  readonly apiToken: ApiToken;
}

/** How to reach an orchestrator that you host yourself. */
export interface SelfHostedOrchestratorProps extends HumanitecOrchestratorProps {
  /**
   * Base URL of the API, without a path to an organization. `https://`, or `http://` on loopback for local trials.
   *
   * The registration calls it from Lambda, so it has to be reachable from there.
   */
  readonly apiUrl: string;

  /**
   * Base URL of the gateway that the tasks connect to, as the orchestrator is configured with. `https://`, or `http://` on loopback for local
   * trials. The tasks' own security group allows its port. A CDK token cannot be read at synthesis: then the group allows port 443 only.
   *
   * @default - the host and port of `apiUrl`
   */
  readonly gatewayUrl?: string;

  /**
   * Issuer of the OIDC tokens that the orchestrator presents to AWS STS: `https://`, without port, query and fragment.
   * AWS has to reach `/.well-known/openid-configuration` below it, with a certificate that is publicly trusted.
   * It cannot be a token: IAM has the issuer in the names of condition keys.
   *
   * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
   */
  readonly oidcIssuerUrl: string;

  /**
   * What the names of the task definitions that the orchestrator registers start with: 1 to 255 letters, digits, `-` and `_`. The
   * runner's role may touch no other.
   *
   * @default - `platform_orchestrator_env_<orgId>_`
   */
  readonly taskFamilyPrefix?: string;

  /**
   * Certificates of private CAs that the API's certificate may come from: PEM, one or more after the other. The registration trusts them
   * beside the public ones; TLS is verified either way. Cannot be a token, as they travel with the Lambda's code. The deployments
   * themselves need them too: in `image`.
   *
   * @default - public CAs only
   * @see https://nodejs.org/api/cli.html#node_extra_ca_certsfile
   */
  readonly extraCaCertificates?: string;
}

const TYPES: InputTypes<SelfHostedOrchestratorProps> = {
  orgId: TEXT,
  apiToken: objectWith('an ApiToken', '_service', 'Make it with ApiToken.fromSecretsManager() or ApiToken.fromSsmParameter().'),
  apiUrl: TEXT,
  gatewayUrl: TEXT,
  oidcIssuerUrl: TEXT,
  taskFamilyPrefix: TEXT,
  extraCaCertificates: TEXT,
};

/**
 * The Platform Orchestrator that a runner belongs to.
 *
 * @see https://developer.humanitec.com/platform-orchestrator/docs/
 */
export class Orchestrator {
  /**
   * Humanitec's hosted orchestrator.
   *
   * @param props how to reach it
   */
  public static humanitec(props: HumanitecOrchestratorProps): Orchestrator {
    return new Orchestrator({
      ...props,
      apiUrl: HUMANITEC_API_URL,
      oidcIssuerUrl: HUMANITEC_OIDC_ISSUER,
      taskFamilyPrefix: HUMANITEC_TASK_FAMILY_PREFIX,
    });
  }

  /**
   * The open-sourced orchestrator, hosted by you.
   *
   * @param props how to reach it
   */
  public static selfHosted(props: SelfHostedOrchestratorProps): Orchestrator {
    return new Orchestrator({ ...props });
  }

  /** Id of the organization. */
  public readonly orgId: string;
  /** Base URL of the API, without a trailing slash. */
  public readonly apiUrl: string;
  /** Base URL of the gateway that the tasks connect to, without a trailing slash; undefined if it was not given. */
  public readonly gatewayUrl?: string;
  /** Issuer of the OIDC tokens, without a trailing slash. */
  public readonly oidcIssuerUrl: string;
  /** What the names of the orchestrator's task definitions start with. */
  public readonly taskFamilyPrefix: string;
  /** Where the API token is kept. */
  public readonly apiToken: ApiToken;
  /** Certificates of private CAs that the API's certificate may come from, as PEM; undefined when there are none. */
  public readonly extraCaCertificates?: string;

  private constructor(props: SelfHostedOrchestratorProps) {
    this.orgId = props.orgId;
    this.apiUrl = withoutTrailingSlash(props.apiUrl);
    this.gatewayUrl = props.gatewayUrl === undefined ? undefined : withoutTrailingSlash(props.gatewayUrl);
    this.oidcIssuerUrl = withoutTrailingSlash(props.oidcIssuerUrl);
    this.taskFamilyPrefix = props.taskFamilyPrefix ?? `platform_orchestrator_env_${props.orgId}_`;
    this.apiToken = props.apiToken;
    this.extraCaCertificates = typeof props.extraCaCertificates === 'string' ? props.extraCaCertificates.trim() : props.extraCaCertificates;
  }

  /**
   * The issuer as IAM names it in provider ARNs and condition keys: host and path.
   * @internal
   */
  public get _issuerName(): string {
    return issuerName(this.oidcIssuerUrl);
  }

  /**
   * The port of the API, as far as it is known at synthesis.
   * @internal
   */
  public get _apiPort(): number {
    return portOf(this.apiUrl);
  }

  /**
   * The ports that the tasks connect to, as far as they are known at synthesis.
   * @internal
   */
  public get _taskPorts(): number[] {
    return [this._apiPort, portOf(this.gatewayUrl ?? this.apiUrl)];
  }

  /** @internal */
  public _typeProblems(): Problem[] {
    const problems = new Problems();
    checkTypes<SelfHostedOrchestratorProps>(problems, this, TYPES, ['orgId', 'apiToken', 'apiUrl', 'oidcIssuerUrl']);
    problems.addAll('apiToken', problems.list.length === 0 ? this.apiToken._typeProblems() : []);
    return problems.list;
  }

  /** @internal */
  public _problems(scope: IConstruct): Problem[] {
    const problems = new Problems();
    problems.checkText('orgId', this.orgId, {
      pattern: /^[a-zA-Z0-9][a-zA-Z0-9_-]*$/,
      expected: 'the id of an organization (letters, digits, - and _)',
      fix: 'Use the organization\'s id, as in the URL of the orchestrator\'s console.',
    });
    problems.checkText('taskFamilyPrefix', this.taskFamilyPrefix, {
      pattern: /^[a-zA-Z0-9_-]+$/,
      max: 255,
      expected: '1 to 255 letters, digits, - and _ (what ECS allows in the name of a task definition)',
      fix: 'Use the prefix that your orchestrator is configured with, or leave it out.',
    });
    this.checkUrl(problems, 'apiUrl', this.apiUrl, 'The API token travels over this connection: give the URL under which the API is served with TLS.');
    this.checkUrl(problems, 'gatewayUrl', this.gatewayUrl, 'Give the URL that your orchestrator hands to the tasks as `RUNNER_GATEWAY_URL`.');
    checkIssuer(problems, this.oidcIssuerUrl);
    this.checkCertificates(problems);
    problems.addAll('apiToken', this.apiToken._problems(scope));
    return problems.list;
  }

  private checkUrl(problems: Problems, input: string, value: string | undefined, fix: string): void {
    if (!isKnown(value)) {
      return;
    }
    const url = parseUrl(value);
    const loopback = url !== undefined && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
    const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback);
    if (!url || !secure || url.search || url.hash || url.username || url.password) {
      problems.add({
        input,
        expected: 'an https:// URL without credentials, query and fragment (http:// only on loopback)',
        got: quote(url?.password ? `${url.protocol}//...@${url.host}` : value),
        fix,
      });
    }
  }

  private checkCertificates(problems: Problems): void {
    const pem = this.extraCaCertificates;
    if (pem === undefined) {
      return;
    }
    const wrong = Token.isUnresolved(pem) ? 'a token' : problemOf(pem);
    if (wrong) {
      problems.add({
        input: 'extraCaCertificates',
        expected: 'certificates as PEM, "-----BEGIN CERTIFICATE-----" and so on, and nothing else',
        got: wrong,
        fix: 'Read them from the file that your CA gives out, and hand in its text.',
      });
    }
  }
}

/** What is wrong with a text that should be certificates; never the text itself, which may be a private key. */
function problemOf(pem: string): string | undefined {
  if (pem.includes('PRIVATE KEY')) {
    return 'a private key';
  }
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) {
    return 'a text without a certificate';
  }
  const unread = blocks.findIndex((block) => {
    try {
      return !new X509Certificate(block);
    } catch {
      return true;
    }
  });
  return unread < 0 ? undefined : `a certificate that cannot be read (number ${unread + 1} of ${blocks.length})`;
}

/** The port of a URL; 443 when a CDK token hides it. */
function portOf(text: string): number {
  const url = parseUrl(maskUnknown(text).replace(/\u0000/g, 'token'));
  return Number(url?.port || (url?.protocol === 'http:' ? 80 : 443));
}

function withoutTrailingSlash(url: string): string {
  return Token.isUnresolved(url) || typeof url !== 'string' ? url : url.replace(/\/+$/, '');
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
