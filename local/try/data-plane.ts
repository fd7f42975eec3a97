/**
 * Simulates the orchestrator's data plane: it makes the same calls as the open-sourced data plane, in the same order and with the same values.
 * It knows only the registered runner. The emulator evaluates the policies, so a call fails if a permission is missing.
 */
import { randomBytes } from 'node:crypto';
import {
  DeleteTaskDefinitionsCommand, DeregisterTaskDefinitionCommand, DescribeTasksCommand, ECSClient, ListTaskDefinitionsCommand, ListTasksCommand,
  RegisterTaskDefinitionCommand, RunTaskCommand, type KeyValuePair, type Tag, type Task,
} from '@aws-sdk/client-ecs';
import type { ClientSettings } from './clients';
import { assumeTaskManagerRole, type Identity } from './identity';
import type { Runner } from '../orchestrator/model';

/** The maximum number of old task definitions that each deployment deregisters and deletes. */
const MAX_OLD_DEFINITIONS = 10;
const DEFAULT_IMAGE = 'registry.example.com/platform-orchestrator/runner:latest';
const GATEWAY_URL = 'https://gateway.orchestrator.example';
const CPU = '.5 vCPU';
const MEMORY = '1 GB';
/** The orchestrator gives up on a task that has not started after this time. */
const START_TIMEOUT_MS = 120_000;
const DEPLOYMENT_TAG = 'PlatformOrchestratorDeploymentId';

export interface Deployment {
  readonly environmentUuid: string;
  readonly deploymentId: string;
  readonly projectId: string;
  readonly envId: string;
}

export interface Started {
  readonly deregistered: number;
  readonly deleted: number;
  readonly taskDefinition: string;
  readonly taskArn: string;
}

export interface Status {
  readonly state: 'running' | 'completed' | 'failed';
  readonly task?: Task;
}

export class DataPlane {
  constructor(
    private readonly runner: Runner,
    private readonly familyPrefix: string,
    private readonly identity: Identity,
    private readonly settings: ClientSettings,
  ) {}

  /** First phase: checks whether the deployment's task is already running, because its message may be delivered twice. */
  public async isRunning(deployment: Deployment): Promise<boolean> {
    return this.runPhase(async (ecs) => (await this.findTask(ecs, deployment, 'RUNNING')) !== undefined);
  }

  /** Second phase: removes the task definitions of earlier deployments, then starts the task. */
  public async start(deployment: Deployment): Promise<Started> {
    return this.runPhase(async (ecs) => {
      const family = this.familyOf(deployment);
      const deregistered = await this.deregisterActiveDefinitions(ecs, family);
      const deleted = await this.deleteInactiveDefinitions(ecs, family);
      const taskDefinition = await this.register(ecs, family, deployment);
      return { deregistered, deleted, taskDefinition, taskArn: await this.run(ecs, taskDefinition, deployment) };
    });
  }

  /** Third phase, repeated every 30 seconds until the task has stopped. */
  public async checkStatus(deployment: Deployment): Promise<Status> {
    return this.runPhase(async (ecs) => {
      const task = await this.findTask(ecs, deployment, 'RUNNING') ?? await this.findTask(ecs, deployment, 'STOPPED');
      return { task, state: stateOf(task) };
    });
  }

  /** Registers a task definition of another family or size, which the policies must deny. */
  public async registerOther(deployment: Deployment, overrides: { readonly family?: string; readonly cpu?: string; readonly memory?: string }): Promise<string> {
    const { family = this.familyOf(deployment), ...size } = overrides;
    return this.runPhase(async (ecs) => this.register(ecs, family, deployment, size));
  }

  /** Each phase exchanges a new token for new credentials. */
  private async runPhase<T>(work: (ecs: ECSClient) => Promise<T>): Promise<T> {
    const ecs = new ECSClient(await assumeTaskManagerRole(this.runner, this.identity, this.settings));
    try {
      return await work(ecs);
    } finally {
      ecs.destroy();
    }
  }

  private familyOf({ environmentUuid }: Deployment): string {
    return `${this.familyPrefix}${environmentUuid}`;
  }

