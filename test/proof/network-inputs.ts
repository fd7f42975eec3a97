/** The networks of the tasks and of the Lambda in the combinations, with one to three subnets and security groups. */
import type { Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { REGION } from './secret-inputs';
import type { EcsRunnerProps, RegistrationNetwork } from '../../src';

export const NETWORKS = [
  'a subnet by id', 'three subnets by id, two security groups', 'none', 'VPC of the stack, a security group of the stack', 'imported VPC', 'imported VPC, chosen subnets, three security groups',
  'imported VPC, public subnets',
] as const;

type NetworkProps = Pick<EcsRunnerProps, 'vpc' | 'vpcSubnets' | 'subnetIds' | 'securityGroups' | 'assignPublicIp'>;

const idOf = (kind: string, number: number) => `${kind}-${String(number).repeat(8)}`;

export function importedVpc(stack: Stack): ec2.IVpc {
  return (stack.node.tryFindChild('Vpc') as ec2.IVpc | undefined) ?? ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-11111111',
    availabilityZones: ['a', 'b', 'c'].map((zone) => `${REGION}${zone}`),
    privateSubnetIds: [1, 2, 3].map((number) => idOf('subnet', number)),
    publicSubnetIds: [4, 5, 6].map((number) => idOf('subnet', number)),
  });
}

const importedGroups = (stack: Stack, count: number): ec2.ISecurityGroup[] =>
  Array.from({ length: count }, (_, index) => ec2.SecurityGroup.fromSecurityGroupId(stack, `Group${index + 1}`, idOf('sg', index + 1)));

export function networkOf(stack: Stack, network: typeof NETWORKS[number]): NetworkProps {
  switch (network) {
    case 'a subnet by id': return { subnetIds: [idOf('subnet', 1)] };
    case 'three subnets by id, two security groups': return { subnetIds: [1, 2, 3].map((number) => idOf('subnet', number)), securityGroups: importedGroups(stack, 2) };
    case 'none': return {};
    case 'VPC of the stack, a security group of the stack': {
      const vpc = new ec2.Vpc(stack, 'TheVpc', { maxAzs: 2, natGateways: 1, restrictDefaultSecurityGroup: false });
      return { vpc, securityGroups: [new ec2.SecurityGroup(stack, 'Group', { vpc })] };
    }
    case 'imported VPC': return { vpc: importedVpc(stack) };
    case 'imported VPC, chosen subnets, three security groups':
      return { vpc: importedVpc(stack), vpcSubnets: { availabilityZones: [`${REGION}a`, `${REGION}b`] }, securityGroups: importedGroups(stack, 3) };
    case 'imported VPC, public subnets': return { vpc: importedVpc(stack), vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC }, assignPublicIp: true };
  }
}

export function registrationNetworkOf(stack: Stack, registration: 'outside' | 'in a VPC' | 'in a VPC, two security groups'): RegistrationNetwork | undefined {
  if (registration === 'outside') return undefined;
  return {
    vpc: importedVpc(stack),
    ...registration === 'in a VPC' ? {} : {
      securityGroups: [1, 2].map((number) => ec2.SecurityGroup.fromSecurityGroupId(stack, `RegistrationGroup${number}`, idOf('sg', 6 + number))),
    },
  };
}
