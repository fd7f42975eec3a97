import { CustomResource, Lazy, Stack } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { DESCRIPTION_MAX, REGION_PATTERN } from '../common/contract';
import type { Problems } from '../common/problems';
import { distinct, isKnown, quote } from '../common/unknown-values';
import type { EcsRunnerProps } from '../inputs/ecs-runner-props';
import { Own, rememberRegistration, runnerResource } from '../registration/resources';
import type { RunnerProperties } from '../registration/wire';

/** The inputs that are registered unchanged, and those that control the registration. */
export type RegistrationInputs = Pick<EcsRunnerProps, 'orchestrator' | 'description' | 'assignPublicIp' | 'environment' | 'secrets' | 'adoptExisting' | 'onInUse' | 'allowStateMove'>;

/** The values of the runner's parts that are registered at the orchestrator. */
export interface RegisteredParts {
  readonly runnerId: string;
  readonly taskManagerRoleArn: string;
  readonly clusterName: string;
  readonly subnetIds: string[];
  readonly connections: ec2.Connections;
  readonly executionRoleArn: string;
  readonly taskRoleArn: string;
  readonly image?: string;
  readonly stateBucketName: string;
  readonly statePrefix?: string;
}

/** Rejects inputs that the orchestrator does not accept. Each other part checks its own inputs. */
export function checkRegistration(scope: Construct, problems: Problems, { description }: RegistrationInputs): void {
  problems.checkText('description', description, {
    max: DESCRIPTION_MAX,
    expected: `at most ${DESCRIPTION_MAX} characters`,
    fix: 'Shorten it.',
  });
  const { region } = Stack.of(scope);
  if (isKnown(region) && (!REGION_PATTERN.test(region) || region.startsWith('cn-'))) {
    problems.add({
      input: 'region of the stack',
      expected: 'a region of the partition "aws", such as "eu-west-1"',
      got: quote(region),
      fix: 'The orchestrator cannot use the partitions aws-cn, aws-us-gov and aws-iso: deploy the stack elsewhere.',
    });
  }
}

/** The custom resource that registers the runner. */
export function registerRunner(scope: Construct, inputs: RegistrationInputs, parts: RegisteredParts): CustomResource {
  const secrets = Object.entries(inputs.secrets ?? {}).map(([name, secret]) => [name, secret.arn]);
  const properties: Own<RunnerProperties> = {
    RunnerId: parts.runnerId,
    Description: inputs.description,
    Auth: { RoleArn: parts.taskManagerRoleArn },
    Job: {
      Region: Stack.of(scope).region,
      Cluster: parts.clusterName,
      Subnets: parts.subnetIds,
      // Resolved at the end of synthesis, because `connections.addSecurityGroup()` can add security groups.
      SecurityGroups: Lazy.list({ produce: () => distinct(scope, parts.connections.securityGroups.map(group => group.securityGroupId)) }, { omitEmpty: true }),
      IsPublicIpEnabled: inputs.assignPublicIp ? 'true' : 'false',
      ExecutionRoleArn: parts.executionRoleArn,
      TaskRoleArn: parts.taskRoleArn,
      Image: parts.image,
      Environment: inputs.environment,
      Secrets: secrets.length > 0 ? Object.fromEntries(secrets) : undefined,
    },
    StateStorage: { Bucket: parts.stateBucketName, PathPrefix: parts.statePrefix },
    AdoptExisting: inputs.adoptExisting ? 'true' : undefined,
    OnInUse: inputs.onInUse,
    AllowStateMove: inputs.allowStateMove ? 'true' : undefined,
  };
  const registration = runnerResource(scope, inputs.orchestrator, properties);
  rememberRegistration(scope, { resource: registration, properties, adoptsExisting: inputs.adoptExisting ?? false });
  return registration;
}
