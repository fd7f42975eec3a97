import type * as ec2 from 'aws-cdk-lib/aws-ec2';

/**
 * The VPC that the registration's Lambda works in, for an orchestrator whose API is reached from there only.
 *
 * From there it also has to reach Secrets Manager or Systems Manager, where the API token is kept, and Amazon S3, which takes what the
 * Lambda answers CloudFormation: through a NAT gateway, or through VPC endpoints.
 */
export interface RegistrationNetwork {
  /** The VPC. All runners of a stack share the Lambda, so they have to name the same one. */
  readonly vpc: ec2.IVpc;

  /**
   * The subnets. Not public ones: a Lambda has no public IP address.
   *
   * @default - the private subnets
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Security groups of the Lambda.
   *
   * @default - a new one that lets HTTPS and the port of the API out, and nothing in
   */
  readonly securityGroups?: ec2.ISecurityGroup[];

  /**
   * Make the VPC endpoints that a VPC without a way to the internet needs: an interface endpoint for where the token is kept, with a private
   * name, and a gateway endpoint for S3. A VPC can have each only once: leave it out where they are there already.
   *
   * @default false
   * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-vpce-bucketnames.html
   */
  readonly createEndpoints?: boolean;
}
