import { Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, type IConstruct, type IDependable } from 'constructs';
import { warnAboutClosedPorts } from '../common/closed-ports';
import { EgressPorts } from '../common/egress';
import { isolatedOf, withoutRouteOf } from '../common/isolated-subnets';
import { warnAtTheEnd } from '../common/late-warning';
import { type Problems } from '../common/problems';
import { differs, sameValue } from '../common/unknown-values';
import type { RegistrationNetwork } from '../inputs/registration-network';

/** Id of the construct below the stack that contains the endpoints. Public: it is part of the paths that users write in suppressions. */
const ENDPOINTS_ID = 'HumanitecRunnerEndpoints';

/** The service that stores the API token, as a VPC endpoint service. */
export type TokenService = 'secretsmanager' | 'ssm';

/** The actions that Lambda needs to attach a function to a VPC. */
export const INTERFACE_ACTIONS = [
  'ec2:CreateNetworkInterface', 'ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets', 'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses', 'ec2:UnassignPrivateIpAddresses',
];

/**
 * Statements for the network interfaces of the function. Lambda uses the function's role to create network interfaces. Calls of Lambda itself do not have `lambda:SourceFunctionArn`. Calls of the function's code have it,
 * and are denied.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
 */
export function networkStatements(scope: IConstruct): iam.PolicyStatement[] {
  return [
    new iam.PolicyStatement({
      sid: 'AttachToVpc',
      actions: INTERFACE_ACTIONS,
      resources: ['*'],
      conditions: { StringEquals: { 'aws:RequestedRegion': Stack.of(scope).region } },
    }),
    new iam.PolicyStatement({
      sid: 'KeepCodeFromVpc',
      effect: iam.Effect.DENY,
      actions: INTERFACE_ACTIONS,
      resources: ['*'],
      conditions: { Null: { 'lambda:SourceFunctionArn': 'false' } },
    }),
  ];
}

/** Rejects an invalid network, and one that differs from the network of the stack's existing Lambda. */
export function checkRegistrationNetwork(problems: Problems, network?: RegistrationNetwork): void {
  if (!network) {
    return;
  }
  let selected: ec2.SelectedSubnets;
  try {
    selected = network.vpc.selectSubnets(network.vpcSubnets);
  } catch (error) {
    problems.add({
      input: 'registrationNetwork.vpcSubnets',
      expected: 'a selection of the VPC\'s subnets',
      got: (error as Error).message,
      fix: 'Select existing subnets of the VPC, with a route to the API of the orchestrator.',
    });
    return;
  }
  const { subnets, hasPublic, isPendingLookup } = selected;
  if (isPendingLookup) {
    return;
  }
  if (hasPublic) {
    problems.add({
      input: 'registrationNetwork.vpcSubnets',
      expected: 'private or isolated subnets',
      got: 'public subnets',
      fix: 'A Lambda has no public IP address, so it cannot reach the internet from a public subnet: choose other subnets.',
    });
  } else if (subnets.length === 0) {
    problems.add({
      input: 'registrationNetwork.vpcSubnets', expected: 'at least one subnet', got: 'none', fix: 'Select existing subnets of the VPC.',
    });
  }
}

/** Whether two runners of a stack certainly have different networks. */
export function isOtherNetwork(scope: IConstruct, one?: RegistrationNetwork, other?: RegistrationNetwork): boolean {
  const [oneValues, otherValues] = [one, other].map(network => network && valuesOf(network));
  return oneValues && otherValues ? oneValues.some((value, index) => differs(scope, value, otherValues[index])) : oneValues !== otherValues;
}

/** The values of a network in the template. Omits the subnets of a VPC whose lookup has not run yet. */
function valuesOf({ vpc, vpcSubnets, securityGroups, createEndpoints = false }: RegistrationNetwork): unknown[] {
  const { subnetIds, isPendingLookup } = vpc.selectSubnets(vpcSubnets);
  return [vpc.vpcId, isPendingLookup ? [] : subnetIds, securityGroups?.map(group => group.securityGroupId), createEndpoints];
}

/** The network of a Lambda in a VPC. */
export class NetworkAttachment {
  public readonly subnetIds: string[];
  public readonly securityGroups: ec2.ISecurityGroup[];
  /** The resources that the Lambda needs to reach its targets. They must exist before and after its invocations. */
  public readonly connectivity: IDependable[];
  /** Whether all subnets certainly have IPv6. Lambda accepts only such subnets for functions with IPv6. */
  public readonly isDualStack: boolean;
  private readonly egress?: EgressPorts;
  /** The endpoints that the functions of the stack share; undefined without `createEndpoints`. */
  public readonly endpoints?: SharedEndpoints;
  private readonly services = new Set<TokenService>();
  private readonly apiPorts: number[] = [];

