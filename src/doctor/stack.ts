import { Aws, AwsError, list, SettingsError } from './aws';
import { isResolved, resolve, Scope, TemplateText } from './template';
import { RUNNER_TYPE } from '../registration/wire';

/** A resource of a stack or of one of its nested stacks. */
export interface StackResource {
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly status: string;
  /** The stack that has it. */
  readonly stackId: string;
  /** The path of its construct, as the CDK writes it into the template; otherwise the logical ID. */
  readonly path: string;
  /** As deployed, with the template's functions resolved. What cannot be resolved is `UNRESOLVED`. */
  readonly properties: Record<string, any>;
}

export interface Stack {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly statusReason?: string;
  readonly account: string;
  readonly region: string;
  /** Also those of nested stacks. */
  readonly resources: readonly StackResource[];
}

/** Reads a stack with its nested stacks. */
export async function readStack(aws: Aws, name: string, region: string): Promise<Stack> {
  const description = await describe(aws, name, region);
  const id: string = description.StackId;
  return {
    id,
    name: description.StackName,
    status: description.StackStatus,
    statusReason: description.StackStatusReason || undefined,
    account: id.split(':')[4],
    region,
    resources: await readResources(aws, description, region),
  };
}

async function describe(aws: Aws, name: string, region: string): Promise<any> {
  try {
    const { Stacks } = await aws('cloudformation', 'DescribeStacks', { StackName: name });
    return list(Stacks)[0];
  } catch (error) {
    if (error instanceof AwsError && /does not exist/.test(error.message)) {
      throw new SettingsError(`The stack '${name}' does not exist in ${region}, in the account of these credentials. Correct --stack, --region or --profile.`);
    }
    throw error;
  }
}

async function readResources(aws: Aws, description: any, region: string): Promise<StackResource[]> {
  const id: string = description.StackId;
  const [template, summaries] = await Promise.all([readTemplate(aws, id), pages(aws, 'ListStackResources', { StackName: id }, 'StackResourceSummaries')]);
  const deployed = summaries.filter(({ ResourceStatus: status }) => status !== 'DELETE_COMPLETE');
  const nested = await Promise.all(deployed.filter(({ ResourceType: type }) => type === 'AWS::CloudFormation::Stack')
    .map(async ({ PhysicalResourceId }) => describe(aws, PhysicalResourceId, region)));
  const physicalIds = new Map<string, string>(deployed.map(({ LogicalResourceId, PhysicalResourceId }) => [LogicalResourceId, PhysicalResourceId]));
  const values = new Map<string, string>(list(description.Parameters).map(({ ParameterKey, ParameterValue, ResolvedValue }) =>
    [ParameterKey, ResolvedValue || ParameterValue]));
  const [, partition, , , account] = id.split(':');
  for (const [pseudo, value] of Object.entries({
    Region: region, AccountId: account, Partition: partition, StackName: description.StackName, StackId: id, URLSuffix: 'amazonaws.com',
  })) {
    values.set(`AWS::${pseudo}`, value);
  }
  const imports = JSON.stringify(template).includes('"Fn::ImportValue"') ? await pages(aws, 'ListExports', {}, 'Exports') : [];
  const outputs = new Map<string, string>(nested.flatMap(({ StackId, Outputs }) =>
    list(Outputs).map(({ OutputKey, OutputValue }) => [`${StackId} ${OutputKey}`, OutputValue] as const)));
  const scope: Scope = {
    template,
    values,
    physicalIds,
    exports: new Map(imports.map(({ Name, Value }) => [Name, Value])),
    attribute: (logicalId, attribute) => attributeOf(scope, outputs, logicalId, attribute),
  };
  const own = deployed.map(({ LogicalResourceId: logicalId, PhysicalResourceId: physicalId, ResourceType: type, ResourceStatus: status }): StackResource => {
    const { Properties: properties, Metadata: metadata } = template.Resources?.[logicalId] ?? {};
    return {
      logicalId,
      physicalId,
      type,
      status,
      stackId: id,
      path: metadata?.['aws:cdk:path'] ?? logicalId,
      properties: resolve(properties ?? {}, scope),
    };
  });
  const completed = await Promise.all(own.map(async (resource) => isResolved(resource.properties) || !resource.type.startsWith('Custom::')
    ? resource : { ...resource, properties: await deliveredProperties(aws, resource) ?? resource.properties }));
  return [...completed, ...(await Promise.all(nested.map(async (each) => readResources(aws, each, region)))).flat()];
}

