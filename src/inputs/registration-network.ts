import type * as ec2 from 'aws-cdk-lib/aws-ec2';

/**
 * VPC of the registration's Lambda, for an orchestrator whose API can be reached only from a VPC.
 *
 * In the VPC, the Lambda must also reach Secrets Manager or Systems Manager, which stores the API token, and Amazon S3, which receives the Lambda's
 * answers to CloudFormation: through a NAT gateway or VPC endpoints.
 */
export interface RegistrationNetwork {
  /** The VPC. All runners of a stack share the Lambda, so they must use the same VPC. */
  readonly vpc: ec2.IVpc;

  /**
   * The subnets. Public subnets are not accepted, because a Lambda has no public IP address.
   *
   * @default - the private subnets
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Security groups of the Lambda.
   *
   * @default - a new security group that allows outbound HTTPS and the port of the API, and no inbound traffic
   */
  readonly securityGroups?: ec2.ISecurityGroup[];

  /**
   * Whether to create the VPC endpoints that a VPC without internet access needs: an interface endpoint with private DNS for the service that stores the API token,
   * and a gateway endpoint for S3. A VPC can have only one of each: omit it if the VPC already has them.
   *
   * @default false
   * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-vpce-bucketnames.html
   */
  readonly createEndpoints?: boolean;
}
