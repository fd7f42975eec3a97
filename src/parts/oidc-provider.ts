import { type CfnResource, Lazy, Resource, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { rejectSecondDefinition } from './oidc-provider-conflicts';
import { OIDC_AUDIENCE } from '../common/contract';
import { checkPlace, placeOf } from '../common/place';
import type { Problems } from '../common/problems';
import { addPolicy } from '../common/role-policies';
import { isKnown, maskUnknown, quote } from '../common/unknown-values';
import type { EcsRunnerProps } from '../inputs/ecs-runner-props';
import { issuerName } from '../inputs/oidc-issuer';
import { apiSuffix, RegistrationProvider } from '../registration/provider';
import { oidcProviderResource } from '../registration/resources';

export type OidcProviderInputs = Pick<EcsRunnerProps, 'orchestrator' | 'oidcProvider' | 'registrationNetwork'>;

/** Rejects a provider of another issuer or audience, and a provider that the role cannot trust. */
export function checkOidcProvider(scope: Construct, problems: Problems, inputs: OidcProviderInputs): void {
  const { orchestrator, oidcProvider: provider } = inputs;
  if (!provider) {
    if (inputs.registrationNetwork?.createEndpoints) {
      problems.add({
        input: 'oidcProvider',
        expected: 'the provider of the orchestrator\'s issuer, as `registrationNetwork` has `createEndpoints`',
        got: 'none',
        fix: 'Without a route to the internet, the Lambda cannot create the provider: IAM has VPC endpoints in us-east-1 only. Define a RunnerOidcProvider in this or another stack, '
          + 'or import the provider with OidcProviderNative.fromOidcProviderArn().',
      });
    }
    return;
  }
  const expected = orchestrator._issuerName;
  // The ARN of a provider of this app is a CDK token, but its issuer can be known.
  const named = isKnown(provider.oidcProviderIssuer) ? `:oidc-provider/${provider.oidcProviderIssuer}` : provider.oidcProviderArn;
  const [start, issuer] = maskUnknown(named).split(':oidc-provider/');
  if (isKnown(expected) && issuer !== expected && !(issuer ?? start).includes('\u0000')) {
    problems.add({
      input: 'oidcProvider',
      expected: `the provider of the orchestrator's issuer, "arn:aws:iam::<account>:oidc-provider/${expected}"`,
      got: isKnown(provider.oidcProviderArn) ? quote(provider.oidcProviderArn) : `the provider of ${quote(issuer ?? start)}`,
      fix: 'Give that provider, or omit `oidcProvider`: the deployment then creates it.',
    });
  }
  const audiences = audiencesOf(provider);
  if (audiences && !audiences.includes(OIDC_AUDIENCE)) {
    problems.add({
      input: 'oidcProvider',
      expected: `a provider with the client ID "${OIDC_AUDIENCE}", which is the audience of the orchestrator's tokens`,
      got: `'${provider.node.path}' with ${quote(audiences)}`,
      fix: 'Add the client ID to the provider, or define it with RunnerOidcProvider.',
    });
  }
  if (!problems.has('oidcProvider')) {
    checkPlace(scope, problems, 'oidcProvider', placeOf(scope, provider, provider.oidcProviderArn), {
      resource: 'a provider', mustMatch: ['account'], fix: 'A role can trust providers of its own account only: give a provider of this account, or omit `oidcProvider`.',
    });
  }
}

/** The client IDs of a provider of the app; undefined if they are not known at synthesis. */
function audiencesOf({ node: { defaultChild } }: iam.IOidcProvider): string[] | undefined {
  const { clientIdList } = (defaultChild ?? {}) as Partial<iam.CfnOIDCProvider>;
  return Array.isArray(clientIdList) && clientIdList.every(isKnown) ? clientIdList : undefined;
}

/** The OIDC provider of the issuer: the given one, or one that all runners of the stack with this issuer share. */
export function findOrCreateOidcProvider(scope: Construct, { orchestrator, oidcProvider }: OidcProviderInputs): iam.IOidcProvider {
  if (oidcProvider) {
    return oidcProvider;
  }
  const stack = Stack.of(scope);
  const { apiUrl, _issuerName: issuer } = orchestrator;
  // The id contains the issuer, so that runners of different orchestrators do not swap providers if their order changes.
  const id = `HumanitecOidcProvider-${issuer.replace(/[^a-zA-Z0-9.-]/g, '-')}${apiSuffix(scope, apiUrl)}`;
  return (stack.node.tryFindChild(id) as EnsuredOidcProvider | undefined) ?? new EnsuredOidcProvider(stack, id, `https://${issuer}`, apiUrl);
}

/**
 * An OIDC provider that the registration's Lambda creates if the account has none for the issuer. An existing provider is used unchanged. An account can have only
 * one per issuer, and runners of other stacks can use it, so it is never changed and never deleted. An `AWS::IAM::OIDCProvider` would be deleted
 * with its stack, and its creation would fail if a deleted stack had retained the provider.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
 */
class EnsuredOidcProvider extends Resource implements iam.IOidcProvider {
  public readonly oidcProviderArn: string;
  public readonly oidcProviderIssuer: string;

  constructor(scope: Construct, id: string, issuerUrl: string, apiUrl: string) {
    super(scope, id);
    const stack = Stack.of(this);
    this.oidcProviderIssuer = issuerName(issuerUrl);
    const arn = stack.formatArn({ service: 'iam', region: '', resource: 'oidc-provider', resourceName: this.oidcProviderIssuer });
    const policy = addPolicy(this, 'Policy', RegistrationProvider.find(stack, apiUrl)!.role, [new iam.PolicyStatement({
      sid: 'EnsureOidcProvider',
      actions: ['iam:GetOpenIDConnectProvider', 'iam:CreateOpenIDConnectProvider'],
      resources: [arn],
    })], { input: 'orchestrator', fix: 'Put some of the runners into another stack.' });
    const resource = oidcProviderResource(this, 'Resource', apiUrl, { IssuerUrl: issuerUrl, ProviderArn: arn });
    resource.node.addDependency(policy);
    // Other stacks get the ARN as text, because an export would block the deletion of this stack although the provider stays.
    this.oidcProviderArn = Lazy.uncachedString({ produce: ({ scope: consumer }) => Stack.of(consumer) === stack ? resource.ref : arn });
    rejectSecondDefinition(resource.node.defaultChild as CfnResource);
  }

  public get oidcProviderRef(): iam.OIDCProviderReference {
    return { oidcProviderArn: this.oidcProviderArn };
  }

  // In newer versions of the CDK, the interface also has the property names of the older class.
  public get openIdConnectProviderArn(): string {
    return this.oidcProviderArn;
  }

  public get openIdConnectProviderIssuer(): string {
    return this.oidcProviderIssuer;
  }
}
