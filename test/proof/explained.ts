/** Changes of policies that no request can detect, each with the reason why the policy is kept. An entry that matches nothing is an error. */

export interface Explanation {
  readonly matches: RegExp;
  readonly reason: string;
}

export const EXPLAINED: Explanation[] = [
  {
    matches: /^bucket policy \/ .* \/ the resource (bucket|objects) widened to \*$/,
    reason: 'S3 evaluates a bucket policy only for the bucket and its objects, so * means the same',
  },
  {
    matches: /^key policy \/ Allow kms:\* to root \/ without /,
    reason: 'the CDK\'s own statement, which delegates to the account\'s IAM policies: the user manages the key with it; the runner does not need it if the key encrypts only log groups',
  },
  {
    matches: /^key policy \/ Allow kms:\* to a role \/ without /,
    reason: 'the statement for the administrators of an imported key, which the runner does not need',
  },
  {
    matches: /^role of the registration \/ KeepCodeFromVpc \/ ec2:\w+ widened to ec2:\*$/,
    reason: 'it denies the actions that AttachToVpc allows; denying more actions has no effect',
  },
  {
    matches: /^task manager role \/ DenyLargeTask\w+ \/ (ecs:\w+|the resource \*) widened to /,
    reason: 'it denies task sizes, which only these calls have; denying more actions has no effect',
  },
  {
    matches: /^task role \/ ListState \/ StringLike s3:prefix only where the call mentions it$/,
    reason: 'FindMissingState allows listing without a prefix, which OpenTofu may need',
  },
  {
    matches: /^key policy \/ EncryptState \/ /,
    reason: 'a warning contains it for key policies that do not delegate to IAM. This test delegates to IAM to check the role; otherwise, the real calls above need this statement',
  },
];
