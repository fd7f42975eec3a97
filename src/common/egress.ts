import * as ec2 from 'aws-cdk-lib/aws-ec2';

/** Egress rules of a security group for TCP ports, to every IPv4 and IPv6 address. A VPC without IPv6 ignores the rules for IPv6. */
export class EgressPorts {
  private readonly ports = new Set<number>();

  constructor(private readonly group: ec2.ISecurityGroup) {}

  public allow(port: number, description: string): void {
    if (!this.ports.has(port)) {
      this.ports.add(port);
      this.group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(port), description);
      this.group.addEgressRule(ec2.Peer.anyIpv6(), ec2.Port.tcp(port), description);
    }
  }
}
