/** Reads and changes the emulated account through the AWS SDK. */
import {
  DescribeStacksCommand, paginateDescribeStackEvents, paginateListStackResources, type StackEvent, type StackResourceSummary,
} from '@aws-sdk/client-cloudformation';
import { CreateLogGroupCommand, DescribeLogGroupsCommand, DescribeMetricFiltersCommand, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeClustersCommand, SubmitTaskStateChangeCommand, type Cluster } from '@aws-sdk/client-ecs';
import {
  CreatePolicyCommand, GetOpenIDConnectProviderCommand, GetRoleCommand, ListOpenIDConnectProvidersCommand, ListRolesCommand, type Role,
} from '@aws-sdk/client-iam';
import {
  GetBucketEncryptionCommand, GetBucketLifecycleConfigurationCommand, GetBucketVersioningCommand, HeadObjectCommand, ListBucketsCommand,
} from '@aws-sdk/client-s3';
import {
  CreateSecretCommand, DeleteSecretCommand, GetSecretValueCommand, PutSecretValueCommand, RestoreSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand } from '@aws-sdk/client-ssm';
import { AwsClients } from './clients';

export class Account extends AwsClients {
  /** Returns the complete ARN. */
  public async createSecret(name: string, value: string): Promise<string> {
    return (await this.secrets.send(new CreateSecretCommand({ Name: name, SecretString: value }))).ARN ?? '';
  }

  public async secretValue(id: string): Promise<string> {
    return (await this.secrets.send(new GetSecretValueCommand({ SecretId: id }))).SecretString ?? '';
  }

  /** A deleted secret can be restored for 30 days. */
  public async deleteSecret(id: string): Promise<void> {
    await this.secrets.send(new DeleteSecretCommand({ SecretId: id }));
  }

  public async restoreSecret(id: string): Promise<void> {
    await this.secrets.send(new RestoreSecretCommand({ SecretId: id }));
  }

  public async createSecureParameter(name: string, value: string): Promise<void> {
    await this.ssm.send(new PutParameterCommand({ Name: name, Value: value, Type: 'SecureString' }));
  }

  public async putSecret(name: string, value: string): Promise<void> {
    await this.secrets.send(new PutSecretValueCommand({ SecretId: name, SecretString: value }));
  }

  /** The status of a stack; `gone` if it is deleted or never existed. */
  public async stackStatus(name: string): Promise<string> {
    try {
      const { Stacks } = await this.cloudFormation.send(new DescribeStacksCommand({ StackName: name }));
      const status = Stacks?.[0]?.StackStatus ?? 'gone';
      return status === 'DELETE_COMPLETE' ? 'gone' : status;
    } catch (error) {
      if (/does not exist/.test(String(error))) return 'gone';
      throw error;
    }
  }

  public async stackId(name: string): Promise<string> {
    const { Stacks } = await this.cloudFormation.send(new DescribeStacksCommand({ StackName: name }));
    return Stacks?.[0]?.StackId ?? name;
  }

  public async stackResources(name: string): Promise<StackResourceSummary[]> {
    const found: StackResourceSummary[] = [];
    for await (const page of paginateListStackResources({ client: this.cloudFormation }, { StackName: name })) {
      found.push(...page.StackResourceSummaries ?? []);
    }
    return found.filter((resource) => resource.ResourceStatus !== 'DELETE_COMPLETE');
  }

  /** The events of a stack since a time, oldest first. `stack` must be the ARN if the stack may be deleted already. */
  public async stackEvents(stack: string, since: Date): Promise<StackEvent[]> {
    const found: StackEvent[] = [];
    for await (const page of paginateDescribeStackEvents({ client: this.cloudFormation }, { StackName: stack })) {
      found.push(...page.StackEvents ?? []);
    }
    // The emulator's event times have no fractions of a second.
    const from = Math.floor(since.getTime() / 1000) * 1000;
    return found.filter((event) => (event.Timestamp?.getTime() ?? 0) >= from).reverse();
  }

  /** Names of all roles, without the roles of the CDK bootstrap stack and service-linked roles. */
  public async roleNames(): Promise<string[]> {
    const { Roles } = await this.iam.send(new ListRolesCommand({ MaxItems: 1000 }));
    const others = (Roles ?? []).filter((role) => !role.Path?.startsWith('/aws-service-role/'));
    return others.map((role) => role.RoleName ?? '').filter((name) => !name.startsWith('cdk-'));
  }

  public async role(name: string): Promise<Role | undefined> {
    return (await this.iam.send(new GetRoleCommand({ RoleName: name }))).Role;
  }