  constructor(scope: Construct, network: RegistrationNetwork) {
    const { vpc, securityGroups } = network;
    const selected = vpc.selectSubnets(network.vpcSubnets);
    this.subnetIds = selected.subnetIds;
    this.isDualStack = isDualStack(selected.subnets);
    if (securityGroups?.length) {
      this.securityGroups = securityGroups;
      warnAboutClosedPorts(scope, 'closedRegistrationPorts', {
        user: 'registration\'s Lambda',
        usage: 'it needs for AWS and the API of the orchestrator',
        groups: () => securityGroups,
        ports: () => [443, ...this.apiPorts],
      });
    } else {
      const ownGroup = new ec2.SecurityGroup(scope, 'SecurityGroup', {
        vpc,
        description: 'Registration of Platform Orchestrator runners',
        allowAllOutbound: false,
      });
      this.egress = new EgressPorts(ownGroup);
      this.egress.allow(443, 'HTTPS to the orchestrator and AWS');
      this.securityGroups = [ownGroup];
    }
    // The Lambda depends on the routes to the internet, which are constructs of the VPC.
    this.connectivity = Stack.of(vpc) === Stack.of(scope) ? [selected.internetConnectivityEstablished, vpc] : [];
    if (!network.createEndpoints && !selected.isPendingLookup) {
      warnAboutIsolatedLambda(scope, vpc, selected.subnets);
    }
    if (network.createEndpoints) {
      this.endpoints = SharedEndpoints.for(Stack.of(scope), network);
      this.connectivity.push(this.endpoints);
    }
  }

  /** Allows the Lambda to reach the API. */
  public allowApi(port: number): void {
    this.apiPorts.push(port);
    this.egress?.allow(port, 'API of the orchestrator');
  }

  /** Allows the Lambda to reach the service that stores the API token. */
  public allowToken(service: TokenService): void {
    if (!this.endpoints || this.services.has(service)) {
      return;
    }
    this.services.add(service);
    const endpoint = this.endpoints.endpointOf(service);
    for (const group of this.securityGroups) {
      endpoint.connections.allowDefaultPortFrom(group, 'The registration of Platform Orchestrator runners');
    }
  }
}

/** The endpoints of a stack's functions. A VPC can have one endpoint with private DNS per service, so the functions of all APIs share them. */
class SharedEndpoints extends Construct {
  /** The endpoints of the stack, created if it has none yet. */
  public static for(stack: Stack, network: RegistrationNetwork): SharedEndpoints {
    return stack.node.tryFindChild(ENDPOINTS_ID) as SharedEndpoints | undefined ?? new SharedEndpoints(stack, ENDPOINTS_ID, network);
  }

  private constructor(scope: Construct, id: string, private readonly network: RegistrationNetwork) {
    super(scope, id);
    const { vpc, vpcSubnets = {} } = network;
    new ec2.GatewayVpcEndpoint(this, 'S3', { vpc, service: ec2.GatewayVpcEndpointAwsService.S3, subnets: [vpcSubnets] });
  }

  /** The endpoint of the service that stores an API token, created if there is none yet. */
  public endpointOf(service: TokenService): ec2.InterfaceVpcEndpoint {
    const { vpc, vpcSubnets: subnets } = this.network;
    const [id, endpointService] = service === 'ssm'
      ? ['Ssm', ec2.InterfaceVpcEndpointAwsService.SSM]
      : ['SecretsManager', ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER];
    return this.node.tryFindChild(id) as ec2.InterfaceVpcEndpoint | undefined
      ?? new ec2.InterfaceVpcEndpoint(this, id, { vpc, service: endpointService, subnets, open: false });
  }
}

/** Warns about isolated subnets, which have no route to AWS unless the VPC has endpoints. The endpoints of an imported VPC are unknown. */
function warnAboutIsolatedLambda(scope: Construct, vpc: ec2.IVpc, subnets: ec2.ISubnet[]): void {
  // At the end of synthesis, because another stack or a later statement can create endpoints and routes.
  warnAtTheEnd(scope, 'isolatedRegistration', () => {
    const isolated = [...isolatedOf(vpc, subnets), ...withoutRouteOf(vpc, subnets)];
    return isolated.length === 0 || hasInterfaceEndpoint(vpc) ? undefined
      : `The Lambda of the registration runs in isolated subnets (${isolated.map(subnet => subnet.node.id).join(', ')}), and the app has no VPC endpoints there. Without a route to `
      + 'AWS, it cannot read the API token and cannot answer CloudFormation, so the deployment fails after a timeout. Set `createEndpoints` of `registrationNetwork`, or choose subnets '
      + 'with a NAT gateway. If the VPC has endpoints already, acknowledge this warning.';
  });
}

function hasInterfaceEndpoint(vpc: ec2.IVpc): boolean {
  return vpc.node.root.node.findAll().some(construct => construct instanceof ec2.CfnVPCEndpoint
    && construct.vpcEndpointType === ec2.VpcEndpointType.INTERFACE && sameValue(vpc, construct.vpcId, vpc.vpcId));
}

/** Whether each subnet has an IPv6 range that the app assigns. For an imported subnet it is unknown. */
function isDualStack(subnets: ec2.ISubnet[]): boolean {
  return subnets.length > 0 && subnets.every(({ node: { defaultChild: subnet } }) =>
    subnet instanceof ec2.CfnSubnet && (subnet.ipv6CidrBlock !== undefined || subnet.ipv6IpamPoolId !== undefined));
}
