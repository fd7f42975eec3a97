/** The calls that are made with the three roles of a runner, as IAM evaluates them. */
import type { RoleRequest } from './role-access';

const ECS_TASKS = 'ecs-tasks.amazonaws.com';
/** An id such as AWS gives to tasks, and one such as the orchestrator gives to environments. */
const TASK_ID = '0123456789abcdef0123456789abcdef';
const ENVIRONMENT_ID = '00000000-0000-4000-8000-000000000000';
/** What the orchestrator's tasks have, in CPU units and MiB. */
const TASK_CPU = '512';
const TASK_MEMORY = '1024';

export interface Place {
  readonly account: string;
  readonly region: string;
}

/**
 * The calls of one deployment.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
 */
export function taskManagerRequests({ account, region }: Place, tasks: {
  readonly cluster: string; readonly familyPrefix: string; readonly executionRoleArn: string; readonly taskRoleArn: string;
}): RoleRequest[] {
  const arn = (resource: string) => `arn:aws:ecs:${region}:${account}:${resource}`;
  const place = { 'aws:RequestedRegion': region };
  const inCluster = { ...place, 'ecs:cluster': arn(`cluster/${tasks.cluster}`) };
  const size = { 'ecs:task-cpu': TASK_CPU, 'ecs:task-memory': TASK_MEMORY, 'ecs:privileged': 'false' };
  const launch = { 'ecs:enable-execute-command': 'false', 'ecs:enable-ebs-volumes': 'false' };
  const definition = arn(`task-definition/${tasks.familyPrefix}${ENVIRONMENT_ID}:1`);
  const task = arn(`task/${tasks.cluster}/${TASK_ID}`);
  const passed = { ...place, 'iam:PassedToService': ECS_TASKS };
  return [
    { actions: ['ecs:ListTaskDefinitions', 'ecs:DeregisterTaskDefinition'], resource: '*', context: place },
    { actions: ['ecs:DeleteTaskDefinitions'], resource: definition, context: place },
    { actions: ['ecs:RegisterTaskDefinition'], resource: definition, context: { ...place, ...size } },
    { actions: ['ecs:TagResource'], resource: definition, context: { ...place, 'ecs:CreateAction': 'RegisterTaskDefinition' } },
    ...[...new Set([tasks.executionRoleArn, tasks.taskRoleArn])].map(resource => ({ actions: ['iam:PassRole'], resource, context: passed })),
    { actions: ['ecs:RunTask'], resource: definition, context: { ...inCluster, ...size, ...launch } },
    { actions: ['ecs:TagResource'], resource: task, context: { ...place, 'ecs:CreateAction': 'RunTask' } },
    { actions: ['ecs:ListTasks'], resource: '*', context: inCluster },
    { actions: ['ecs:DescribeTasks'], resource: task, context: inCluster },
  ];
}

/** Where the state is, and the key that encrypts it. */
export interface StateLocation {
  readonly bucket: string;
  readonly prefix?: string;
  /** The account that the bucket belongs to. */
  readonly account: string;
  readonly region: string;
  readonly key?: { readonly arn: string; readonly isBucketKey: boolean };
}

/**
 * What OpenTofu does with the state.
 *
 * @see https://opentofu.org/docs/language/settings/backends/s3/
 */
export function taskRequests(state: StateLocation): RoleRequest[] {
  const bucketArn = `arn:aws:s3:::${state.bucket}`;
  const object = `${bucketArn}/${stateKey(state)}`;
  const place = { 'aws:RequestedRegion': state.region, 'aws:ResourceAccount': state.account, 'aws:SecureTransport': 'true' };
  return [
    { actions: ['s3:ListBucket'], resource: bucketArn, context: { ...place, 's3:prefix': 'env:/' } },
    { actions: ['s3:GetObject', 's3:PutObject'], resource: object, context: place },
    ...state.key ? [{
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resource: state.key.arn,
      context: {
        'aws:RequestedRegion': state.region,
        'kms:ViaService': `s3.${state.region}.amazonaws.com`,
        'kms:EncryptionContext:aws:s3:arn': state.key.isBucketKey ? bucketArn : object,
      },
    }] : [],
  ];
}

/** The key of an environment's state. */
export function stateKey({ prefix }: Pick<StateLocation, 'prefix'>): string {
  return `${prefix ? `${prefix.replace(/\/$/, '')}/` : ''}${ENVIRONMENT_ID}.tfstate`;
}

/** A secret or parameter, and the customer managed key that encrypts it. */
export interface SecretKey {
  readonly arn: string;
  readonly keyArn?: string;
}

/**
 * What ECS does to start a task: read its secrets and parameters, and pull a private image.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
 */
export function executionRequests(secrets: SecretKey[], repository?: string): RoleRequest[] {
  return [
    ...secrets.flatMap(({ arn, keyArn }) => {
      const [, , service, region] = arn.split(':');
      const place = { 'aws:RequestedRegion': region };
      const reads = { actions: [service === 'ssm' ? 'ssm:GetParameters' : 'secretsmanager:GetSecretValue'], resource: arn, context: place };
      return keyArn === undefined ? [reads] : [reads, { actions: ['kms:Decrypt'], resource: keyArn, context: { ...place, ...decryptionContext(arn) } }];
    }),
    ...repository === undefined ? [] : [
      {
        actions: ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'],
        resource: repository,
        context: { 'aws:RequestedRegion': repository.split(':')[3] },
      },
      { actions: ['ecr:GetAuthorizationToken'], resource: '*', context: { 'aws:RequestedRegion': repository.split(':')[3] } },
    ],
  ];
}

/** The condition keys of a decryption that Secrets Manager or Systems Manager asks KMS for. */
export function decryptionContext(arn: string): Record<string, string> {
  const [, , service, region] = arn.split(':');
  return {
    'kms:ViaService': `${service}.${region}.amazonaws.com`,
    [`kms:EncryptionContext:${service === 'ssm' ? 'PARAMETER_ARN' : 'SecretARN'}`]: arn,
  };
}

/** The repository of an image in Amazon ECR. */
export function repositoryArn(image = ''): string | undefined {
  const [, account, region, name] = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/([^:@]+)/.exec(image) ?? [];
  return name && `arn:aws:ecr:${region}:${account}:repository/${name}`;
}
