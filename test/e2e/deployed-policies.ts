/** Evaluates the requests of `npm run prove` with the policies of a deployed runner, read from IAM, S3 and CloudWatch Logs. */
import { CloudWatchLogsClient, DescribeResourcePoliciesCommand } from '@aws-sdk/client-cloudwatch-logs';
import { GetRoleCommand, GetRolePolicyCommand, IAMClient, ListAttachedRolePoliciesCommand, ListRolePoliciesCommand } from '@aws-sdk/client-iam';
import { GetBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Runner as Registered } from '../../local/orchestrator/model';
import { STACK } from '../../local/try/cdk';
import { ISSUER, SECRET_NAME, type Cloud } from '../../local/try/cloud';
import { isAsExpected } from '../proof/evaluator';
import { hostileRequests } from '../proof/hostile';
import type { Account, Document, Role, Runner } from '../proof/model';
import { realRequests } from '../proof/real';

/** IAM returns URL-encoded documents, but not all emulators do. */
export const documentOf = (text = '{}'): Document => JSON.parse(text.startsWith('{') ? text : decodeURIComponent(text)) as Document;

export interface Verdict {
  readonly real: number;
  readonly hostile: number;
  readonly wrong: string[];
}

/** Evaluates all requests with the deployed policies. */
export async function checkDeployedPolicies(cloud: Cloud, registered: Registered): Promise<Verdict> {
  const iam = new IAMClient(cloud.account.settings);
  const s3 = new S3Client({ ...cloud.account.settings, forcePathStyle: true });
  const logs = new CloudWatchLogsClient(cloud.account.settings);
  const secrets = new SecretsManagerClient(cloud.account.settings);
  try {
    const resources = await cloud.account.stackResources(STACK);
    // The construct id of a self-hosted orchestrator's registration contains a hash of the API URL.
    const physical = (start: string) => resources.find(({ LogicalResourceId: id }) => id && new RegExp(`^${start}`).test(id))?.PhysicalResourceId ?? `no ${start}`;
    const { account, region } = cloud.emulator;
    const { auth, job } = registered.runner_configuration as unknown as { auth: { role_arn: string }; job: Record<string, string> };
    const bucket = registered.state_storage_configuration.bucket;
    const registration = await roleNamed(iam, physical('HumanitecRunnerRegistration[0-9a-f]{8}Role[0-9A-F]{8}$'));
    const roles: Record<string, Role> = { [registration.arn]: registration.role };
    for (const arn of [auth.role_arn, job.execution_role_arn, job.task_role_arn]) roles[arn!] = (await roleNamed(iam, arn!.split('/').pop()!)).role;
    const { Policy: bucketPolicy } = await s3.send(new GetBucketPolicyCommand({ Bucket: bucket }));
    const { resourcePolicies = [] } = await logs.send(new DescribeResourcePoliciesCommand({}));
    const { ARN: tokenArn } = await secrets.send(new DescribeSecretCommand({ SecretId: SECRET_NAME }));
    const known: Account = {
      id: account,
      roles,
      buckets: { [`arn:aws:s3:::${bucket}`]: documentOf(bucketPolicy) },
      keys: {},
      logs: Object.fromEntries(resourcePolicies.map(({ policyName, policyDocument }) => [policyName ?? '', documentOf(policyDocument)])),
    };
    const runner: Runner = {
      name: 'deployed',
      account,
      region,
      orgId: registered.org_id,
      runnerId: registered.id,
      issuer: ISSUER.replace('https://', ''),
      familyPrefix: `platform_orchestrator_env_${registered.org_id}_`,
      cluster: job.cluster!,
      taskManagerRole: auth.role_arn,
      executionRole: job.execution_role_arn!,
      taskRole: job.task_role_arn!,
      givenRoles: [],
      registrationRole: registration.arn,
      registrationFunction: `arn:aws:lambda:${region}:${account}:function:${physical('HumanitecRunnerRegistration[0-9a-f]{8}Function[0-9A-F]{8}$')}`,
      ensuredProvider: `arn:aws:iam::${account}:oidc-provider/${ISSUER.replace('https://', '')}`,
      bucket: `arn:aws:s3:::${bucket}`,
      bucketOwner: account,
      ownBucket: true,
      eventLogGroup: `/aws/ecs/${registered.id}`,
      hasEventLog: true,
      registrationLogGroup: physical('HumanitecRunnerRegistration[0-9a-f]{8}LogGroup[0-9A-F]{8}$'),
      encryptedLogs: [],
      // `npm run prove` and the tests with removed permissions check the use of the customer managed key.
      secrets: Object.values(registered.runner_configuration.job.secrets ?? {}).map((arn) => ({ kind: arn.includes(':ssm:') ? 'parameter' : 'secret', arn })),
      token: { kind: 'secret', arn: tokenArn! },
    };
    const real = realRequests(runner);
    const hostile = hostileRequests(runner);
    return { real: real.length, hostile: hostile.length, wrong: [...real, ...hostile].filter((request) => !isAsExpected(known, request)).map(({ name }) => name) };
  } finally {
    for (const client of [iam, s3, logs, secrets]) client.destroy();
  }
}

async function roleNamed(iam: IAMClient, RoleName: string): Promise<{ arn: string; role: Role }> {
  const { Role: role } = await iam.send(new GetRoleCommand({ RoleName }));
  const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
  const { AttachedPolicies = [] } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
  // The library attaches no managed policies. Their documents would have to be read, too.
  if (AttachedPolicies.length > 0) throw new Error(`${RoleName} has managed policies: ${AttachedPolicies.map(({ PolicyName }) => PolicyName).join(', ')}`);
  const policies = await Promise.all(PolicyNames.map(async (PolicyName) =>
    [PolicyName, documentOf((await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }))).PolicyDocument)] as const));
  return { arn: role!.Arn!, role: { policies: Object.fromEntries(policies), trust: documentOf(role!.AssumeRolePolicyDocument) } };
}
