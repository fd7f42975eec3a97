import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { sameValue } from './unknown-values';

/** The subnets of a VPC that have no route to the internet. */
export function isolatedOf(vpc: ec2.IVpc, subnets: ec2.ISubnet[]): ec2.ISubnet[] {
  return subnets.filter(subnet => isIsolated(vpc, subnet));
}

/** Other subnets that the app creates without a default route, such as private subnets of a VPC without NAT gateways. Routes are complete only at the end of synthesis. */
export function withoutRouteOf(vpc: ec2.IVpc, subnets: ec2.ISubnet[]): ec2.ISubnet[] {
  // The CDK itself creates the default route in the subnet.
  const candidates = subnets.filter(subnet => subnet instanceof ec2.Subnet && !subnet.node.tryFindChild('DefaultRoute') && !isIsolated(vpc, subnet));
  const routes = candidates.length === 0 ? [] : vpc.node.root.node.findAll().filter(construct => construct instanceof ec2.CfnRoute);
  return candidates.filter(subnet => !routes.some(route => sameValue(subnet, route.routeTableId, subnet.routeTable.routeTableId)));
}

function isIsolated(vpc: ec2.IVpc, subnet: ec2.ISubnet): boolean {
  return vpc.isolatedSubnets.some(other => other.node.path === subnet.node.path);
}
