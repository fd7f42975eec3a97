import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { warnAtTheEnd } from '../common/late-warning';

/**
 * The network connections of a runner. Adds a warning if they are used without a security group, because the CDK then silently adds no rule.
 *
 * @see https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_ec2.Connections.html
 */
export class RunnerConnections extends ec2.Connections {
  private used = false;

  constructor(runner: Construct, securityGroups: ec2.ISecurityGroup[] = [], private readonly onAdd?: (group: ec2.ISecurityGroup) => void) {
    super({ securityGroups, defaultPort: ec2.Port.tcp(443) });
    // The CDK applies earlier rules to a security group that is added later.
    warnAtTheEnd(runner, 'connectionsWithoutSecurityGroup', () => this.used && this.securityGroups.length === 0
      ? 'The connections of this runner have no effect, because its security groups are not known. No security group rule is created. '
        + 'Give the security groups of the tasks in `securityGroups`.'
      : undefined);
  }

  // The other side of a connection calls these, too.
  public allowTo(other: ec2.IConnectable, portRange: ec2.Port, description?: string): void {
    this.used = true;
    super.allowTo(other, portRange, description);
  }

  public allowFrom(other: ec2.IConnectable, portRange: ec2.Port, description?: string): void {
    this.used = true;
    super.allowFrom(other, portRange, description);
  }

  public allowInternally(portRange: ec2.Port, description?: string): void {
    this.used = true;
    super.allowInternally(portRange, description);
  }

  public addSecurityGroup(...securityGroups: ec2.ISecurityGroup[]): void {
    super.addSecurityGroup(...securityGroups);
    securityGroups.forEach(group => this.onAdd?.(group));
  }
}
