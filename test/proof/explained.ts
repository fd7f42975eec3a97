/** Changes of policies that no request can notice, each with the reason why what is there stays. One that matches nothing any more is an error. */

export interface Explanation {
  readonly matches: RegExp;
  readonly reason: string;
}

export const EXPLAINED: Explanation[] = [
  {
    matches: /^bucket policy \/ .* \/ the resource (bucket|objects) widened to \*$/,
    reason: 'S3 asks a bucket\'s policy about this bucket and its objects only: there is nothing else that * could mean in it',
  },
  {
    matches: /^key policy \/ Allow kms:\* to root \/ without /,
    reason: 'CDK\'s own statement, which leaves a key to the IAM policies of its account: the runner needs none of it where the key is for log groups only, and the user manages the key with it',
  },
  {
    matches: /^key policy \/ Allow kms:\* to a role \/ without /,
    reason: 'the statement of whoever owns an imported key, for its administrators: the runner needs none of it',
  },
  {
    matches: /^role of the registration \/ KeepCodeFromVpc \/ ec2:\w+ widened to ec2:\*$/,
    reason: 'it takes away what AttachToVpc gives: to deny more would deny nothing that is allowed',
  },
  {
    matches: /^task manager role \/ DenyLargeTask\w+ \/ (ecs:\w+|the resource \*) widened to /,
    reason: 'it takes away sizes that only these calls have: to deny more would deny nothing that is allowed',
  },
  {
    matches: /^task role \/ ListState \/ StringLike s3:prefix only where the call mentions it$/,
    reason: 'FindMissingState allows it to list without a prefix, as OpenTofu may have to',
  },
  {
    matches: /^key policy \/ EncryptState \/ /,
    reason: 'a warning spells it out for the policy of an imported key, in case that leaves nothing to IAM. Here it does, so that what the role may do is tried; without that, the real calls above pass only with this statement',
  },
];
