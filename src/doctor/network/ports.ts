import { GIT_SSH_KEYS } from '../../common/contract';
import type { Context } from '../check';
import { ALL_ADDRESSES } from './facts';

const HTTPS = 443;
const SSH = 22;

/**
 * The TCP ports that the tasks need to reach: of AWS and the registries, of the orchestrator, and of Git over SSH. The port of the orchestrator's gateway is known
 * from the security group that the stack created; otherwise it is that of the API.
 */
export function neededPorts({ stack, runner: { properties: { Job: job }, apiUrl } }: Pick<Context, 'stack' | 'runner'>): number[] {
  const own = stack.resources.filter(({ type, physicalId }) => type === 'AWS::EC2::SecurityGroup' && job.SecurityGroups?.includes(physicalId));
  const opened = own.flatMap(({ properties: { SecurityGroupEgress: rules = [] } }) => rules as any[])
    .filter(({ IpProtocol: protocol, CidrIp: cidr, FromPort: from, ToPort: to }) => protocol === 'tcp' && cidr === ALL_ADDRESSES && from === to)
    .map(({ FromPort: from }) => Number(from));
  const { port } = new URL(apiUrl);
  return [...new Set([
    HTTPS,
    ...own.length > 0 ? opened : [Number(port) || HTTPS],
    ...job.Secrets?.[GIT_SSH_KEYS] ? [SSH] : [],
  ])].sort((one, other) => one - other);
}
