import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Row, subnets } from './row';
import { ACCOUNT, importedVpc, REGION } from '../support';

/** Invalid networks of the tasks and of the registration. */
export const ROWS: Row[] = [
  ['no subnets', () => ({ subnetIds: [] }),
    ['subnetIds: expected 1 to 16 subnets; got none. Give at least one subnet that the tasks can run in.']],
  ['17 subnets', () => ({ subnetIds: subnets(17) }),
    ['subnetIds: expected 1 to 16 subnets; got 17. Select fewer subnets: one per availability zone is enough.']],
  ['a VPC with 17 private subnets', stack => ({
    subnetIds: undefined, vpc: ec2.Vpc.fromVpcAttributes(stack, 'V', { vpcId: 'vpc-1', availabilityZones: [`${REGION}a`], privateSubnetIds: subnets(17) }),
  }), ['vpc: expected 1 to 16 subnets; got 17. Select fewer subnets: one per availability zone is enough.']],
  ['an empty subnet id', () => ({ subnetIds: ['subnet-12345678', ''] }),
    ['subnetIds: expected subnet ids of 1 to 24 characters without spaces, such as "subnet-0123456789abcdef0"; got "". Give the ids, not ARNs or names.']],
  ['a list of subnet ids in one text', () => ({ subnetIds: ['subnet-1, subnet-2'] }),
    ['subnetIds: expected subnet ids of 1 to 24 characters without spaces, such as "subnet-0123456789abcdef0"; got "subnet-1, subnet-2". Give the ids, not ARNs or names.']],
  ['an empty selection of subnets', stack => ({ subnetIds: undefined, vpc: importedVpc(stack), vpcSubnets: { subnets: [] } }),
    ['vpcSubnets: expected 1 to 16 subnets; got none. Give at least one subnet that the tasks can run in.']],
  ['an empty selection of subnets for the registration', stack => ({ registrationNetwork: { vpc: importedVpc(stack), vpcSubnets: { subnets: [] } } }),
    ['registrationNetwork.vpcSubnets: expected at least one subnet; got none. Select existing subnets of the VPC.']],
  ['a subnet ARN', () => ({ subnetIds: [`arn:aws:ec2:${REGION}:${ACCOUNT}:subnet/subnet-1`] }),
    [`subnetIds: expected subnet ids of 1 to 24 characters without spaces, such as "subnet-0123456789abcdef0"; got "arn:aws:ec2:${REGION}:${ACCOUNT}:subnet/subnet-1". `
      + 'Give the ids, not ARNs or names.']],
  ['six security groups', stack => ({
    securityGroups: [1, 2, 3, 4, 5, 6].map(i => ec2.SecurityGroup.fromSecurityGroupId(stack, `Sg${i}`, `sg-1234567${i}`)),
  }), ['securityGroups: expected at most 5; got 6. ECS attaches at most 5 security groups to a task: merge their rules.']],
  ['both vpc and subnetIds', stack => ({ vpc: importedVpc(stack) }),
    ['subnetIds: expected either `vpc` (with `vpcSubnets`) or `subnetIds`; got both. Select subnets of the VPC with `vpcSubnets`, or omit `vpc`.']],
  ['vpcSubnets without vpc', () => ({ vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC } }),
    ['vpcSubnets: expected `vpc` together with it; got no `vpc`. Give the VPC of these subnets, or use `subnetIds`.']],
  ['a cluster whose VPC is unknown', stack => ({
    subnetIds: undefined, cluster: ecs.Cluster.fromClusterArn(stack, 'C', `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/c`),
  }), ['cluster: expected `vpc` or `subnetIds` together with a cluster whose VPC is not known; got neither. '
    + 'Give the VPC or the subnets of the tasks, or import the cluster with its VPC by Cluster.fromClusterAttributes().']],
  ['vpcSubnets of a cluster whose VPC is unknown', stack => ({
    subnetIds: undefined, vpcSubnets: {}, cluster: ecs.Cluster.fromClusterArn(stack, 'C', `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/c`),
  }), ['cluster: expected `vpc` or `subnetIds` together with a cluster whose VPC is not known; got neither. '
    + 'Give the VPC or the subnets of the tasks, or import the cluster with its VPC by Cluster.fromClusterAttributes().']],
  ['subnets that the VPC lacks', stack => ({
    subnetIds: undefined, vpc: importedVpc(stack), vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
  }), ['vpcSubnets: expected a selection of the VPC\'s subnets; got There are no \'Isolated\' subnet groups in this VPC. '
    + 'Available types: Deprecated_Private_NAT,Private,Deprecated_Private,Public. '
    + 'Select existing subnets of the VPC, with a route to the orchestrator and the image registry.']],
  ['a registration in public subnets', stack => ({ registrationNetwork: { vpc: importedVpc(stack), vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC } } }),
    ['registrationNetwork.vpcSubnets: expected private or isolated subnets; got public subnets. '
      + 'A Lambda has no public IP address, so it cannot reach the internet from a public subnet: choose other subnets.']],
  ['a registration in subnets that the VPC lacks', stack => ({
    registrationNetwork: { vpc: importedVpc(stack), vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED } },
  }), ['registrationNetwork.vpcSubnets: expected a selection of the VPC\'s subnets; got There are no \'Isolated\' subnet groups in this VPC. '
    + 'Available types: Deprecated_Private_NAT,Private,Deprecated_Private,Public. Select existing subnets of the VPC, with a route to the API of the orchestrator.']],
];