  public async createPolicy(name: string, document: object): Promise<void> {
    await this.iam.send(new CreatePolicyCommand({ PolicyName: name, PolicyDocument: JSON.stringify(document) }));
  }

  /** The principals in a role's trust policy. */
  public async trustedPrincipals(roleName: string): Promise<string> {
    const document = (await this.role(roleName))?.AssumeRolePolicyDocument ?? '{}';
    const policy = JSON.parse(document.startsWith('{') ? document : decodeURIComponent(document)) as { Statement: { Principal: object }[] };
    return policy.Statement.map((statement) => Object.values(statement.Principal).flat().join(', ')).join(', ');
  }

  public async oidcProviders(): Promise<{ readonly url: string; readonly clientIds: string[] }[]> {
    const { OpenIDConnectProviderList } = await this.iam.send(new ListOpenIDConnectProvidersCommand({}));
    return Promise.all((OpenIDConnectProviderList ?? []).map(async ({ Arn }) => {
      const provider = await this.iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: Arn }));
      return { url: provider.Url ?? '', clientIds: provider.ClientIDList ?? [] };
    }));
  }

  public async cluster(name: string): Promise<Cluster | undefined> {
    const { clusters } = await this.ecs.send(new DescribeClustersCommand({ clusters: [name] }));
    return clusters?.[0];
  }

  public async bucketNames(): Promise<string[]> {
    const { Buckets } = await this.s3.send(new ListBucketsCommand({}));
    return (Buckets ?? []).map((bucket) => bucket.Name ?? '').filter((name) => !name.startsWith('cdk-'));
  }

  public async bucketProtection(bucket: string): Promise<string> {
    const { ServerSideEncryptionConfiguration } = await this.s3.send(new GetBucketEncryptionCommand({ Bucket: bucket }));
    const { Status } = await this.s3.send(new GetBucketVersioningCommand({ Bucket: bucket }));
    const algorithm = ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm ?? 'no encryption';
    return `${algorithm}, versioning ${Status ?? 'off'}`;
  }

  /** Describes the lifecycle rule for old versions. */
  public async oldVersionRule(bucket: string): Promise<string> {
    const { Rules } = await this.s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket: bucket }));
    const rule = Rules?.[0];
    const move = rule?.NoncurrentVersionTransitions?.[0];
    return `${move?.StorageClass} after ${move?.NoncurrentDays} days, deleted after ${rule?.NoncurrentVersionExpiration?.NoncurrentDays}, `
      + `incomplete uploads after ${rule?.AbortIncompleteMultipartUpload?.DaysAfterInitiation}`;
  }

  public async hasObject(bucket: string, key: string): Promise<boolean> {
    return this.s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key })).then(() => true, () => false);
  }

  public async logGroupNames(prefix?: string): Promise<string[]> {
    const { logGroups } = await this.logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: prefix }));
    return (logGroups ?? []).map((group) => group.logGroupName ?? '');
  }

  public async createLogGroup(name: string): Promise<void> {
    await this.logs.send(new CreateLogGroupCommand({ logGroupName: name }));
  }

  /** All messages in all log groups. */
  public async logLines(): Promise<string[]> {
    const groups = await this.logGroupNames();
    const pages = await Promise.all(groups.map(async (logGroupName) => this.logs.send(new FilterLogEventsCommand({ logGroupName }))));
    return pages.flatMap((page) => (page.events ?? []).map((event) => event.message ?? ''));
  }

  /** The messages of one log group, oldest first. */
  public async messages(logGroupName: string): Promise<string[]> {
    const { events } = await this.logs.send(new FilterLogEventsCommand({ logGroupName }));
    return (events ?? []).map((event) => event.message ?? '');
  }

  /** The metrics that count events of the log group, each with its filter pattern. */
  public async metricFilters(logGroupName: string): Promise<{ metric: string; pattern: string }[]> {
    const { metricFilters } = await this.logs.send(new DescribeMetricFiltersCommand({ logGroupName }));
    return (metricFilters ?? []).map(({ filterPattern, metricTransformations }) => ({ metric: metricTransformations?.[0]?.metricName ?? '', pattern: filterPattern ?? '' }));
  }

  /** Reports that a container exited, as the ECS agent does. The emulator runs no containers. */
  public async reportContainerExit(cluster: string, task: string): Promise<void> {
    await this.ecs.send(new SubmitTaskStateChangeCommand({ cluster, task, status: 'STOPPED', containers: [{ containerName: 'main', exitCode: 0, status: 'STOPPED' }] }));
  }
}
