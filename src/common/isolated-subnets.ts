import type * as ec2 from 'aws-cdk-lib/aws-ec2';

/** The subnets of a VPC that have no route to the internet. */
export function isolatedOf(vpc: ec2.IVpc, subnets: ec2.ISubnet[]): ec2.ISubnet[] {
  return subnets.filter(subnet => vpc.isolatedSubnets.some(other => other.node.path === subnet.node.path));
}
