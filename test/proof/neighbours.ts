/** Several runners of one account: whether one can access the resources of another, and whether permissions boundaries limit the roles. */
import { App, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { scenesOf, withWarnings } from './combinations';
import { isAllowed } from './evaluator';
import type { Scene } from './examples';
import { ACCOUNT, REGION } from './inputs';
import type { Account, Document, Request, Runner } from './model';
import { realRequests } from './real';
import { ApiToken, EcsRunner, EcsRunnerProps, Orchestrator, StateStorage } from '../../src';

const env = { account: ACCOUNT, region: REGION };

function props(stack: Stack, orgId: string, more: Partial<EcsRunnerProps> = {}): EcsRunnerProps {
  const apiToken = ApiToken.fromSecretsManager(secretsmanager.Secret.fromSecretNameV2(stack, `Token-${orgId}-${more.runnerId}`, `token-${orgId}`));
  return { orchestrator: Orchestrator.humanitec({ orgId, apiToken }), subnetIds: ['subnet-11111111'], ...more };
}

export function neighbourScenes(): Scene[] {
  return scenesOf((app: App) => {
    const apart = new Stack(app, 'Apart', { env });
    new EcsRunner(apart, 'One', props(apart, 'my-org', { runnerId: 'one-runner' }));
    new EcsRunner(apart, 'Two', props(apart, 'my-org', { runnerId: 'two-runner' }));
    const organizations = new Stack(app, 'Organizations', { env });
    new EcsRunner(organizations, 'One', props(organizations, 'my-org', { runnerId: 'prod-runner' }));
    new EcsRunner(organizations, 'Two', props(organizations, 'my-org-eu', { runnerId: 'prod-runner-eu' }));

    // One bucket, cluster and key of another stack for all runners.
    const shared = new Stack(app, 'Shared', { env });
    const bucket = new s3.Bucket(shared, 'States', { encryptionKey: new kms.Key(shared, 'Key'), bucketKeyEnabled: true });
    const cluster = ecs.Cluster.fromClusterArn(shared, 'Cluster', new ecs.CfnCluster(shared, 'SharedCluster').attrArn);
    const together = new Stack(app, 'Together', { env });
    const on = (prefix: string) => ({ runnerId: `${prefix}-runner`, cluster, stateStorage: StateStorage.existingBucket(bucket, { prefix }) });
    const runners = ['team', 'team-2', 'te'].map((prefix) => new EcsRunner(together, prefix, props(together, 'my-org', on(prefix))));
    const keys: [unknown, unknown][] = [[bucket.bucketArn, bucket.encryptionKey!.keyArn]];
    return [
      { stack: apart, name: 'two runners', given: () => ({}) },
      { stack: organizations, name: 'two organizations', given: () => ({}) },
      { stack: together, name: 'three runners that share', given: () => withWarnings(runners[0]!, { existingBucket: true, keys }) },
    ];
  });
}

/** The real calls of one runner, made with the role of another runner. */
export function trespasses(mine: Runner, other: Runner): Request[] {
  const roles = new Map([[other.taskManagerRole, mine.taskManagerRole], [other.executionRole, mine.executionRole], [other.taskRole, mine.taskRole]]);
  const own = new Set(realRequests(mine).map(({ action, resource, context }) => `${action} ${resource} ${context['s3:prefix']}`));
  const { account, bucket, cluster } = mine;
  return realRequests(other).flatMap((request): Request[] => {
    const { who, action, resource, context } = request;
    const role = typeof who === 'object' && 'role' in who ? roles.get(who.role) : undefined;
    // Families do not contain the runner id, and runners share some resources: see SECURITY.md.
    const shared = resource === '*' || resource.includes(':task-definition/') && action !== 'ecs:RunTask' || own.has(`${action} ${resource} ${context['s3:prefix']}`)
      || resource.startsWith(`arn:aws:ecs:${mine.region}:${account}:`) && other.cluster === cluster || action.startsWith('kms:') && context['kms:EncryptionContext:aws:s3:arn'] === bucket;
    const name = `another runner: ${request.name}`;
    if (action === 'sts:AssumeRoleWithWebIdentity') return [{ ...request, name, topic: 'neighbours', resource: mine.taskManagerRole, expected: 'denied' }];
    return role === undefined || shared ? [] : [{ ...request, name, topic: 'neighbours', who: { role }, expected: 'denied' }];
  });
}

const CLOSED: Document = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sts:GetCallerIdentity', Resource: '*' }] };

/** Requests that a boundary without permissions does not deny, and roles without a boundary. */
export function unbounded(account: Account, runner: Runner): { tried: number; passed: string[] } {
  const roles = Object.fromEntries(Object.entries(account.roles).map(([arn, role]) => [arn, role.boundary ? { ...role, boundary: CLOSED } : role]));
  const made = Object.entries(account.roles).filter(([arn, { trust }]) => trust && !runner.givenRoles.includes(arn));
  const requests = realRequests(runner).filter(({ who }) => typeof who === 'object' && 'role' in who && !runner.givenRoles.includes(who.role));
  return {
    tried: requests.length + made.length,
    passed: [
      ...made.filter(([, { boundary }]) => !boundary).map(([arn]) => `${arn} has no boundary`),
      ...requests.filter((request) => isAllowed({ ...account, roles }, request)).map(({ name }) => name),
    ],
  };
}
