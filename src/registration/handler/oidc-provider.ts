import { OIDC_AUDIENCE } from '../../common/contract';
import type { OidcProviderProperties } from '../wire';
import { AWS_CLIENT, isAnswer, retryWhileDenied } from './aws';
import type { Lifecycle, Outcome, Request } from './event';
import { LifecycleError } from './event';
import { DETAILS_MAX_CHARACTERS, IAM_READ_PAUSE, PROPAGATION_BUDGET } from './limits';
import { log, short } from './log';
import { pause } from './time';

/**
 * Makes sure that the account has the OIDC provider of an issuer. The provider belongs to the account: other stacks and tools may use it, so it is
 * created if it is missing, and never changed or deleted.
 */
export class OidcProviderLifecycle implements Lifecycle {
  public readonly operation: string;
  public readonly services = 'IAM';

  constructor(private readonly properties: OidcProviderProperties, private readonly request: Request) {
    this.operation = `Setting up the OIDC provider of '${short(properties.IssuerUrl, 100)}'`;
  }

  public async create(): Promise<Outcome> {
    const { ProviderArn: arn } = this.properties;
    const audiences = await this.attempt(() => this.find()) ?? await this.attempt(() => this.make());
    if (!audiences.includes(OIDC_AUDIENCE)) {
      throw new LifecycleError(`the account has it without the audience ${OIDC_AUDIENCE}. `
        + 'It is shared, so this deployment does not change it: run the command below, then deploy again.',
      { details: `aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn ${arn} --client-id ${OIDC_AUDIENCE}` });
    }
    return { physicalId: arn };
  }

  /** For another issuer, the physical ID changes. CloudFormation then deletes the old physical ID, which leaves the old provider unchanged. */
  public update(): Promise<Outcome> {
    return this.create();
  }

  /** Leaves the provider, because other runners of the account may use it. */
  public async delete(physicalId: string): Promise<Outcome> {
    return { physicalId };
  }

  /** The audiences of the provider; undefined if the account has none for the issuer. */
  private async find(): Promise<string[] | undefined> {
    const { client, GetOpenIDConnectProviderCommand } = iam();
    try {
      return (await client.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: this.properties.ProviderArn }))).ClientIDList ?? [];
    } catch (error) {
      if (nameOf(error) === 'NoSuchEntity') {
        return undefined;
      }
      throw error;
    }
  }

  /** Creates the provider. It may exist already: another stack created it at the same time, or an earlier attempt lost its answer. */
  private async make(): Promise<string[]> {
    const { client, CreateOpenIDConnectProviderCommand } = iam();
    const until = Math.min(this.request.deadline, Date.now() + PROPAGATION_BUDGET);
    for (;;) {
      try {
        await client.send(new CreateOpenIDConnectProviderCommand({ Url: this.properties.IssuerUrl, ClientIDList: [OIDC_AUDIENCE] }));
        log('created the OIDC provider', { arn: this.properties.ProviderArn });
        return [OIDC_AUDIENCE];
      } catch (error) {
        if (!['EntityAlreadyExists', 'ConcurrentModification'].includes(nameOf(error))) {
          throw error;
        }
        const audiences = await this.find();
        if (audiences) {
          return audiences;
        }
        // IAM is eventually consistent: the provider may not be visible yet.
        if (Date.now() + IAM_READ_PAUSE >= until) {
          throw error;
        }
      }
      await pause(IAM_READ_PAUSE, until);
    }
  }

  private async attempt<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await retryWhileDenied({ permissionsMayBeNew: true, deadline: this.request.deadline }, call);
    } catch (error) {
      if (!isAnswer(error)) {
        const { code, name } = error as Error & { code?: string };
        throw new LifecycleError(`no answer from IAM (${short(code ?? name, 30)}). Give the Lambda a route to it, such as a NAT gateway. `
          + `Or ${ELSEWHERE}.`);
      }
      throw new LifecycleError(`${short(nameOf(error), 40)}. ${this.remedy(nameOf(error))}`,
        { details: String((error as Error).message).slice(0, DETAILS_MAX_CHARACTERS) });
    }
  }

  private remedy(error: string): string {
    switch (error) {
      case 'AccessDenied': return 'The role of the registration has the permission, so a service control policy or the permissions boundary denies it: '
        + `allow it there. Or ${ELSEWHERE}.`;
      case 'OpenIdIdpCommunicationError': return `AWS must reach ${short(this.properties.IssuerUrl, 60)}/.well-known/openid-configuration with a publicly `
        + 'trusted certificate: correct it, then deploy again.';
      case 'LimitExceeded': return 'Delete OIDC providers that nobody uses, or raise the quota; then deploy again.';
      default: return 'Deploy again; if it fails again, correct what IAM names below.';
    }
  }
}

const ELSEWHERE = 'create the provider outside this stack and give it to the runners as oidcProvider';

/** Compares the name of an error of IAM. The SDK appends `Exception` to names for which it has a class. */
function nameOf(error: unknown): string {
  return (error as Error).name.replace(/Exception$/, '');
}

// Loaded only when needed, as in token.ts.
/* eslint-disable @typescript-eslint/no-require-imports */
function iam() {
  const sdk: typeof import('@aws-sdk/client-iam') = require('@aws-sdk/client-iam');
  return { ...sdk, client: new sdk.IAMClient(AWS_CLIENT) };
}
