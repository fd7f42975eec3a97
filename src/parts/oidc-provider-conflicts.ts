import { CfnResource, Stack, Stage, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { issuerName } from '../inputs/oidc-issuer';
import { OIDC_PROVIDER_TYPE } from '../registration/wire';

/** Types of resources that create an OIDC provider, with the property that contains the issuer. */
const ISSUER_PROPERTIES: Record<string, string> = {
  'AWS::IAM::OIDCProvider': 'Url',
  // `OpenIdConnectProvider` of aws-cdk-lib.
  'Custom::AWSCDKOpenIdConnectProvider': 'Url',
  [OIDC_PROVIDER_TYPE]: 'IssuerUrl',
};

/** The resources of this library that take part in the check for a second definition. */
const CHECKED = new WeakSet<CfnResource>();

/**
 * Fails synthesis if the app defines another OIDC provider of the same issuer for the same account: an account can have only one. The check runs
 * at the end of synthesis, when all providers of the app are defined, so their order does not matter.
 */
export function rejectSecondDefinition(resource: CfnResource): void {
  CHECKED.add(resource);
  resource.node.addValidation({ validate: () => conflictsOf(resource) });
}

function conflictsOf(own: CfnResource): string[] {
  const issuer = issuerOf(own);
  const all = definitionsIn(own.node.root).filter(other => issuerOf(other) === issuer && inSameAccount(own, other));
  // All definitions find the same conflict. Only one of them reports it.
  if (all.length < 2 || all.find(each => CHECKED.has(each)) !== own) {
    return [];
  }
  const { account } = Stack.of(own);
  const known = !Token.isUnresolved(account);
  return [`oidcProvider: expected one definition of the OIDC provider of "https://${issuer}" ${known ? `for account "${account}"` : 'for an account'}; `
    + `got ${all.length}: ${all.map(describe).join(', ')}. An account can have one OIDC provider for an issuer: define it once, for example with RunnerOidcProvider, and give it to `
    + 'the runners of all stacks as `oidcProvider`, or import it there with OidcProviderNative.fromOidcProviderArn().'
    + (known ? '' : ' If the stacks are for different accounts, set their `env`.')];
}

function definitionsIn(root: IConstruct): CfnResource[] {
  return root.node.findAll().filter(CfnResource.isCfnResource).filter(({ cfnResourceType }) => cfnResourceType in ISSUER_PROPERTIES);
}

/** The issuer of a definition; undefined if it is not known at synthesis. */
function issuerOf(resource: CfnResource): string | undefined {
  const template: { Resources: Record<string, { Properties?: Record<string, unknown> }> } = Stack.of(resource).resolve(resource._toCloudFormation());
  const url = Object.values(template.Resources)[0].Properties?.[ISSUER_PROPERTIES[resource.cfnResourceType]];
  return typeof url === 'string' ? issuerName(url) : undefined;
}

/**
 * Whether two definitions are in the same account. The stacks of a stage without an account are deployed to the same one, which can differ from the accounts of
 * other stacks.
 */
function inSameAccount(one: CfnResource, other: CfnResource): boolean {
  const [{ account }, { account: otherAccount }] = [Stack.of(one), Stack.of(other)];
  if (Token.isUnresolved(account) !== Token.isUnresolved(otherAccount)) {
    return false;
  }
  return Token.isUnresolved(account)
    ? Stage.of(one) === Stage.of(other)
    : account === otherAccount;
}

function describe(resource: CfnResource): string {
  if (resource.cfnResourceType === OIDC_PROVIDER_TYPE) {
    return `the runners of stack '${Stack.of(resource).node.path}', which have no \`oidcProvider\``;
  }
  // The message names the construct that users define, not the resource in it.
  const path = resource.node.scopes.filter(({ node }, index) => index === 0 || !['Resource', 'Default'].includes(node.id));
  return `'${path[path.length - 1].node.path}'`;
}
