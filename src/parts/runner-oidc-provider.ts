import { RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { rejectSecondDefinition } from './oidc-provider-conflicts';
import { HUMANITEC_OIDC_ISSUER, OIDC_AUDIENCE } from '../common/contract';
import { checkTypes, InputTypes, oneOf, TEXT } from '../common/input-types';
import { warnAtTheEnd } from '../common/late-warning';
import { Problems } from '../common/problems';
import { isRetained } from '../common/removal-policy';
import { unknownInputs, warnAboutUnknownInputs } from '../common/unknown-inputs';
import { checkIssuer, issuerName } from '../inputs/oidc-issuer';

/** Properties of `RunnerOidcProvider`. */
export interface RunnerOidcProviderProps {
  /**
   * Issuer of the OIDC tokens that the orchestrator presents to AWS STS: `https://`, host and path, without port, query and fragment. Must be
   * a literal string, not a CDK token, because IAM puts the issuer into the names of condition keys.
   *
   * @default 'https://oidc.humanitec.dev', the issuer of Humanitec's hosted orchestrator
   */
  readonly oidcIssuerUrl?: string;

  /**
   * What happens to the provider when it leaves the stack, or when the stack is deleted. `RETAIN_ON_UPDATE_OR_DELETE` keeps it, except when
   * the deployment that creates it fails. No runner of the account with this issuer gets deployments any more after `DESTROY`.
   *
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
   */
  readonly removalPolicy?: RemovalPolicy;
}

const TYPES: InputTypes<RunnerOidcProviderProps> = { oidcIssuerUrl: TEXT, removalPolicy: oneOf('RemovalPolicy', RemovalPolicy) };

/**
 * The OIDC provider of an orchestrator's issuer, for accounts with runners in several stacks. Define it once per account, and pass it to all runners as
 * `oidcProvider`. Runners in other regions can use it, too, because IAM is global.
 *
 * Without it, each runner stack creates the provider if the account has none. This is sufficient for one runner stack.
 *
 * CloudFormation cannot create the provider if the account has one for the issuer already, for example because an earlier stack retained it. In this case,
 * import it into the stack with `cdk import`, or do not define it and give its ARN to the runners: `OidcProviderNative.fromOidcProviderArn()`.
 *
 * Only tags on this construct or its stack are applied to the provider: the `tags` of runners are not. CloudFormation's updates of a provider without thumbprints are
 * reported to fail, so tag it when you create it.
 *
 * @throws an error at synthesis if the issuer is not valid, or if the app defines a second provider of the issuer for the account
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
 * @see https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2092
 */
export class RunnerOidcProvider extends iam.OidcProviderNative {
  /**
   * Defines the provider.
   *
   * @param scope the parent construct
   * @param id the construct id
   * @param props options that override the defaults
   */
  constructor(scope: Construct, id: string, props: RunnerOidcProviderProps = {}) {
    checkPropTypes(scope, id, props);
    const { oidcIssuerUrl = HUMANITEC_OIDC_ISSUER, removalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE } = props;
    checkProps(scope, id, oidcIssuerUrl, removalPolicy);
    // With its name known, stacks of other regions can refer to it.
    const name = issuerName(oidcIssuerUrl);
    super(scope, id, { url: `https://${name}`, clientIds: [OIDC_AUDIENCE], oidcProviderName: name });
    warnAboutUnknownInputs(this, unknownInputs(props, TYPES));
    const resource = this.node.defaultChild as iam.CfnOIDCProvider;
    resource.applyRemovalPolicy(removalPolicy);
    rejectSecondDefinition(resource);
    warnAtTheEnd(this, 'oidcProviderDeleted', () => removalPolicy === RemovalPolicy.DESTROY || isRetained(resource) ? undefined
      : `CloudFormation deletes the OIDC provider of '${name}' with the stack, because another removal policy was applied to it. Then no runner of the account `
        + 'with this issuer gets deployments. Apply the policy with `excludeResourceTypes: [\'AWS::IAM::OIDCProvider\']`, or set `removalPolicy` to RemovalPolicy.DESTROY.');
  }

  /** ARN of the provider. Stacks of other regions get it as text. */
  public override get oidcProviderArn(): string {
    return this.getResourceArnAttribute((this.node.defaultChild as iam.CfnOIDCProvider).ref, {
      service: 'iam', region: '', resource: 'oidc-provider', resourceName: this.physicalName,
    });
  }

  /** Issuer of the provider: host and path. */
  public override get oidcProviderIssuer(): string {
    return this.physicalName;
  }
}

function checkPropTypes(scope: Construct, id: string, props: RunnerOidcProviderProps): void {
  const problems = new Problems();
  checkTypes(problems, props, TYPES);
  problems.throwIfAny(scope, 'RunnerOidcProvider', id);
}

function checkProps(scope: Construct, id: string, oidcIssuerUrl: string, removalPolicy: RemovalPolicy): void {
  const problems = new Problems();
  checkIssuer(problems, oidcIssuerUrl);
  if (removalPolicy === RemovalPolicy.SNAPSHOT) {
    problems.add({
      input: 'removalPolicy',
      expected: 'DESTROY, RETAIN or RETAIN_ON_UPDATE_OR_DELETE',
      got: 'SNAPSHOT',
      fix: 'An OIDC provider has no snapshots: choose another policy.',
    });
  }
  problems.throwIfAny(scope, 'RunnerOidcProvider', id);
}
