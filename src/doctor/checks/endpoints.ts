import { Check, Context, Finding, ok, problem, unknown } from '../check';
import { containsPorts, containsRange, defaultRouteOf, RouteTable, routeTableOf, SecurityGroup, Subnet, VpcEndpoint } from '../network/facts';
import { readRouteTables, readSecurityGroups, readSubnets, readVpcEndpoints } from '../network/read';
import { AccessRequest, evaluate, parsePolicy } from '../policies';
import { executionRequests, repositoryArn } from '../role-requests';
import { isParameter } from '../secrets';
import { bucketAccount, stateRequests } from '../state';

export const ENDPOINTS: Check = {
  id: 'endpoints',
  title: 'The VPC endpoints on the way to AWS',
  reads: ['ec2:DescribeVpcEndpoints', 'ec2:DescribeSecurityGroups', 'ec2:DescribeSubnets', 'ec2:DescribeRouteTables'],
  async run(context) {
    const subnets = await readSubnets(context);
    if (subnets.length === 0) {
      return [unknown('Could not check the VPC endpoints, because the VPC of the tasks is not known.', 'Correct the subnets of the runner first.')];
    }
    const [{ vpcId }] = subnets;
    const { SecurityGroups: taskGroupIds = [] } = context.runner.properties.Job;
    const [routeTables, endpoints] = await Promise.all([readRouteTables(context, vpcId), readVpcEndpoints(context, vpcId)]);
    const groupIds = [...new Set(endpoints.flatMap(endpoint => endpoint.groupIds))];
    const groups = groupIds.length === 0 ? [] : await readSecurityGroups(context, groupIds);
    return findEndpointProblems({ subnets, routeTables, endpoints, groups, taskGroupIds, uses: serviceUses(context) });
  },
};

/** What the tasks, or ECS in their network, do at a service of AWS. */
export interface ServiceUse {
  /** As VPC endpoints name it. */
  readonly service: string;
  readonly requests: AccessRequest[];
}

export interface EndpointFacts {
  readonly subnets: Subnet[];
  readonly routeTables: RouteTable[];
  readonly endpoints: VpcEndpoint[];
  /** The security groups of the endpoints. */
  readonly groups: SecurityGroup[];
  readonly taskGroupIds: string[];
  readonly uses: ServiceUse[];
}

const HTTPS = { from: 443, to: 443 };

/**
 * Whether the endpoints that traffic of the tasks goes through let it through. Without an endpoint the traffic takes the route to the internet, which has a check
 * of its own.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html
 */
export function findEndpointProblems(facts: EndpointFacts): Finding[] {
  const findings = facts.uses.flatMap(use => facts.endpoints.filter(({ service }) => service === use.service)
    .flatMap(endpoint => findEndpointProblem(endpoint, use, facts)));
  if (findings.length > 0) {
    return findings;
  }
  const used = facts.endpoints.filter(endpoint => facts.uses.some(({ service }) => service === endpoint.service) && isUsed(endpoint, facts));
  return [ok(used.length === 0 ? 'No VPC endpoint is on the way to AWS.' : `The VPC endpoints on the way let the tasks through: ${used.map(({ service }) => service).join(', ')}.`)];
}

function findEndpointProblem(endpoint: VpcEndpoint, { requests }: ServiceUse, facts: EndpointFacts): Finding[] {
  const { id, service, state } = endpoint;
  const start = `The VPC endpoint ${id} for ${service}`;
  if (!isUsed(endpoint, facts)) {
    const stranded = endpoint.isGateway ? [] : facts.subnets.filter(subnet => !defaultRouteOf(facts.routeTables, subnet.id));
    return stranded.length === 0 ? [] : [problem(`${start} has no private DNS names, and the subnets ${stranded.map(subnet => subnet.id).join(', ')} have no other way to the service.`,
      `Run \`aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${id} --private-dns-enabled\`.`)];
  }
  if (state.toLowerCase() !== 'available') {
    return [problem(`${start} has the state ${state}: expected available.`, 'Accept the endpoint if it is pending acceptance, or create it again.')];
  }
  const findings: Finding[] = [];
  const closed = facts.subnets.filter(subnet => !lets(endpoint, subnet, facts));
  if (!endpoint.isGateway && closed.length > 0) {
    findings.push(problem(`The security groups ${endpoint.groupIds.join(', ')} of the VPC endpoint ${id} for ${service} do not let the tasks in the subnets ${closed.map(subnet => subnet.id).join(', ')} in on port 443.`,
      `Run \`aws ec2 authorize-security-group-ingress --group-id ${endpoint.groupIds[0]} --protocol tcp --port 443 ${facts.taskGroupIds[0] ? `--source-group ${facts.taskGroupIds[0]}` : `--cidr ${closed[0].cidr}`}\`.`));
  }
  if (endpoint.policy !== undefined) {
    const verdicts = requests.map(request => ({ request, ...evaluate([parsePolicy(endpoint.policy)], request) }));
    const denied = verdicts.filter(({ decision }) => decision === 'explicitDeny' || decision === 'implicitDeny');
    const open = verdicts.find(({ decision }) => decision === 'unknown');
    if (denied.length > 0) {
      findings.push(problem(`The policy of the VPC endpoint ${id} for ${service} denies ${denied.map(({ request: { action, resource } }) => `${action} on ${resource}`).join(', ')}.`,
        'Allow it in the policy of the endpoint (aws ec2 modify-vpc-endpoint).'));
    } else if (open) {
      findings.push(unknown(`Could not check whether the VPC endpoint ${id} for ${service} allows ${open.request.action}: its policy depends on ${open.dependsOn.join(', ')}.`,
        `Make sure that the policy allows ${open.request.action} on ${open.request.resource}.`));
    }
  }
  return findings;
}

