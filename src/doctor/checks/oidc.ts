import { OIDC_AUDIENCE } from '../../common/contract';
import { Aws, AwsError, list } from '../aws';
import { Check, Finding, ok, problem, unknown } from '../check';
import { evaluate, PolicyDocument } from '../policies';
import { isRole, readRole, roleNameOf } from '../role-access';

/** What the orchestrator needs to assume the task manager role. */
export interface OidcFacts {
  /** Host and path of the issuer, as IAM names it. */
  readonly issuer: string;
  readonly providerArn: string;
  /** The subject of the orchestrator's tokens for this runner. */
  readonly subject: string;
  readonly roleName: string;
  /** The audiences of the provider; undefined if the account has no such provider. */
  readonly audiences?: string[];
  /** The role's trust policy as it is; undefined if the role does not exist, which is reported by the check of the role. */
  readonly trust?: PolicyDocument;
  /** The role's trust policy as the template has it. */
  readonly expectedTrust: PolicyDocument;
}

/**
 * Whether STS lets the orchestrator assume the role.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc.html
 */
export function findOidcProblems(facts: OidcFacts): Finding[] {
  return [findProviderProblem(facts), findTrustProblem(facts)].filter(finding => finding !== undefined);
}

function findProviderProblem({ issuer, providerArn, audiences }: OidcFacts): Finding {
  if (audiences === undefined) {
    return problem(`The account has no OIDC provider for ${issuer}, so STS rejects the orchestrator's tokens.`,
      `Create it: aws iam create-open-id-connect-provider --url https://${issuer} --client-id-list ${OIDC_AUDIENCE}`);
  }
  if (!audiences.includes(OIDC_AUDIENCE)) {
    return problem(`The OIDC provider ${issuer} accepts the audiences ${audiences.join(', ') || '(none)'}, but not ${OIDC_AUDIENCE}, which the orchestrator's tokens have.`,
      `Add it: aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn ${providerArn} --client-id ${OIDC_AUDIENCE}`);
  }
  return ok(`The OIDC provider ${issuer} exists and accepts the audience ${OIDC_AUDIENCE}.`);
}

function findTrustProblem({ issuer, providerArn, subject, roleName, trust, expectedTrust }: OidcFacts): Finding | undefined {
  if (trust === undefined) {
    return undefined;
  }
  const { decision, dependsOn } = evaluate([trust], {
    action: 'sts:AssumeRoleWithWebIdentity',
    resource: '*',
    principal: { kind: 'Federated', value: providerArn },
    context: { [`${issuer}:aud`]: OIDC_AUDIENCE, [`${issuer}:sub`]: subject },
  });
  if (decision === 'unknown') {
    return unknown(`Could not check whether the role ${roleName} trusts the orchestrator: its trust policy depends on ${dependsOn.join(', ')}.`,
      `Compare it with the policy of the template: ${JSON.stringify(expectedTrust)}`);
  }
  if (decision !== 'allowed') {
    return problem(`The trust policy of the role ${roleName} does not let the subject '${subject}' of ${issuer} assume the role.`,
      `Set it back: aws iam update-assume-role-policy --role-name ${roleName} --policy-document '${JSON.stringify(expectedTrust)}'`);
  }
  return ok(`The role ${roleName} trusts the subject '${subject}' of ${issuer}.`);
}


export const OIDC: Check = {
  id: 'oidc',
  title: 'The OIDC provider, and the trust of the task manager role',
  reads: ['iam:GetOpenIDConnectProvider', 'iam:GetRole'],
  async run({ aws, stack, runner: { properties }, once }) {
    const { RoleArn: roleArn } = properties.Auth;
    const expectedTrust = stack.resources.find(resource => isRole(resource, roleArn))?.properties.AssumeRolePolicyDocument;
    const issuer = issuerOf(expectedTrust);
    if (issuer === undefined) {
      return [unknown(`Could not read the issuer of the orchestrator from the template: the role ${roleNameOf(roleArn)} has no condition for its audience.`,
        'Deploy the stack again without changing the trust policy of the role.')];
    }
    const providerArn = `${roleArn.split(':role/')[0]}:oidc-provider/${issuer}`;
    const [role, audiences] = await Promise.all([
      once(`role ${roleArn}`, async () => readRole(aws, roleArn)),
      readAudiences(aws, providerArn),
    ]);
    return findOidcProblems({
      issuer, providerArn, subject: `${properties.OrgId}+${properties.RunnerId}`, roleName: roleNameOf(roleArn), audiences, trust: role?.trust, expectedTrust,
    });
  },
};

function issuerOf(trust: PolicyDocument | undefined): string | undefined {
  const statements = [trust?.Statement ?? []].flat();
  const keys = statements.flatMap(({ Condition: conditions = {} }) => Object.values(conditions).flatMap(condition => Object.keys(condition)));
  return keys.find(key => key.endsWith(':aud'))?.slice(0, -':aud'.length);
}

async function readAudiences(aws: Aws, OpenIDConnectProviderArn: string): Promise<string[] | undefined> {
  try {
    return list((await aws('iam', 'GetOpenIDConnectProvider', { OpenIDConnectProviderArn })).ClientIDList);
  } catch (error) {
    if (error instanceof AwsError && error.kind === 'not-found') {
      return undefined;
    }
    throw error;
  }
}
