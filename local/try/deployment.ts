/**
 * Plays the orchestrator for one deployment: the calls that it makes in the account, in its order, with nothing but what
 * is registered at its API. Then plays the task, where OpenTofu keeps its state.
 *
 * The emulator evaluates the policies of the roles, so that a permission that is missing is a call that fails.
 */
import { randomUUID } from 'node:crypto';
import {
  DeleteTaskDefinitionsCommand, DeregisterTaskDefinitionCommand, DescribeTasksCommand, ECSClient, ListTaskDefinitionsCommand, ListTasksCommand,
  RegisterTaskDefinitionCommand, RunTaskCommand, type Tag, type Task,
} from '@aws-sdk/client-ecs';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { ClientSettings } from './account';
import type { Runner } from '../orchestrator/model';

const AUDIENCE = 'sts.amazonaws.com';
const LIFETIME_SECONDS = 3600;
/** At most so many old task definitions are cleared away in one deployment. */
const CLEARED_AT_ONCE = 10;
/** What the orchestrator runs when the registration names no image. */
const DEFAULT_IMAGE = 'registry.example.com/platform-orchestrator/runner:latest';

export interface Identity {
  readonly issuer: string;
  readonly audience?: string;
  /** @default - the one of the runner */
  readonly subject?: string;
}

/** The token that the orchestrator presents: who it is, and which runner it comes for. */
export async function mintToken(runner: Runner, identity: Identity): Promise<string> {
  // An ES module, and this is none.
  const { generateKeyPair, SignJWT } = await import('jose');
  const { privateKey } = await generateKeyPair('RS256');
  return new SignJWT({})
    .setProtectedHeader({ alg: 'RS256', kid: 'local' })
    .setIssuer(identity.issuer)
    .setAudience(identity.audience ?? AUDIENCE)
    .setSubject(identity.subject ?? `${runner.org_id}+${runner.id}`)
    .setIssuedAt()
    .setExpirationTime(`${LIFETIME_SECONDS}s`)
    .sign(privateKey);
}

/** Exchanges a token for the credentials of the role that the runner registered. */
export async function assumeTaskManagerRole(runner: Runner, identity: Identity, { endpoint, region }: ClientSettings): Promise<ClientSettings> {
  const { auth } = runner.runner_configuration;
  // Signed by nobody: the token is all the orchestrator has.
  const sts = new STSClient({ endpoint, region: auth.sts_region ?? region, credentials: { accessKeyId: 'none', secretAccessKey: 'none' } });
  try {
    const { Credentials } = await sts.send(new AssumeRoleWithWebIdentityCommand({
      RoleArn: auth.role_arn,
      RoleSessionName: auth.session_name ?? `${runner.org_id}-${runner.id}`,
      WebIdentityToken: await mintToken(runner, identity),
      DurationSeconds: LIFETIME_SECONDS,
    }));
    return {
      endpoint,
      region,
      credentials: {
        accessKeyId: Credentials?.AccessKeyId ?? '',
        secretAccessKey: Credentials?.SecretAccessKey ?? '',
        sessionToken: Credentials?.SessionToken,
      },
    };
  } finally {
    sts.destroy();
  }
}

export interface Deployment {
  readonly environmentId: string;
  readonly deploymentId: string;
  readonly projectId: string;
  readonly envId: string;
}

/** The orchestrator's side of deployments of one environment. */
export class TaskManager {
  private readonly ecs: ECSClient;

  constructor(private readonly runner: Runner, private readonly familyPrefix: string, settings: ClientSettings) {
    this.ecs = new ECSClient({ ...settings, region: runner.runner_configuration.job.region });
  }

  public family(environmentId: string): string {
    return `${this.familyPrefix}${environmentId}`;
  }

