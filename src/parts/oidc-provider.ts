import { type CfnResource, Lazy, Resource, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { rejectSecondDefinition } from './oidc-definitions';
import { addPolicy } from '../common/role-policies';
import { issuerName } from '../inputs/oidc-issuer';
import { RegistrationProvider } from '../registration/provider';
import { oidcProviderResource } from '../registration/resources';

/** The OIDC provider of the issuer: the one that the user gave, or one that all runners of the stack with this issuer share. */
export function bindOidcProvider(scope: Construct, issuerUrl: string, given?: iam.IOidcProvider): iam.IOidcProvider {
  if (given) {
    return given;
  }
  const stack = Stack.of(scope);
  // The issuer is part of the id, so that runners of different orchestrators do not swap providers when their order changes.
  const id = `HumanitecOidcProvider-${issuerName(issuerUrl).replace(/[^a-zA-Z0-9.-]/g, '-')}`;
  return (stack.node.tryFindChild(id) as EnsuredOidcProvider | undefined) ?? new EnsuredOidcProvider(stack, id, issuerUrl);
}

/**
 * An OIDC provider that the registration's Lambda creates if the account has none for the issuer, and otherwise uses as it is. An account can have only
 * one: the runners of other stacks may use it, too, so it is never changed and never deleted. CloudFormation would delete a provider of
 * its own with the stack, and could not create one that a deleted stack retained.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
 */
class EnsuredOidcProvider extends Resource implements iam.IOidcProvider {
  public readonly oidcProviderArn: string;
  public readonly oidcProviderIssuer: string;

  constructor(scope: Construct, id: string, issuerUrl: string) {
    super(scope, id);
    const stack = Stack.of(this);
    this.oidcProviderIssuer = issuerName(issuerUrl);
    const arn = stack.formatArn({ service: 'iam', region: '', resource: 'oidc-provider', resourceName: this.oidcProviderIssuer });
    const policy = addPolicy(this, 'Policy', RegistrationProvider.find(stack)!.role, [new iam.PolicyStatement({
      sid: 'EnsureOidcProvider',
      actions: ['iam:GetOpenIDConnectProvider', 'iam:CreateOpenIDConnectProvider'],
      resources: [arn],
    })], { input: 'orchestrator', fix: 'Put some of the runners into another stack.' });
    const resource = oidcProviderResource(this, 'Resource', { IssuerUrl: issuerUrl, ProviderArn: arn });
    resource.node.addDependency(policy);
    // Other stacks get the ARN as text: an export would keep this stack from being destroyed, though the provider stays.
    this.oidcProviderArn = Lazy.uncachedString({ produce: ({ scope: consumer }) => Stack.of(consumer) === stack ? resource.ref : arn });
    rejectSecondDefinition(resource.node.defaultChild as CfnResource);
  }

  public get oidcProviderRef(): iam.OIDCProviderReference {
    return { oidcProviderArn: this.oidcProviderArn };
  }

  // Newer versions of the CDK have the names of its older class in the interface, too.
  public get openIdConnectProviderArn(): string {
    return this.oidcProviderArn;
  }

  public get openIdConnectProviderIssuer(): string {
    return this.oidcProviderIssuer;
  }
}
