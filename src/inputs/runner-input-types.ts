import { RemovalPolicy } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as logs from 'aws-cdk-lib/aws-logs';
import { EcsRunnerProps, OnInUse } from './ecs-runner-props';
import type { RegistrationNetwork } from './registration-network';
import { BOOLEAN, checkType, checkTypes, InputTypes, listOf, mapOf, OBJECT, objectWith, oneOf, sensitive, TEXT } from '../common/input-types';
import type { Problems } from '../common/problems';
import { UnknownInput, unknownInputs } from '../common/unknown-inputs';

export const ORCHESTRATOR = objectWith('an Orchestrator', '_issuerName', 'Make it with Orchestrator.humanitec() or Orchestrator.selfHosted().');
export const ROLE = objectWith('an iam.IRole', 'roleArn');
export const POLICY = objectWith('an iam.IManagedPolicy', 'managedPolicyArn');
const VPC = objectWith('an ec2.IVpc', 'vpcId');
const SUBNETS = listOf(objectWith('an ec2.ISubnet', 'subnetId', 'Import a subnet with ec2.Subnet.fromSubnetId(), or give `subnetIds` in place of `vpc`.'));
export const SECURITY_GROUPS = listOf(objectWith('an ec2.ISecurityGroup', 'securityGroupId'));

const RUNNER: InputTypes<EcsRunnerProps> = {
  orchestrator: ORCHESTRATOR,
  runnerId: TEXT,
  runnerIdPrefix: TEXT,
  description: TEXT,
  vpc: VPC,
  vpcSubnets: OBJECT,
  subnetIds: listOf(TEXT),
  securityGroups: SECURITY_GROUPS,
  assignPublicIp: BOOLEAN,
  cluster: objectWith('an ecs.ICluster', 'clusterArn'),
  containerInsights: oneOf('ecs.ContainerInsights', ecs.ContainerInsights),
  stateStorage: objectWith('a StateStorage', '_autoDeletes', 'Make it with StateStorage.newBucket() or StateStorage.existingBucket().'),
  allowStateMove: BOOLEAN,
  encryptionKey: objectWith('a kms.IKey', 'keyArn'),
  logRetention: oneOf('logs.RetentionDays', logs.RetentionDays),
  logRemovalPolicy: oneOf('RemovalPolicy', RemovalPolicy),
  eventLogEnabled: BOOLEAN,
  eventLogGroup: objectWith('a logs.ILogGroup', 'logGroupArn'),
  image: objectWith('a RunnerImage', '_grantPull', 'Make it with RunnerImage.fromRegistry(), fromEcrRepository() or fromAsset().'),
  environment: sensitive(mapOf(sensitive(TEXT))),
  secrets: sensitive(mapOf(sensitive(objectWith('an ecs.Secret', 'grantRead', 'Make it with ecs.Secret.fromSecretsManager() or ecs.Secret.fromSsmParameter().')))),
  taskRole: ROLE,
  executionRole: ROLE,
  rolePath: TEXT,
  permissionsBoundary: POLICY,
  oidcProvider: objectWith('an iam.IOidcProvider', 'oidcProviderArn',
    'An OpenIdConnectProvider has another type: import its ARN with iam.OidcProviderNative.fromOidcProviderArn().'),
  tags: mapOf(TEXT),
  registrationNetwork: OBJECT,
  adoptExisting: BOOLEAN,
  onInUse: oneOf('OnInUse', OnInUse),
};

const NETWORK: InputTypes<RegistrationNetwork> = { vpc: VPC, vpcSubnets: OBJECT, securityGroups: SECURITY_GROUPS, createEndpoints: BOOLEAN };

/** The CDK ignores other properties of a selection. */
const SUBNET_SELECTION: Record<keyof ec2.SubnetSelection, true> = {
  availabilityZones: true, onePerAz: true, subnetFilters: true, subnetGroupName: true, subnets: true, subnetType: true,
};

/** Rejects inputs of a runner whose types are wrong. The other checks rely on the types. */
export function checkRunnerTypes(problems: Problems, props: EcsRunnerProps): void {
  checkTypes(problems, props, RUNNER, ['orchestrator']);
  if (problems.list.length === 0) {
    problems.addAll('orchestrator', props.orchestrator._typeProblems());
    problems.addAll('stateStorage', props.stateStorage?._typeProblems() ?? []);
    problems.addAll('image', props.image?._typeProblems() ?? []);
    checkSubnetTypes(problems, 'vpcSubnets', props.vpcSubnets);
    checkRegistrationNetworkTypes(problems, props.registrationNetwork);
  }
}

/** The properties that are not inputs of a runner, but have a similar name. */
export function unknownRunnerInputs(props: EcsRunnerProps): UnknownInput[] {
  const { orchestrator, stateStorage, vpcSubnets, registrationNetwork } = props;
  return [
    ...unknownInputs(props, RUNNER),
    ...orchestrator._unknownInputs.map(({ input, remedy }) => ({ input: `orchestrator.${input}`, remedy })),
    ...stateStorage?._unknownInputs ?? [],
    ...unknownInputs(vpcSubnets, SUBNET_SELECTION, 'vpcSubnets.'),
    ...unknownNetworkInputs(registrationNetwork),
  ];
}

/** The properties that are not inputs of the registration's network, but have a similar name. */
export function unknownNetworkInputs(network: RegistrationNetwork | undefined): UnknownInput[] {
  return [
    ...unknownInputs(network, NETWORK, 'registrationNetwork.'),
    ...unknownInputs(network?.vpcSubnets, SUBNET_SELECTION, 'registrationNetwork.vpcSubnets.'),
  ];
}

/** Rejects a network of the registration whose types are wrong. */
export function checkRegistrationNetworkTypes(problems: Problems, network: RegistrationNetwork | undefined): void {
  if (network) {
    checkTypes(problems, network, NETWORK, ['vpc'], 'registrationNetwork.');
    checkSubnetTypes(problems, 'registrationNetwork.vpcSubnets', network.vpcSubnets);
  }
}

/** Rejects values that are not subnets. The CDK would read an undefined id from them and omit it in the template. */
function checkSubnetTypes(problems: Problems, input: string, selection: ec2.SubnetSelection | undefined): void {
  if (selection?.subnets !== undefined) {
    checkType(problems, `${input}.subnets`, selection.subnets, SUBNETS);
  }
}