  /** Takes the environment's old task definitions out of use, and deletes those that were taken out before. */
  public async clearTaskDefinitions(family: string): Promise<{ readonly deregistered: number; readonly deleted: number }> {
    const active = await this.ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: family, status: 'ACTIVE', maxResults: CLEARED_AT_ONCE }));
    const old = active.taskDefinitionArns ?? [];
    for (const taskDefinition of old) await this.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition }));
    const inactive = await this.ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: family, status: 'INACTIVE', maxResults: CLEARED_AT_ONCE }));
    const taskDefinitions = inactive.taskDefinitionArns ?? [];
    if (taskDefinitions.length > 0) await this.ecs.send(new DeleteTaskDefinitionsCommand({ taskDefinitions }));
    return { deregistered: old.length, deleted: taskDefinitions.length };
  }

  public async registerTaskDefinition(family: string, deployment: Deployment): Promise<string> {
    const { job } = this.runner.runner_configuration;
    const { taskDefinition } = await this.ecs.send(new RegisterTaskDefinitionCommand({
      family,
      cpu: '512',
      memory: '1024',
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      executionRoleArn: job.execution_role_arn,
      taskRoleArn: job.task_role_arn,
      tags: this.tags(deployment),
      containerDefinitions: [{
        name: 'main',
        image: job.image ?? DEFAULT_IMAGE,
        command: ['standard'],
        essential: true,
        environment: Object.entries({ ...job.environment, ORG_ID: this.runner.org_id, RUNNER_ID: this.runner.id })
          .map(([name, value]) => ({ name, value })),
        secrets: Object.entries(job.secrets ?? {}).map(([name, valueFrom]) => ({ name, valueFrom })),
      }],
    }));
    return taskDefinition?.taskDefinitionArn ?? '';
  }

  public async runTask(taskDefinition: string, deployment: Deployment): Promise<string> {
    const { job } = this.runner.runner_configuration;
    const { tasks, failures } = await this.ecs.send(new RunTaskCommand({
      cluster: job.cluster,
      taskDefinition,
      launchType: 'FARGATE',
      clientToken: deployment.deploymentId,
      tags: this.tags(deployment),
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: job.subnets,
          securityGroups: job.security_groups,
          assignPublicIp: job.is_public_ip_enabled ? 'ENABLED' : 'DISABLED',
        },
      },
    }));
    if (!tasks?.[0]?.taskArn) throw new Error(`RunTask started nothing: ${JSON.stringify(failures)}`);
    return tasks[0].taskArn;
  }

  /** Looks among the running and then the stopped tasks, and describes what it finds, with tags. */
  public async findTask(family: string): Promise<Task | undefined> {
    const { cluster } = this.runner.runner_configuration.job;
    for (const desiredStatus of ['RUNNING', 'STOPPED'] as const) {
      const { taskArns } = await this.ecs.send(new ListTasksCommand({ cluster, family, desiredStatus }));
      if (taskArns && taskArns.length > 0) {
        const { tasks } = await this.ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns, include: ['TAGS'] }));
        if (tasks?.[0]) return tasks[0];
      }
    }
    return undefined;
  }

  public close(): void {
    this.ecs.destroy();
  }

  private tags(deployment: Deployment): Tag[] {
    return Object.entries({
      PlatformOrchestratorOrgId: this.runner.org_id,
      PlatformOrchestratorProjectId: deployment.projectId,
      PlatformOrchestratorEnvId: deployment.envId,
      PlatformOrchestratorRunnerId: this.runner.id,
      PlatformOrchestratorDeploymentId: deployment.deploymentId,
      ManagedBy: 'PlatformOrchestrator',
    }).map(([key, value]) => ({ key, value }));
  }
}

/** The credentials that ECS hands to the containers of a task that runs. */
export async function taskCredentials(taskArn: string, { endpoint, region }: ClientSettings): Promise<ClientSettings> {
  const [, , , taskRegion, account, resource] = taskArn.split(':');
  const [, cluster, task] = (resource ?? '').split('/');
  const response = await fetch(`${endpoint}/_local/task-credentials/${account}/${taskRegion}/${cluster}/${task}`);
  const body = await response.json() as Record<string, string>;
  if (!response.ok) throw new Error(`The task got no credentials: ${body.message}`);
  return {
    endpoint,
    region,
    credentials: { accessKeyId: body.AccessKeyId ?? '', secretAccessKey: body.SecretAccessKey ?? '', sessionToken: body.Token },
  };
}

/** What OpenTofu's S3 backend does: it looks, reads and writes, and deletes nothing. Returns the state's key. */
export async function keepState(runner: Runner, environmentId: string, settings: ClientSettings): Promise<{ key: string; readBack: boolean }> {
  const { bucket, path_prefix: prefix } = runner.state_storage_configuration;
  const key = [...prefix ? [prefix.replace(/\/$/, '')] : [], `${environmentId}.tfstate`].join('/');
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  try {
    await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'env:/' }));
    const first = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key })).then(() => 'found', (error: Error) => error.name);
    if (first !== 'NoSuchKey') throw new Error(`The first look for the state should have found nothing, but: ${first}`);
    const state = JSON.stringify({ version: 4, lineage: randomUUID(), serial: 1, outputs: {}, resources: [] });
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: state, ContentType: 'application/json' }));
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return { key, readBack: await Body?.transformToString() === state };
  } finally {
    s3.destroy();
  }
}

/** The name of the refusal of a call that must be refused, or `allowed`. */
export async function refusalOf(call: () => Promise<unknown>): Promise<string> {
  return call().then(() => 'allowed', (error: Error) => error.name.replace(/Exception$/, ''));
}
