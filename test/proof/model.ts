/** The data model of the proof: an account's policies, its runners, and requests. It does not depend on the source of the policies. */

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

/** The policies of one role. The trust policy of a role that the user gave is unknown, and not part of the proof. */
export interface Role {
  readonly policies: Record<string, Document>;
  readonly trust?: Document;
  readonly boundary?: Document;
}

/** The policies of an account in IAM, S3, KMS and CloudWatch Logs. They come from a template or from a deployed account. */
export interface Account {
  readonly id: string;
  /** By role ARN. */
  readonly roles: Record<string, Role>;
  readonly buckets: Record<string, Document>;
  readonly keys: Record<string, Document>;
  /** The resource policies of CloudWatch Logs. */
  readonly logs: Record<string, Document>;
}

/** A secret or parameter. Its ARN contains the region. */
export interface Secret {
  readonly kind: 'secret' | 'parameter';
  readonly arn: string;
  /** Its customer managed key. */
  readonly keyArn?: string;
}

/** The properties of a runner that requests can refer to. */
export interface Runner {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly orgId: string;
  readonly runnerId: string;
  /** The issuer without its scheme, as in IAM. */
  readonly issuer: string;
  readonly familyPrefix: string;
  readonly cluster: string;
  readonly taskManagerRole: string;
  readonly executionRole: string;
  readonly taskRole: string;
  /** Roles that the user gave. Their trust policies are not part of the proof. */
  readonly givenRoles: string[];
  /** The role of the Lambda. Undefined for runners that were not set up by this library. */
  readonly registrationRole?: string;
  /** The ARN of the Lambda, which is part of its own requests. */
  readonly registrationFunction?: string;
  readonly registrationInVpc?: boolean;
  /** The OIDC provider that the Lambda creates if the account has none. Undefined if the user gave one. */
  readonly ensuredProvider?: string;
  readonly bucket: string;
  readonly prefix?: string;
  /** The account that owns the bucket. */
  readonly bucketOwner: string;
  /** The bucket's customer managed key. With a bucket key, S3 uses it with the bucket's ARN, otherwise with the object's ARN. */
  readonly bucketKey?: { readonly arn: string; readonly use: 'bucket' | 'object' | 'either' };
  readonly ownBucket: boolean;
  readonly eventLogGroup: string;
  /** Whether the runner has its own event log. Users can turn it off, or give a log group with its own policy. */
  readonly hasEventLog: boolean;
  readonly registrationLogGroup?: string;
  /** Log groups with a customer key. */
  readonly encryptedLogs: { readonly what: string; readonly group: string; readonly keyArn: string }[];
  readonly secrets: Secret[];
  readonly imageRepository?: string;
  readonly token?: Secret;
  /** The role of the CDK handler that empties the bucket, if the user set autoDeleteObjects. */
  readonly emptyingRole?: string;
}

/** The account without permissions boundaries. Hostile requests must be denied without them, because they belong to the user. */
export const unboundedAccount = (account: Account): Account =>
  ({ ...account, roles: Object.fromEntries(Object.entries(account.roles).map(([arn, { policies, trust }]) => [arn, { policies, trust }])) });

/** The account with keys that delegate to IAM, as the CDK's keys do. Otherwise, a key policy could hide that a role's policy is too wide. */
export const accountOfOpenKeys = (account: Account): Account => ({
  ...account,
  keys: Object.fromEntries(Object.entries(account.keys).map(([arn, { Statement: statements, ...policy }]) => [arn, {
    ...policy,
    Statement: [...statements, { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account.id}:root` }, Action: 'kms:*', Resource: '*' }],
  }])),
});

export type Context = Record<string, string | string[]>;

/** The caller: a role, a service, a federated identity, an administrator of an account whose own policies allow everything, or anybody. */
export type Who =
  | { readonly role: string }
  | { readonly service: string }
  | { readonly federated: string }
  | { readonly administrator: string }
  | 'anonymous';

/** A request and its expected result. */
export interface Request {
  /** A readable description of the request. */
  readonly name: string;
  readonly topic: string;
  readonly who: Who;
  readonly action: string;
  readonly resource: string;
  /** The account that owns the resource. */
  readonly owner: string;
  readonly context: Context;
  readonly expected: 'allowed' | 'denied';
  /** Whether AWS never sends such a request. It shows that a condition is needed, where other conditions deny the real requests. */
  readonly hypothetical?: boolean;
  /** The call that AWS may evaluate as this request. AWS does not document which of several ways it uses, so all must be allowed. */
  readonly call?: string;
}

export const OUTSIDER = '999988887777';

export const regionOf = ({ arn }: Secret): string => arn.split(':')[3]!;

export const list = <T>(value: T | T[] | undefined): T[] => value === undefined ? [] : Array.isArray(value) ? value : [value];