/** Whether traffic to the service goes through the endpoint. */
function isUsed({ id, isGateway, hasPrivateDns, routeTableIds }: VpcEndpoint, { subnets, routeTables }: EndpointFacts): boolean {
  return isGateway
    ? subnets.some((subnet) => {
      const table = routeTableOf(routeTables, subnet.id);
      return table !== undefined && (routeTableIds.includes(table.id) || table.routes.some(({ target }) => target === id));
    })
    : hasPrivateDns;
}

/** Whether a security group of an interface endpoint lets tasks of the subnet in. */
function lets({ groupIds }: VpcEndpoint, { cidr }: Subnet, { groups, taskGroupIds }: EndpointFacts): boolean {
  const rules = groups.filter(({ id }) => groupIds.includes(id)).flatMap(({ ingress }) => ingress);
  return rules.some(({ ports, peers }) => containsPorts(ports, HTTPS) && peers.some(peer => taskGroupIds.includes(peer) || containsRange(peer, cidr)
    // What a prefix list contains is not known here.
    || peer.startsWith('pl-')));
}

/** The services that the runner uses through the network of its tasks. STS is left out: GetCallerIdentity needs no permission. */
function serviceUses({ stack, runner }: Context): ServiceUse[] {
  const { Job: job, StateStorage: { Bucket: bucket, PathPrefix: prefix } } = runner.properties;
  const account = bucketAccount({ stack, runner });
  const by = (roleArn: string) => ({
    principal: { kind: 'AWS', value: roleArn } as const,
    context: { 'aws:PrincipalArn': roleArn, 'aws:PrincipalAccount': roleArn.split(':')[4], 'aws:SecureTransport': 'true' },
  });
  const execution = by(job.ExecutionRoleArn);
  const task = by(job.TaskRoleArn);
  const secrets = Object.values(job.Secrets ?? {}).filter(arn => arn.split(':')[3] === job.Region);
  const requestsOf = (service: string, arns: string[], repository?: string): ServiceUse[] => {
    const requests = executionRequests(arns.map(arn => ({ arn })), repository).flatMap(({ actions, resource, context }) =>
      actions.map(action => ({ action, resource, principal: execution.principal, context: { ...execution.context, ...context } })));
    return requests.length === 0 ? [] : [{ service, requests }];
  };
  const repository = repositoryArn(job.Image);
  const images = requestsOf('ecr', [], repository)[0]?.requests ?? [];
  return [
    {
      service: 's3',
      requests: [
        ...stateRequests({ name: bucket, prefix }).map(({ context, ...request }) => ({ ...request, ...task, context: { ...task.context, 'aws:ResourceAccount': account, ...context } })),
        // ECR keeps the layers of images in a bucket of its own. https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
        ...repository ? [{ action: 's3:GetObject', resource: `arn:aws:s3:::prod-${job.Region}-starport-layer-bucket/layer`, ...execution }] : [],
      ],
    },
    ...requestsOf('secretsmanager', secrets.filter(arn => !isParameter(arn))),
    ...requestsOf('ssm', secrets.filter(isParameter)),
    ...images.length > 0 ? [
      { service: 'ecr.api', requests: images.filter(({ action }) => action === 'ecr:GetAuthorizationToken') },
      { service: 'ecr.dkr', requests: images.filter(({ action }) => action !== 'ecr:GetAuthorizationToken') },
    ] : [],
    { service: 'sts', requests: [] },
  ];
}
