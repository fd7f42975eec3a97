import { X509Certificate } from 'crypto';
import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { ApiToken } from './api-token';
import { checkIssuer, issuerName } from './oidc-issuer';
import { HUMANITEC_API_URL, HUMANITEC_OIDC_ISSUER, HUMANITEC_TASK_FAMILY_PREFIX } from '../common/contract';
import { checkTypes, InputTypes, objectWith, sensitive, TEXT } from '../common/input-types';
import { Problem, Problems } from '../common/problems';
import { propertiesBeside, UnknownInput, unknownInputs } from '../common/unknown-inputs';
import { isKnown, isPlaceholder, maskUnknown, quoteUrl } from '../common/unknown-values';

/** Properties of `Orchestrator.humanitec()`. */
export interface HumanitecOrchestratorProps {
  /**
   * Id of the organization at the orchestrator. Letters, digits, `-` and `_`; must not be empty.
   *
   * @see https://developer.humanitec.com/platform-orchestrator/docs/
   */
  readonly orgId: string;

  /** Location of the API token, which must be allowed to manage the runners and runner rules of the organization. */
  readonly apiToken: ApiToken;
}

/** Properties of `Orchestrator.selfHosted()`. */
export interface SelfHostedOrchestratorProps extends HumanitecOrchestratorProps {
  /**
   * Base URL of the API, without a path to an organization. `https://`, or `http://` on loopback for local trials.
   *
   * The registration calls the API from Lambda, so Lambda must be able to reach it.
   */
  readonly apiUrl: string;

  /**
   * Base URL of the gateway that the tasks connect to, as configured in the orchestrator. `https://`, or `http://` on loopback for local
   * trials. The security group that the construct creates for the tasks allows its port. With a CDK token, whose value is unknown at synthesis, it allows
   * port 443 only.
   *
   * @default - the host and port of `apiUrl`
   */
  readonly gatewayUrl?: string;

  /**
   * Issuer of the OIDC tokens that the orchestrator presents to AWS STS: `https://`, without port, query and fragment.
   * AWS must be able to reach `/.well-known/openid-configuration` below it, with a publicly trusted certificate.
   * Must be a literal string, not a CDK token, because IAM puts the issuer into the names of condition keys.
   *
   * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
   */
  readonly oidcIssuerUrl: string;

  /**
   * Prefix of the task definition families that the orchestrator registers: 1 to 255 letters, digits, `-` and `_`. The
   * task manager role can use no other families.
   *
   * @default - `platform_orchestrator_env_<orgId>_`
   */
  readonly taskFamilyPrefix?: string;

  /**
   * Certificates of private CAs that may have issued the API's certificate: one or more in PEM format. The registration trusts them
   * in addition to the public CAs; it always verifies TLS. Must be a literal string, not a CDK token, because it is part of the Lambda's code. The deployments
   * need the certificates, too: in `image`.
   *
   * @default - public CAs only
   * @see https://nodejs.org/api/cli.html#node_extra_ca_certsfile
   */
  readonly extraCaCertificates?: string;
}

