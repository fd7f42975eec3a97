/** Runs tasks in the same way as the orchestrator's data plane. */
import {
  CreateClusterCommand, DescribeTasksCommand, RegisterTaskDefinitionCommand, RunTaskCommand, type ECSClient, type RunTaskCommandInput, type Task,
} from '@aws-sdk/client-ecs';
import type { World } from './world';

export interface TaskOptions {
  readonly executionRole?: string;
  readonly taskRole?: string;
  /** Secret references by the name of the environment variable. */
  readonly secrets?: Record<string, string>;
  readonly family?: string;
  readonly cluster?: string;
}

export interface Network {
  readonly subnets: string[];
  readonly securityGroups: string[];
}

export async function createCluster(world: World): Promise<string> {
  const clusterName = world.name('cluster');
  await world.ecs.send(new CreateClusterCommand({ clusterName }));
  return clusterName;
}

/** Registers a task definition, and returns its ARN. */
export async function registerTask(world: World, options: TaskOptions = {}, ecs: ECSClient = world.ecs): Promise<string> {
  const { taskDefinition } = await ecs.send(new RegisterTaskDefinitionCommand({
    family: options.family ?? world.name('family'),
    cpu: '.5 vCPU',
    memory: '1 GB',
    networkMode: 'awsvpc',
    requiresCompatibilities: ['FARGATE'],
    executionRoleArn: options.executionRole,
    taskRoleArn: options.taskRole,
    containerDefinitions: [{
      name: 'main',
      image: 'registry.example.com/runner:latest',
      secrets: Object.entries(options.secrets ?? {}).map(([name, valueFrom]) => ({ name, valueFrom })),
    }],
  }));
  return taskDefinition!.taskDefinitionArn!;
}

/** A VPC with a subnet and a security group. */
export async function createNetwork(world: World): Promise<Network> {
  const { ids } = await world.stack({
    Vpc: { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: '10.0.0.0/16' } },
    Subnet: { Type: 'AWS::EC2::Subnet', Properties: { VpcId: { Ref: 'Vpc' }, CidrBlock: '10.0.0.0/24' } },
    Group: { Type: 'AWS::EC2::SecurityGroup', Properties: { VpcId: { Ref: 'Vpc' }, GroupDescription: 'Tasks' } },
  });
  return { subnets: [ids.Subnet!], securityGroups: [ids.Group!] };
}

const networks = new WeakMap<World, Promise<Network>>();

/** A RunTask request for the shared network of the account, with the given changes. */
export async function taskRequest(world: World, taskDefinition: string, cluster: string, more: Partial<RunTaskCommandInput> = {}): Promise<RunTaskCommand> {
  if (!networks.has(world)) networks.set(world, createNetwork(world));
  const awsvpcConfiguration = await networks.get(world)!;
  return new RunTaskCommand({ cluster, taskDefinition, launchType: 'FARGATE', networkConfiguration: { awsvpcConfiguration }, ...more });
}

/** Runs a task and returns it as in the response of RunTask. */
export async function runTask(world: World, taskDefinition: string, cluster: string, more: Partial<RunTaskCommandInput> = {}): Promise<Task> {
  const { tasks } = await world.ecs.send(await taskRequest(world, taskDefinition, cluster, { tags: [{ key: 'ManagedBy', value: 'test' }], ...more }));
  return tasks![0]!;
}

export async function describeTask(world: World, { clusterArn: cluster, taskArn }: Task): Promise<Task> {
  const { tasks } = await world.ecs.send(new DescribeTasksCommand({ cluster, tasks: [taskArn!] }));
  return tasks![0]!;
}

/** Registers and runs a task. Returns its state afterwards. */
export async function startTask(world: World, options: TaskOptions): Promise<Task> {
  const cluster = options.cluster ?? await createCluster(world);
  return describeTask(world, await runTask(world, await registerTask(world, options), cluster));
}
