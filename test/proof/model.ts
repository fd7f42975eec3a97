/** What the proof speaks of: an account's policies, a runner in it, and requests. Where the policies come from is another matter. */

export interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | string[];
  readonly Resource?: string | string[];
  readonly Principal?: '*' | Record<string, string | string[]>;
  readonly Condition?: Record<string, Record<string, string | string[]>>;
}

export interface Document {
  readonly Version?: string;
  readonly Statement: Statement[];
}

/** The policies of one role. The trust of a role that somebody else made is not known, and not ours to judge. */
export interface Role {
  readonly policies: Record<string, Document>;
  readonly trust?: Document;
  readonly boundary?: Document;
}

/** The policies of an account as IAM, S3, KMS and CloudWatch Logs have them: read from a template, or back from an account. */
export interface Account {
  readonly id: string;
  /** By ARN. */
  readonly roles: Record<string, Role>;
  readonly buckets: Record<string, Document>;
  readonly keys: Record<string, Document>;
  /** The resource policies of CloudWatch Logs. */
  readonly logs: Record<string, Document>;
}

/** A secret or parameter, as AWS knows it: its ARN says in which region it is. */
export interface Secret {
  readonly kind: 'secret' | 'parameter';
  readonly arn: string;
  /** Its customer managed key. */
  readonly keyArn?: string;
}

/** A runner: everything that a request for it can name. */
export interface Runner {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly orgId: string;
  readonly runnerId: string;
  /** The issuer without its scheme, as IAM names it. */
  readonly issuer: string;
  readonly familyPrefix: string;
  readonly cluster: string;
  readonly taskManagerRole: string;
  readonly executionRole: string;
  readonly taskRole: string;
  /** Of these, the ones that the user gave: whom they trust is his business. */
  readonly givenRoles: string[];
  /** The Lambda's; a runner that was set up otherwise has none. */
  readonly registrationRole?: string;
  /** The Lambda, which its own calls name. */
  readonly registrationFunction?: string;
  readonly registrationInVpc?: boolean;
  /** The OIDC provider that the Lambda creates if the account has none; undefined if the user gave one. */
  readonly ensuredProvider?: string;
  readonly bucket: string;
  readonly prefix?: string;
  /** The account that owns the bucket. */
  readonly bucketOwner: string;
  /** The bucket's customer managed key; with a bucket key, S3 names the bucket instead of the object when it uses it. */
  readonly bucketKey?: { readonly arn: string; readonly use: 'bucket' | 'object' | 'either' };
  readonly ownBucket: boolean;
  readonly eventLogGroup: string;
  /** Whether EventBridge writes into it with a policy of the runner's: a user can turn the log off, or give a group with a policy of his own. */
  readonly hasEventLog: boolean;
  readonly registrationLogGroup?: string;
  /** Log groups with a customer key. */
  readonly encryptedLogs: { readonly what: string; readonly group: string; readonly keyArn: string }[];
  readonly secrets: Secret[];
  readonly imageRepository?: string;
  readonly token?: Secret;
  /** The role of CDK's handler that empties the bucket, where the user asked for it. */
  readonly emptyingRole?: string;
}

/** The account without permissions boundaries: they are the user's, and must not be what keeps hostile requests out. */
export const unboundedAccount = (account: Account): Account =>
  ({ ...account, roles: Object.fromEntries(Object.entries(account.roles).map(([arn, { policies, trust }]) => [arn, { policies, trust }])) });

/** The account whose keys leave their use to IAM, as those of the CDK do: what the policy of a key keeps out must not hide what that of a role does not. */
export const accountOfOpenKeys = (account: Account): Account => ({
  ...account,
  keys: Object.fromEntries(Object.entries(account.keys).map(([arn, { Statement: statements, ...policy }]) => [arn, {
    ...policy,
    Statement: [...statements, { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account.id}:root` }, Action: 'kms:*', Resource: '*' }],
  }])),
});

export type Context = Record<string, string | string[]>;

/** Who asks: a role with its policies, a service, a federated identity, or somebody whose own policies allow everything. */
export type Who =
  | { readonly role: string }
  | { readonly service: string }
  | { readonly federated: string }
  | { readonly administrator: string }
  | 'anonymous';

/** One request, and what has to come of it. */
export interface Request {
  /** A sentence that a reviewer understands. */
  readonly name: string;
  readonly topic: string;
  readonly who: Who;
  readonly action: string;
  readonly resource: string;
  /** The account that owns the resource. */
  readonly owner: string;
  readonly context: Context;
  readonly expected: 'allowed' | 'denied';
  /** AWS never sends such a request: it is there to see that a condition counts, beside others that would keep the real ones out. */
  readonly hypothetical?: boolean;
  /** The call that this is one way to evaluate: nobody but AWS knows which way it takes, so all of them have to pass. */
  readonly call?: string;
}

export const OUTSIDER = '999988887777';

export const regionOf = ({ arn }: Secret): string => arn.split(':')[3]!;

export const list = <T>(value: T | T[] | undefined): T[] => value === undefined ? [] : Array.isArray(value) ? value : [value];
