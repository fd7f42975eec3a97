/**
 * Evaluates the same requests with the policies of the reference Terraform module (stellwerk-tf-modules/serverless-ecs-orchestrator-runner, as of
 * 2026-07-23). This file states as facts which actions each role allows on which resources.
 *
 * Since v2.0.0 of 2026-07-13, the module allows only the task definition families of the self-hosted orchestrator. Its last release for the hosted
 * orchestrator is v1.1.1 of 2025-11-18, whose policies are otherwise equal.
 */
import { Stack } from 'aws-cdk-lib';
import { scenesOf } from './combinations';
import { isAllowed } from './evaluator';
import type { Scene } from './examples';
import { hostileRequests } from './hostile';
import { ACCOUNT, propsOf, REGION, type Combination } from './inputs';
import type { Account, Document, Request, Runner, Statement } from './model';
import { realRequests } from './real';
import { EcsRunner } from '../../src';

/** Typical uses of the module: a new or existing cluster, a new bucket, and a secret. */
const USES: { readonly name: string; readonly families: string; readonly choice: Partial<Combination> }[] = [
  { name: 'self-hosted orchestrator', families: 'platform_orchestrator_*', choice: { orchestrator: 'self-hosted' } },
  { name: 'self-hosted, existing cluster', families: 'platform_orchestrator_*', choice: { orchestrator: 'self-hosted', cluster: 'imported' } },
  { name: 'hosted orchestrator (v1.1.1)', families: 'humanitec_*', choice: {} },
  { name: 'hosted, existing cluster (v1.1.1)', families: 'humanitec_*', choice: { cluster: 'imported' } },
];

const BASE: Combination = {
  orchestrator: 'hosted',
  id: 'given',
  cluster: 'own',
  state: 'own',
  key: 'none',
  secrets: 'secret',
  image: 'the orchestrator\'s',
  taskRole: 'own',
  executionRole: 'own',
  token: 'secret by name',
  roles: 'plain',
  provider: 'own',
  place: 'known',
  network: 'a subnet by id',
  registration: 'outside',
  eventLog: 'own',
  environment: 'none',
  tags: 'none',
  rules: 'none',
  others: 'left out',
};

const allow = (...statements: Omit<Statement, 'Effect'>[]): Document => ({ Version: '2012-10-17', Statement: statements.map((one) => ({ Effect: 'Allow', ...one })) });

/** The policies of the module for a runner with the same names. */
function referenceAccount(runner: Runner, families: string, existingCluster: boolean): Account {
  // The module knows only the name of an existing cluster, and does not restrict its account.
  const ecs = `arn:aws:ecs:${runner.region}:${existingCluster ? '*' : runner.account}`;
  const definitions = `${ecs}:task-definition/${families}`;
  const tasks: Statement['Principal'] = { Service: 'ecs-tasks.amazonaws.com' };
  return {
    id: runner.account,
    buckets: {},
    keys: {},
    logs: {},
    roles: {
      [runner.taskManagerRole]: {
        trust: allow({
          Action: 'sts:AssumeRoleWithWebIdentity',
          Principal: { Federated: `arn:aws:iam::${runner.account}:oidc-provider/${runner.issuer}` },
          Condition: { StringEquals: { [`${runner.issuer}:aud`]: 'sts.amazonaws.com', [`${runner.issuer}:sub`]: `${runner.orgId}+${runner.runnerId}` } },
        }),
        policies: {
          Tasks: allow(
            { Action: ['ecs:DeregisterTaskDefinition', 'ecs:ListTaskDefinitions'], Resource: '*' },
            { Action: ['ecs:DeleteTaskDefinitions', 'ecs:RegisterTaskDefinition'], Resource: definitions },
            {
              Action: ['ecs:RunTask', 'ecs:TagResource', 'ecs:ListTasks', 'ecs:DescribeTasks'],
              Resource: [definitions, `${ecs}:cluster/${runner.cluster}`, `${ecs}:task/${runner.cluster}/*`, `${ecs}:container-instance/${runner.cluster}/*`],
            },
            { Action: 'iam:PassRole', Resource: '*', Condition: { StringLike: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } } },
          ),
        },
      },
      [runner.executionRole]: {
        trust: allow({ Action: 'sts:AssumeRole', Principal: tasks }),
        // The managed policy AmazonECSTaskExecutionRolePolicy.
        policies: {
          Managed: allow({
            Action: [
              'ecr:GetAuthorizationToken', 'ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage', 'logs:CreateLogStream', 'logs:PutLogEvents',
            ],
            Resource: '*',
          }),
        },
      },
      [runner.taskRole]: {
        trust: allow({ Action: 'sts:AssumeRole', Principal: tasks }, { Action: 'sts:AssumeRole', Principal: { AWS: runner.taskManagerRole } }),
        policies: { State: allow({ Action: ['s3:ListBucket', 's3:GetObject', 's3:PutObject'], Resource: [runner.bucket, `${runner.bucket}/*`] }) },
      },
    },
  };
}

