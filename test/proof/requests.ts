/** Adds the context keys that AWS sends with every request. */
import type { Context, Request, Runner, Who } from './model';

export interface Draft {
  readonly topic: string;
  readonly name: string;
  readonly who: Who;
  readonly action: string;
  readonly resource: string;
  /** The account that owns the resource. The default is the account of the runner. */
  readonly owner?: string;
  readonly region?: string;
  readonly context?: Record<string, string | string[] | undefined>;
  readonly hypothetical?: boolean;
  readonly call?: string;
}

export function requestsOf(runner: Runner, expected: Request['expected'], drafts: Draft[]): Request[] {
  return drafts.filter((draft) => !isTrustOfGivenRole(runner, draft)).map(({ region = runner.region, owner = runner.account, context = {}, ...draft }) => {
    const all: Record<string, string | string[] | undefined> = {
      'aws:SecureTransport': 'true',
      'aws:ResourceAccount': owner,
      ...requester(draft.who, region),
      ...draft.action.startsWith('s3:') ? { 's3:TlsVersion': '1.3', 's3:authType': 'REST-HEADER', 's3:signatureversion': 'AWS4-HMAC-SHA256' } : {},
      ...draft.action.startsWith('kms:') && typeof draft.who === 'object' && 'role' in draft.who ? { 'kms:CallerAccount': runner.account } : {},
      ...context,
    };
    return { ...draft, owner, expected, context: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Context };
  });
}

/** The user sets the trust policy of a given role, so it is not part of the proof. */
function isTrustOfGivenRole(runner: Runner, { action, resource, who }: Draft): boolean {
  return action.startsWith('sts:') && runner.givenRoles.includes(resource) && !(typeof who === 'object' && 'role' in who);
}

function requester(who: Who, region: string): Context {
  if (who === 'anonymous') return { 'aws:PrincipalType': 'Anonymous' };
  if ('service' in who) return { 'aws:PrincipalIsAWSService': 'true', 'aws:PrincipalServiceName': who.service };
  if ('federated' in who) return { 'aws:RequestedRegion': region, 'aws:FederatedProvider': who.federated };
  const arn = 'role' in who ? who.role : `arn:aws:iam::${who.administrator}:role/Administrator`;
  return { 'aws:RequestedRegion': region, 'aws:PrincipalArn': arn, 'aws:PrincipalAccount': arn.split(':')[4]!, 'aws:PrincipalType': 'AssumedRole', 'aws:PrincipalIsAWSService': 'false' };
}