  private async deregisterActiveDefinitions(ecs: ECSClient, family: string): Promise<number> {
    const { taskDefinitionArns = [] } = await ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: family, status: 'ACTIVE' }));
    const old = taskDefinitionArns.slice(0, MAX_OLD_DEFINITIONS);
    for (const taskDefinition of old) await ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition }));
    return old.length;
  }

  private async deleteInactiveDefinitions(ecs: ECSClient, family: string): Promise<number> {
    const { taskDefinitionArns = [] } = await ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: family, status: 'INACTIVE' }));
    const taskDefinitions = taskDefinitionArns.slice(0, MAX_OLD_DEFINITIONS);
    if (taskDefinitions.length > 0) await ecs.send(new DeleteTaskDefinitionsCommand({ taskDefinitions }));
    return taskDefinitions.length;
  }

  private async register(ecs: ECSClient, family: string, deployment: Deployment, { cpu = CPU, memory = MEMORY } = {}): Promise<string> {
    const { job } = this.runner.runner_configuration;
    const { taskDefinition } = await ecs.send(new RegisterTaskDefinitionCommand({
      family,
      executionRoleArn: job.execution_role_arn,
      taskRoleArn: job.task_role_arn,
      cpu,
      memory,
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      containerDefinitions: [{
        name: 'main',
        image: job.image ?? DEFAULT_IMAGE,
        command: ['standard'],
        environment: [...this.orchestratorVariables(deployment), ...sortedEntries(job.environment).map(([name, value]) => ({ name, value }))],
        secrets: sortedEntries(job.secrets).map(([name, valueFrom]) => ({ name, valueFrom })),
      }],
      tags: this.tagsOf(deployment),
    }));
    return taskDefinition?.taskDefinitionArn ?? '';
  }

  private async run(ecs: ECSClient, taskDefinition: string, deployment: Deployment): Promise<string> {
    const { job } = this.runner.runner_configuration;
    const { tasks, failures } = await ecs.send(new RunTaskCommand({
      clientToken: deployment.deploymentId,
      taskDefinition,
      cluster: job.cluster,
      // Only tasks have the tag with the deployment id; task definitions do not.
      tags: [...this.tagsOf(deployment), { key: DEPLOYMENT_TAG, value: deployment.deploymentId }],
      launchType: 'FARGATE',
      networkConfiguration: {
        awsvpcConfiguration: {
          assignPublicIp: job.is_public_ip_enabled ? 'ENABLED' : 'DISABLED',
          subnets: job.subnets,
          securityGroups: job.security_groups,
        },
      },
    }));
    if (!tasks?.[0]?.taskArn) throw new Error(`RunTask started no task: ${JSON.stringify(failures)}`);
    return tasks[0].taskArn;
  }

  /** Finds the task that has the tag of the deployment. */
  private async findTask(ecs: ECSClient, deployment: Deployment, desiredStatus: 'RUNNING' | 'STOPPED'): Promise<Task | undefined> {
    const { cluster } = this.runner.runner_configuration.job;
    const family = this.familyOf(deployment);
    for (let nextToken: string | undefined, first = true; first || nextToken; first = false) {
      const page = await ecs.send(new ListTasksCommand({ cluster, family, desiredStatus, nextToken }));
      nextToken = page.nextToken;
      if (!page.taskArns?.length) continue;
      const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: page.taskArns, include: ['TAGS'] }));
      const found = tasks?.find(({ tags }) => tags?.some(({ key, value }) => key === DEPLOYMENT_TAG && value === deployment.deploymentId));
      if (found) return found;
    }
    return undefined;
  }

  private orchestratorVariables({ deploymentId, environmentUuid }: Deployment): KeyValuePair[] {
    return Object.entries({
      ORG_ID: this.runner.org_id,
      RUNNER_ID: this.runner.id,
      DEPLOYMENT_ID: deploymentId,
      DEPLOYMENT_ENV_UUID: environmentUuid,
      MODE: 'deploy',
      LOG_LEVEL: 'info',
      RUNNER_GATEWAY_URL: GATEWAY_URL,
      TOKEN: randomBytes(16).toString('hex'),
    }).map(([name, value]) => ({ name, value }));
  }

  private tagsOf(deployment: Deployment): Tag[] {
    return Object.entries({
      ManagedBy: 'platform-orchestrator-platform-orchestrator',
      PlatformOrchestratorOrgId: this.runner.org_id,
      PlatformOrchestratorProjectId: deployment.projectId,
      PlatformOrchestratorEnvId: deployment.envId,
      PlatformOrchestratorRunnerId: this.runner.id,
    }).map(([key, value]) => ({ key, value }));
  }
}

const sortedEntries = (values: Record<string, string> = {}): [string, string][] => Object.entries(values).sort(([one], [other]) => one < other ? -1 : 1);

function stateOf(task: Task | undefined): Status['state'] {
  if (!task) return 'completed';
  if (task.stoppedAt) return task.stopCode === 'EssentialContainerExited' ? 'completed' : 'failed';
  const stuck = !task.startedAt && Date.now() - (task.createdAt?.getTime() ?? 0) > START_TIMEOUT_MS;
  return stuck ? 'failed' : 'running';
}
