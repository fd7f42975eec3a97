/** The runner of a Terraform state: its registration, and the resources of the module around it. */
import { isObject, isSensitive, list, mapAt, MigrationError, StateResource, textAt, textsAt, valueAt } from './state';

/** Types of Terraform's resources. The providers of Humanitec and Stellwerk have the same. */
export const RUNNER_TYPE = 'platform-orchestrator_serverless_ecs_runner';
const RULE_TYPE = 'platform-orchestrator_runner_rule';

const JOB = ['runner_configuration', 'job'];
const S3 = ['state_storage_configuration', 's3_configuration'];

/** A rule that sends deployments to the runner. */
export interface ModuleRule {
  readonly resource: StateResource;
  readonly projectId?: string;
  readonly envTypeId?: string;
}

/** What a state knows of a runner. */
export interface ModuleRunner {
  readonly resource: StateResource;
  readonly id: string;
  readonly description?: string;
  readonly account: string;
  readonly region: string;
  readonly cluster: string;
  readonly subnetIds: string[];
  readonly securityGroupIds: string[];
  readonly assignPublicIp: boolean;
  readonly taskManagerRoleArn: string;
  readonly executionRoleArn: string;
  readonly taskRoleArn?: string;
  readonly image?: string;
  readonly environment: Record<string, string>;
  readonly secrets: Record<string, string>;
  readonly bucket: string;
  readonly prefix?: string;
  /** ARN of the customer managed key of the bucket. */
  readonly bucketKeyArn?: string;
  readonly sessionName?: string;
  readonly stsRegion?: string;
  /** What the trust policy of the task manager role names; undefined without that role in the state. */
  readonly trust: Trust;
  /** Tags of the task manager role. */
  readonly tags: Record<string, string>;
  /** Name of the log group `/aws/ecs/<runner id>`, if the module created it. */
  readonly eventLogGroupName?: string;
  readonly rules: ModuleRule[];
}

export interface Trust {
  readonly orgId?: string;
  /** Host and path of the issuer. */
  readonly issuer?: string;
  readonly oidcProviderArn?: string;
}

/** Finds the runner at an address, or the only runner of the state. */
export function findRunner(resources: StateResource[], address?: string): ModuleRunner {
  return readRunner(resources, chooseRunner(resources, address));
}

function chooseRunner(resources: StateResource[], address?: string): StateResource {
  const runners = resources.filter(({ type }) => type === RUNNER_TYPE);
  const addresses = runners.map(runner => `\n  ${runner.address}`).join('');
  if (runners.length === 0) {
    throw new MigrationError(`The state has ${resources.length} managed resources, but no runner on Amazon ECS. Expected a resource of type ${RUNNER_TYPE}: use the state of the `
      + 'configuration that contains the module.');
  }
  if (address !== undefined) {
    const chosen = runners.find(runner => runner.address === address);
    if (!chosen) {
      throw new MigrationError(`The state has no runner at the address that --runner names. Give one of these addresses, in single quotes:${addresses}`);
    }
    return chosen;
  }
  if (runners.length > 1) {
    throw new MigrationError(`The state has ${runners.length} runners. Choose one with --runner '<address>':${addresses}`);
  }
  return runners[0];
}

