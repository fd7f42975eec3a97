/** An emulated account with helper functions. */
import {
  CreateStackCommand, DeleteStackCommand, DescribeStackEventsCommand, DescribeStackResourcesCommand, DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { CreateRoleCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import type { Emulator } from '../../local/emulator';
import { AwsClients, type ClientSettings } from '../../local/try/clients';

const STACK_TIMEOUT_MS = 20_000;

/** A rule of AWS that the emulator must follow: its name is a full sentence, its check shows that it holds. */
export interface Rule {
  readonly name: string;
  check(world: World): Promise<void>;
}

export interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | string[];
  readonly Resource: string | string[];
  readonly Condition?: object;
}

export interface Stack {
  readonly name: string;
  readonly status: string;
  /** Physical ids by logical id. */
  readonly ids: Record<string, string>;
  /** The failure reason of the first failed resource. */
  readonly reason: string;
}

/** The error name and message of a rejected call. */
export interface Refusal {
  readonly name: string;
  readonly message: string;
  readonly status?: number;
}

export const allow = (Action: string | string[], Resource: string | string[], Condition?: object): Statement =>
  ({ Effect: 'Allow', Action, Resource, ...Condition && { Condition } });
export const deny = (Action: string | string[], Resource: string | string[], Condition?: object): Statement =>
  ({ Effect: 'Deny', Action, Resource, ...Condition && { Condition } });
export const policy = (...Statement: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });

export class World extends AwsClients {
  private static accounts = 0;

  public readonly region: string;
  private names = 0;

  constructor(public readonly emulator: Emulator, public readonly account = emulator.account) {
    super(emulator, account);
    this.region = emulator.region;
  }

  /** A name that is unique in the account. */
  public name(kind: string): string {
    this.names += 1;
    return `${kind}-${this.names}`;
  }

  /** Runs the check in a new, empty account. */
  public async inNewAccount(check: (world: World) => Promise<void>): Promise<void> {
    World.accounts += 1;
    const world = new World(this.emulator, String(444455556666 + World.accounts));
    await check(world).finally(() => world.close());
  }

  /** Creates a role that ECS tasks and the account itself can assume. */
  public async role(...statements: Statement[]): Promise<{ name: string; arn: string }> {
    const name = this.name('role');
    const Principal = { Service: 'ecs-tasks.amazonaws.com', AWS: this.account };
    const AssumeRolePolicyDocument = policy({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' });
    const { Role } = await this.iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument }));
    if (statements.length > 0) await this.putPolicy(name, ...statements);
    return { name, arn: Role!.Arn! };
  }

  public async putPolicy(RoleName: string, ...statements: Statement[]): Promise<void> {
    await this.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'Policy', PolicyDocument: policy(...statements) }));
  }

  /** Client settings with the credentials of the role. */
  public async as({ arn }: { arn: string }): Promise<ClientSettings> {
    const { Credentials: found } = await this.sts.send(new AssumeRoleCommand({ RoleArn: arn, RoleSessionName: 'test' }));
    return { ...this.settings, credentials: { accessKeyId: found!.AccessKeyId!, secretAccessKey: found!.SecretAccessKey!, sessionToken: found!.SessionToken } };
  }

  /** Deploys resources as a new stack. */
  public async stack(resources: object): Promise<Stack> {
    const stack = await this.tryStack(resources);
    if (stack.status !== 'CREATE_COMPLETE') throw new Error(`${stack.name}: ${stack.status}, ${stack.reason}`);
    return stack;
  }

  /** Deploys resources as a new stack. Returns the failure reason. */
  public async failingStack(resources: object): Promise<string> {
    const stack = await this.tryStack(resources);
    if (stack.status === 'CREATE_COMPLETE') throw new Error(`${stack.name} was deployed`);
    return stack.reason;
  }

  private async tryStack(resources: object): Promise<Stack> {
    const StackName = this.name('stack');
    await this.cloudFormation.send(new CreateStackCommand({ StackName, TemplateBody: JSON.stringify({ Resources: resources }), Capabilities: ['CAPABILITY_NAMED_IAM'] }));
    const status = await this.settled(StackName);
    return {
      name: StackName,
      status,
      ids: await this.resources(StackName),
      reason: await this.reason(StackName, 'CREATE_FAILED'),
    };
  }

  /** Physical ids of the resources of a stack, by logical id. */
  public async resources(StackName: string): Promise<Record<string, string>> {
    const { StackResources = [] } = await this.cloudFormation.send(new DescribeStackResourcesCommand({ StackName }));
    return Object.fromEntries(StackResources.map((resource) => [resource.LogicalResourceId, resource.PhysicalResourceId ?? '']));
  }

  /** Deploys other resources to a stack. */
  public async update(StackName: string, resources: object): Promise<void> {
    const status = await this.tryUpdate(StackName, resources);
    if (status !== 'UPDATE_COMPLETE') throw new Error(`${StackName}: ${status}`);
  }

  /** Deploys other resources to a stack. Returns the failure reason. */
  public async failingUpdate(StackName: string, resources: object): Promise<string> {
    const status = await this.tryUpdate(StackName, resources);
    if (status === 'UPDATE_COMPLETE') throw new Error(`${StackName} was updated`);
    return this.reason(StackName, 'UPDATE_FAILED');
  }

  private async tryUpdate(StackName: string, resources: object): Promise<string> {
    await this.cloudFormation.send(new UpdateStackCommand({ StackName, TemplateBody: JSON.stringify({ Resources: resources }), Capabilities: ['CAPABILITY_NAMED_IAM'] }));
    return this.settled(StackName);
  }

  /** Deletes a stack and waits for the end of the deletion. */
  public async deleteStack(StackName: string): Promise<{ status: string; reason: string }> {
    await this.cloudFormation.send(new DeleteStackCommand({ StackName }));
    const status = await this.settled(StackName);
    return { status, reason: status === 'DELETE_FAILED' ? await this.reason(StackName, 'DELETE_FAILED') : '' };
  }

  private async settled(StackName: string): Promise<string> {
    let status = '';
    await until(async () => {
      const found = await this.cloudFormation.send(new DescribeStacksCommand({ StackName })).catch(() => undefined);
      status = found?.Stacks?.[0]?.StackStatus ?? 'DELETE_COMPLETE';
      return !status.endsWith('_IN_PROGRESS');
    }, STACK_TIMEOUT_MS);
    return status;
  }

  private async reason(StackName: string, status: string): Promise<string> {
    const { StackEvents = [] } = await this.cloudFormation.send(new DescribeStackEventsCommand({ StackName }));
    return StackEvents.filter((event) => event.ResourceStatus === status && event.LogicalResourceId !== StackName).pop()?.ResourceStatusReason ?? '';
  }
}

/** Waits until the condition is true. Throws an error after the timeout. */
export async function until(condition: () => Promise<boolean>, timeoutMs = 5_000): Promise<void> {
  for (const begin = Date.now(); !await condition();) {
    if (Date.now() - begin > timeoutMs) throw new Error(`The condition was not true within ${timeoutMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The error of a rejected call. Throws an error if the call succeeds. */
export async function refusal(call: () => Promise<unknown>): Promise<Refusal> {
  try {
    await call();
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return { name, message, status: $metadata?.httpStatusCode };
  }
  throw new Error('Expected the call to be rejected; it succeeded');
}
