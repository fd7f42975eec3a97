/** Creates and deletes the resources of the Terraform module with the API calls of Terraform's providers. */
import { CreateClusterCommand } from '@aws-sdk/client-ecs';
import {
  AttachRolePolicyCommand, CreateOpenIDConnectProviderCommand, CreateRoleCommand, CreateServiceLinkedRoleCommand, DeleteRoleCommand,
  DeleteRolePolicyCommand, PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { CreateBucketCommand, PutPublicAccessBlockCommand } from '@aws-sdk/client-s3';
import type { Cloud } from '../../../local/try/cloud';
import { moduleNames, moduleRegistration, type ModuleSettings, type State } from '../../from-terraform/module-state';

const EXECUTION_POLICY = 'arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy';

export class TerraformModule {
  public readonly names: ReturnType<typeof moduleNames>;

  constructor(private readonly cloud: Cloud, private readonly settings: ModuleSettings) {
    this.names = moduleNames(settings);
  }

  /** `terraform apply` for the module, a rule, and a policy of the task role. */
  public async apply(): Promise<void> {
    const { account, client } = this.cloud;
    const { iam, ecs, s3 } = account;
    const { names, settings: { rules = [], taskPolicy } } = this;
    // Without the service-linked role, ECS creates no cluster with capacity providers.
    await iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: 'ecs.amazonaws.com' }));
    await ecs.send(new CreateClusterCommand({ clusterName: names.cluster, capacityProviders: ['FARGATE', 'FARGATE_SPOT'] }));
    await iam.send(new CreateOpenIDConnectProviderCommand({ Url: `https://${names.issuer}`, ClientIDList: ['sts.amazonaws.com'] }));
    await this.createTaskManagerRole();
    await this.createRole(names.execution, names.trusts.execution);
    await iam.send(new AttachRolePolicyCommand({ RoleName: names.execution, PolicyArn: EXECUTION_POLICY }));
    await this.createRole(names.task, names.trusts.task);
    await this.putPolicy(names.task, names.policyNames.task, names.policies.task);
    if (taskPolicy) await this.putPolicy(names.task, 'deployments', taskPolicy);
    await s3.send(new CreateBucketCommand({ Bucket: names.bucket }));
    await s3.send(new PutPublicAccessBlockCommand({
      Bucket: names.bucket,
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
    }));
    for (const name of [names.eventLogGroup, names.execLogGroup]) await account.createLogGroup(name);
    await client.create('/runners', moduleRegistration(this.settings));
    for (const rule of rules) await client.create('/runner-rules', { runner_id: names.id, ...rule });
  }

  public async createTaskManagerRole(): Promise<void> {
    const { manager, trusts, policyNames, policies } = this.names;
    await this.createRole(manager, trusts.manager);
    await this.putPolicy(manager, policyNames.manager, policies.manager);
  }

  /** `terraform apply` with the old state: the provider restores the registration from state and configuration. */
  public async restoreRegistration(): Promise<number> {
    const { id, ...registration } = moduleRegistration(this.settings);
    return (await this.cloud.client.call('PATCH', `/runners/${id}`, registration)).status;
  }

  /** `terraform apply` without the module: deletes the module's remaining resources and returns their types. */
  public async deleteRest(rest: State): Promise<string[]> {
    const { iam } = this.cloud.account;
    const ofModule = rest.resources.filter(({ mode, module }) => mode === 'managed' && module?.startsWith('module.ecs_runner'));
    const ofType = (type: string) => ofModule.filter((resource) => resource.type === type).flatMap(({ instances }) => instances.map(({ attributes }) => attributes));
    for (const { role, name } of ofType('aws_iam_role_policy')) await iam.send(new DeleteRolePolicyCommand({ RoleName: String(role), PolicyName: String(name) }));
    for (const { name } of ofType('aws_iam_role')) await iam.send(new DeleteRoleCommand({ RoleName: String(name) }));
    return ofModule.map(({ type }) => type);
  }

  public async putPolicy(role: string, name: string, policy: object): Promise<void> {
    await this.cloud.account.iam.send(new PutRolePolicyCommand({ RoleName: role, PolicyName: name, PolicyDocument: JSON.stringify(policy) }));
  }

  private async createRole(name: string, trust: object): Promise<void> {
    await this.cloud.account.iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: JSON.stringify(trust) }));
  }
}

/** The state after `terraform state rm` of resources and modules. */
export function stateWithout(state: State, addresses: string[]): State {
  const isRemoved = (address: string) => addresses.some((removed) => address === removed || address.startsWith(`${removed}.`));
  return {
    ...state,
    resources: state.resources.map((resource) => ({
      ...resource,
      instances: resource.instances.filter(({ index_key: index }) => !isRemoved(
        `${resource.module ? `${resource.module}.` : ''}${resource.type}.${resource.name}${index === undefined ? '' : `[${JSON.stringify(index)}]`}`)),
    })).filter(({ instances }) => instances.length > 0),
  };
}