async function readTemplate(aws: Aws, stackId: string): Promise<TemplateText> {
  const { TemplateBody: text } = await aws('cloudformation', 'GetTemplate', { StackName: stackId });
  try {
    return JSON.parse(text);
  } catch {
    // YAML: the CDK did not write it, so that it has no runner.
    return {};
  }
}

/**
 * Whether the stack has no runner any more, or not yet: it is created or deleted, or its creation failed. Then only the state of the stack can be checked.
 */
export async function lacksItsRunner(aws: Aws, { id, status, resources }: Stack): Promise<boolean> {
  const isDeletion = status.startsWith('DELETE_');
  if (!isDeletion && !/^(CREATE_FAILED|CREATE_IN_PROGRESS|ROLLBACK_)/.test(status)) {
    return false;
  }
  if (resources.some((resource) => resource.type === RUNNER_TYPE && (isDeletion || resource.status === 'CREATE_COMPLETE'))) {
    return false;
  }
  const template = JSON.stringify(await readTemplate(aws, id));
  // The template of a nested stack is deleted with it.
  return template.includes(`"${RUNNER_TYPE}"`) || template.includes('"AWS::CloudFormation::Stack"');
}

/** All pages of a list of CloudFormation. */
export async function pages(aws: Aws, operation: string, params: object, key: string): Promise<any[]> {
  const found: any[] = [];
  for (let NextToken: string | undefined; ;) {
    const page = await aws('cloudformation', operation, { ...params, NextToken });
    found.push(...list(page[key]));
    NextToken = page.NextToken || undefined;
    if (NextToken === undefined) {
      return found;
    }
  }
}

/**
 * The properties that CloudFormation gave to a custom resource at last, from the stack's events of the last 90 days.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html
 */
async function deliveredProperties(aws: Aws, { stackId, logicalId, physicalId }: StackResource): Promise<Record<string, any> | undefined> {
  const events = await pages(aws, 'DescribeStackEvents', { StackName: stackId }, 'StackEvents').catch(() => []);
  const event = events.find((each) => each.LogicalResourceId === logicalId && each.PhysicalResourceId === physicalId
    && /^(CREATE|UPDATE)_COMPLETE$/.test(each.ResourceStatus) && each.ResourceProperties);
  try {
    return event && JSON.parse(event.ResourceProperties);
  } catch {
    return undefined;
  }
}

/** Attributes that follow from the physical ID. */
function attributeOf(scope: Scope, outputs: ReadonlyMap<string, string>, logicalId: string, attribute: string): unknown {
  const { Type: type, Properties: properties } = scope.template.Resources?.[logicalId] ?? {};
  const id = scope.physicalIds.get(logicalId);
  if (id === undefined) {
    return undefined;
  }
  const [partition, region, account] = ['Partition', 'Region', 'AccountId'].map((name) => scope.values.get(`AWS::${name}`));
  const arn = (service: string, resource: string, place = `${region}:${account}`) => `arn:${partition}:${service}:${place}:${resource}`;
  switch (`${type} ${attribute}`) {
    case 'AWS::IAM::Role Arn': {
      const path = resolve(properties?.Path ?? '/', scope);
      return typeof path === 'string' ? arn('iam', `role${path}${id}`, `:${account}`) : undefined;
    }
    case 'AWS::ECS::Cluster Arn': return arn('ecs', `cluster/${id}`);
    case 'AWS::S3::Bucket Arn': return arn('s3', id, ':');
    case 'AWS::EC2::SecurityGroup GroupId':
    case 'AWS::EC2::Subnet SubnetId':
    case 'AWS::EC2::VPC VpcId': return id;
    case 'AWS::KMS::Key Arn': return arn('kms', `key/${id}`);
    case 'AWS::KMS::Key KeyId': return id;
    case 'AWS::Logs::LogGroup Arn': return arn('logs', `log-group:${id}:*`);
    case 'AWS::Lambda::Function Arn': return arn('lambda', `function:${id}`);
    case 'AWS::ECR::Repository Arn': return arn('ecr', `repository/${id}`);
    case 'AWS::SecretsManager::Secret Id': return id;
    // `<organization>/<runner id>@<time>`: `registration/handler/physical-ids.ts`.
    case 'Custom::HumanitecRunner RunnerId': return /^[^/@?;]+\/([^@?;]+)/.exec(id)?.[1];
    case 'Custom::HumanitecRunnerRule RuleId': return id.split(';')[0];
    default: return attribute.startsWith('Outputs.') ? outputs.get(`${id} ${attribute.slice('Outputs.'.length)}`) : undefined;
  }
}