function readRunner(resources: StateResource[], resource: StateResource): ModuleRunner {
  const required = (...path: string[]) => textAt(resource, ...path) ?? fail(resource, path);
  const id = required('id');
  const taskManagerRoleArn = required('runner_configuration', 'auth', 'role_arn');
  const subnetIds = textsAt(resource, ...JOB, 'subnets');
  if (subnetIds.length === 0) {
    fail(resource, [...JOB, 'subnets']);
  }
  const managerRole = resources.find(({ type, attributes }) => type === 'aws_iam_role' && attributes.arn === taskManagerRoleArn);
  const bucket = required(...S3, 'bucket');
  const logGroup = resources.find(other => other.type === 'aws_cloudwatch_log_group' && other.module === resource.module && textAt(other, 'name') === `/aws/ecs/${id}`);
  return {
    resource,
    id,
    description: textAt(resource, 'description'),
    account: accountOf(resource, taskManagerRoleArn),
    region: required(...JOB, 'region'),
    cluster: required(...JOB, 'cluster'),
    subnetIds,
    securityGroupIds: textsAt(resource, ...JOB, 'security_groups'),
    assignPublicIp: valueAt(resource, ...JOB, 'is_public_ip_enabled') === true,
    taskManagerRoleArn,
    executionRoleArn: required(...JOB, 'execution_role_arn'),
    taskRoleArn: textAt(resource, ...JOB, 'task_role_arn'),
    image: textAt(resource, ...JOB, 'image'),
    environment: mapAt(resource, ...JOB, 'environment'),
    secrets: mapAt(resource, ...JOB, 'secrets'),
    bucket,
    prefix: textAt(resource, ...S3, 'path_prefix'),
    bucketKeyArn: bucketKeyArn(resources, bucket),
    sessionName: textAt(resource, 'runner_configuration', 'auth', 'session_name'),
    stsRegion: textAt(resource, 'runner_configuration', 'auth', 'sts_region'),
    trust: managerRole ? trustOf(managerRole, id) : {},
    tags: managerRole ? tagsOf(managerRole) : {},
    eventLogGroupName: logGroup && textAt(logGroup, 'name'),
    rules: resources.filter(rule => rule.type === RULE_TYPE && rule.attributes.runner_id === id).map(rule => ({
      resource: rule,
      projectId: textAt(rule, 'project_id'),
      envTypeId: textAt(rule, 'env_type_id'),
    })),
  };
}

function fail(resource: StateResource, path: string[]): never {
  throw new MigrationError(`${resource.address} has no ${path.join('.')} in the state${isSensitive(resource, ...path) ? ', because Terraform marks it as sensitive' : ''}. Expected the `
    + 'state of a runner that was applied. If a variable of the module is marked as sensitive, remove the mark and run `terraform apply -refresh-only`.');
}

function accountOf(resource: StateResource, roleArn: string): string {
  const [, account] = /^arn:aws:iam::(\d{12}):role\//.exec(roleArn) ?? [];
  if (account === undefined) {
    throw new MigrationError(`The role of ${resource.address} is not a role of the partition "aws". Expected arn:aws:iam::<account>:role/<name>: the orchestrator accepts no other ARNs.`);
  }
  return account;
}

/** The names in the trust policy that the module gives the task manager role. */
function trustOf(role: StateResource, runnerId: string): Trust {
  for (const statement of statementsOf(textAt(role, 'assume_role_policy'))) {
    const principal = isObject(statement.Principal) ? statement.Principal.Federated : undefined;
    const equals = isObject(statement.Condition) && isObject(statement.Condition.StringEquals) ? statement.Condition.StringEquals : {};
    for (const [key, value] of Object.entries(equals)) {
      const subject = [value].flat().find((one): one is string => typeof one === 'string' && one.endsWith(`+${runnerId}`));
      if (key.endsWith(':sub') && subject !== undefined) {
        return {
          orgId: subject.slice(0, -runnerId.length - 1),
          issuer: key.slice(0, -':sub'.length),
          oidcProviderArn: [principal].flat().find((one): one is string => typeof one === 'string'),
        };
      }
    }
  }
  return {};
}

function statementsOf(policy: string | undefined): Record<string, unknown>[] {
  try {
    const document: unknown = JSON.parse(policy ?? '{}');
    return isObject(document) ? [document.Statement].flat().filter(isObject) : [];
  } catch {
    return [];
  }
}

/** All tags of a resource, with the default tags of the provider, but without the module's own. */
function tagsOf(resource: StateResource): Record<string, string> {
  const all = mapAt(resource, 'tags_all');
  const tags = Object.keys(all).length > 0 ? all : mapAt(resource, 'tags');
  return Object.fromEntries(Object.entries(tags).filter(([key, value]) => !(key === 'ManagedBy' && value === 'terraform')));
}

function bucketKeyArn(resources: StateResource[], bucket: string): string | undefined {
  const encryption = resources.find(({ type, attributes }) => type === 'aws_s3_bucket_server_side_encryption_configuration' && attributes.bucket === bucket);
  const [rule] = list(encryption?.attributes.rule).filter(isObject);
  const [byDefault] = list(rule?.apply_server_side_encryption_by_default).filter(isObject);
  const arn = byDefault?.kms_master_key_id;
  return typeof arn === 'string' && arn !== '' ? arn : undefined;
}