const HUMANITEC_TYPES: InputTypes<HumanitecOrchestratorProps> = {
  orgId: TEXT,
  apiToken: sensitive(objectWith('an ApiToken', '_service', 'Make it with ApiToken.fromSecretsManager() or ApiToken.fromSsmParameter().')),
};
const TYPES: InputTypes<SelfHostedOrchestratorProps> = {
  ...HUMANITEC_TYPES,
  apiUrl: TEXT,
  gatewayUrl: TEXT,
  oidcIssuerUrl: TEXT,
  taskFamilyPrefix: TEXT,
  extraCaCertificates: sensitive(TEXT),
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
   * @param props the properties of the orchestrator
   */
  public static humanitec(props: HumanitecOrchestratorProps): Orchestrator {
    const ofSelfHosted = propertiesBeside(props, HUMANITEC_TYPES).filter(name => Object.hasOwn(TYPES, name));
    return new Orchestrator({
      ...props,
      apiUrl: HUMANITEC_API_URL,
      oidcIssuerUrl: HUMANITEC_OIDC_ISSUER,
      taskFamilyPrefix: HUMANITEC_TASK_FAMILY_PREFIX,
    }, [...unknownInputs(props, HUMANITEC_TYPES), ...ofSelfHosted.map(input => ({ input, remedy: 'did you mean Orchestrator.selfHosted()?' }))]);
  }

  /**
   * The open-sourced orchestrator that you host yourself.
   *
   * @param props the properties of the orchestrator
   */
  public static selfHosted(props: SelfHostedOrchestratorProps): Orchestrator {
    return new Orchestrator({ ...props }, unknownInputs(props, TYPES));
  }

  /** Id of the organization. */
  public readonly orgId: string;
  /** Base URL of the API, without a trailing slash. */
  public readonly apiUrl: string;
  /** Base URL of the gateway that the tasks connect to, without a trailing slash; undefined if not given. */
  public readonly gatewayUrl?: string;
  /** Issuer of the OIDC tokens, without a trailing slash. */
  public readonly oidcIssuerUrl: string;
  /** Prefix of the task definition families of the orchestrator. */
  public readonly taskFamilyPrefix: string;
  /** Location of the API token. */
  public readonly apiToken: ApiToken;
  /** Certificates of private CAs that may have issued the API's certificate, in PEM format; undefined if not given. */
  public readonly extraCaCertificates?: string;

  /**
   * Given properties that are not inputs.
   * @internal
   */
  public readonly _unknownInputs: UnknownInput[];

  private constructor(props: SelfHostedOrchestratorProps, unknown: UnknownInput[]) {
    this._unknownInputs = unknown;
    this.orgId = props.orgId;
    this.apiUrl = withoutTrailingSlash(props.apiUrl);
    this.gatewayUrl = props.gatewayUrl === undefined ? undefined : withoutTrailingSlash(props.gatewayUrl);
    this.oidcIssuerUrl = withoutTrailingSlash(props.oidcIssuerUrl);
    this.taskFamilyPrefix = props.taskFamilyPrefix ?? `platform_orchestrator_env_${typeof props.orgId === 'string' ? props.orgId : ''}_`;
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
   * The port of the API; 443 if it is not known at synthesis.
   * @internal
   */
  public get _apiPort(): number {
    return portOf(this.apiUrl);
  }

  /**
   * The ports that the tasks connect to. A port that is not known at synthesis counts as 443.
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
      fix: 'Use the prefix that your orchestrator is configured with, or omit it.',
    });
    this.checkUrl(problems, 'apiUrl', this.apiUrl, 'The API token travels over this connection: give the URL under which the API is served with TLS.');
    if (isKnown(this.apiUrl) && /\/orgs(?:\/[^/]*)?$/.test(this.apiUrl)) {
      problems.add({
        input: 'apiUrl',
        expected: 'the base URL of the API, to which the path "/orgs/<organization>" is appended',
        got: quoteUrl(this.apiUrl),
        fix: 'Remove "/orgs" and the rest of the path.',
      });
    }
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
    // The parser ignores spaces around the URL and a missing host, but the Lambda and the tasks get the text as it is.
    if (!url || !secure || !/^https?:\/\/[^\s/]\S*$/i.test(value) || url.search || url.hash || url.username || url.password) {
      problems.add({
        input,
        expected: 'an https:// URL without spaces, credentials, query and fragment (http:// only on loopback)',
        got: quoteUrl(value),
        fix,
      });
    }
  }

  private checkCertificates(problems: Problems): void {
    const pem = this.extraCaCertificates;
    if (pem === undefined || isPlaceholder(pem)) {
      return;
    }
    const wrong = Token.isUnresolved(pem) ? 'a token' : problemOf(pem);
    if (wrong) {
      problems.add({
        input: 'extraCaCertificates',
        expected: 'only certificates in PEM format, "-----BEGIN CERTIFICATE-----…"',
        got: wrong,
        fix: 'Give the text of the PEM file of your CA.',
      });
    }
  }
}

/** The problem of a text that is not a list of certificates. Never contains the text, which may be a private key. */
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

/** The port of a URL; 443 if it is a CDK token. */
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