/** Requests that apply to both. Only this library has task events and a registration. Artificial requests are left out. */
function comparable(runner: Runner): Request[] {
  const shared: Runner = { ...runner, registrationRole: undefined, token: undefined };
  return [...realRequests(shared), ...hostileRequests(shared)].filter(({ topic, hypothetical }) => topic !== 'logs' && !hypothetical);
}

export interface Comparison {
  readonly use: string;
  readonly real: number;
  readonly hostile: number;
  readonly denied: { readonly theirs: string[]; readonly ours: string[] };
  readonly allowed: { readonly theirs: string[]; readonly ours: string[] };
}

export function comparisons(): Comparison[] {
  const scenes: Scene[] = scenesOf((app) => USES.map(({ name, choice }, index) => {
    const stack = new Stack(app, `Use${index + 1}`, { env: { account: ACCOUNT, region: REGION } });
    const { props, given } = propsOf(stack, { ...BASE, ...choice });
    new EcsRunner(stack, 'Runner', props);
    return { stack, name, given: () => ({ ...given, keys: given.keys?.map((pair) => stack.resolve(pair)) }) };
  }));
  return scenes.map(({ name, account, runners: [runner] }, index) => {
    const requests = comparable(runner!);
    const { families, choice } = USES[index]!;
    const theirs = referenceAccount(runner!, families, choice.cluster === 'imported');
    const real = new Map<string, Request[]>();
    for (const request of requests.filter(({ expected }) => expected === 'allowed')) {
      const call = request.call ?? request.name;
      real.set(call, [...real.get(call) ?? [], request]);
    }
    const hostile = requests.filter(({ expected }) => expected === 'denied');
    // If AWS may evaluate a call in several ways, one allowed way is enough, because users see that the call works.
    const denied = (where: Account) => [...real].filter(([, ways]) => !ways.some((way) => isAllowed(where, way))).map(([call]) => call);
    const allowed = (where: Account) => hostile.filter((request) => isAllowed(where, request)).map((request) => request.name);
    return {
      use: name,
      real: real.size,
      hostile: hostile.length,
      denied: { theirs: denied(theirs), ours: denied(account) },
      allowed: { theirs: allowed(theirs), ours: allowed(account) },
    };
  });
}

export function printComparisons(all: Comparison[], withNames: boolean): void {
  const cells = (...columns: (string | number)[]) => console.log(`  ${String(columns[0]).padEnd(40)}${columns.slice(1).map((column) => String(column).padStart(12)).join('')}`);
  console.log('\nThe same requests on the reference Terraform module\'s policies');
  cells('', 'of', 'module', 'here');
  for (const { use, real, hostile, denied, allowed } of all) {
    cells(`${use}: real calls denied`, real, denied.theirs.length, denied.ours.length);
    cells(`${' '.repeat(use.length)}  hostile allowed`, hostile, allowed.theirs.length, allowed.ours.length);
  }
  if (!withNames) return;
  for (const { use, denied, allowed } of all) {
    console.log(`\nthe module, ${use}: real calls denied\n${denied.theirs.map((name) => `  ${name}`).join('\n')}`);
    console.log(`\nthe module, ${use}: hostile requests allowed\n${allowed.theirs.map((name) => `  ${name}`).join('\n')}`);
  }
}
