/** The network of the tasks, as EC2 describes it. */

export interface Subnet {
  readonly id: string;
  readonly vpcId: string;
  readonly cidr: string;
}

export interface Route {
  /** An IPv4 range, or the id of a prefix list. */
  readonly destination: string;
  /** The id of the gateway, connection or interface that the route leads to. */
  readonly target: string;
  readonly isActive: boolean;
}

export interface RouteTable {
  readonly id: string;
  readonly subnetIds: string[];
  /** Whether subnets without a table of their own use it. */
  readonly isMain: boolean;
  readonly routes: Route[];
}

export interface NatGateway {
  readonly id: string;
  readonly subnetId: string;
  readonly state: string;
  readonly isPublic: boolean;
}

/** An inclusive range of TCP ports. */
export interface Ports {
  readonly from: number;
  readonly to: number;
}

export const ALL_PORTS: Ports = { from: 0, to: 65535 };
export const ALL_ADDRESSES = '0.0.0.0/0';

/** A rule of a network ACL for TCP over IPv4. */
export interface AclRule {
  readonly number: number;
  readonly isEgress: boolean;
  readonly allows: boolean;
  readonly cidr: string;
  readonly ports: Ports;
}

export interface NetworkAcl {
  readonly id: string;
  readonly subnetIds: string[];
  readonly rules: AclRule[];
}

/** A rule of a security group that allows TCP. */
export interface GroupRule {
  readonly ports: Ports;
  /** IPv4 ranges, ids of security groups, and ids of prefix lists. */
  readonly peers: string[];
}

export interface SecurityGroup {
  readonly id: string;
  readonly vpcId: string;
  readonly ingress: GroupRule[];
  readonly egress: GroupRule[];
}

export interface VpcEndpoint {
  readonly id: string;
  /** Such as `secretsmanager`, or `ecr.dkr`: the name of the service without its beginning and region. */
  readonly service: string;
  readonly isGateway: boolean;
  readonly state: string;
  /** JSON; undefined if it allows everything. */
  readonly policy?: string;
  readonly routeTableIds: string[];
  readonly groupIds: string[];
  readonly hasPrivateDns: boolean;
}

/** Whether an IPv4 range contains another one. */
export function containsRange(outer: string, inner: string): boolean {
  const [one, other] = [parseRange(outer), parseRange(inner)];
  if (!one || !other) {
    return outer === inner;
  }
  return one.bits <= other.bits && Math.floor(one.address / one.size) === Math.floor(other.address / one.size);
}

/** Whether two address ranges have addresses in common. */
export function rangesOverlap(one: string, other: string): boolean {
  return containsRange(one, other) || containsRange(other, one);
}

/** Whether a range of ports contains another one. */
export function containsPorts(outer: Ports, inner: Ports): boolean {
  return outer.from <= inner.from && inner.to <= outer.to;
}

function parseRange(cidr: string): { address: number; bits: number; size: number } | undefined {
  const found = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
  if (!found) {
    return undefined;
  }
  const [a, b, c, d, bits] = found.slice(1).map(Number);
  return { address: ((a * 256 + b) * 256 + c) * 256 + d, bits, size: 2 ** (32 - bits) };
}

/** The table that a subnet uses. */
export function routeTableOf(tables: RouteTable[], subnetId: string): RouteTable | undefined {
  return tables.find(({ subnetIds }) => subnetIds.includes(subnetId)) ?? tables.find(({ isMain }) => isMain);
}

/** The way to the internet of a subnet. */
export function defaultRouteOf(tables: RouteTable[], subnetId: string): Route | undefined {
  return routeTableOf(tables, subnetId)?.routes.find(({ destination }) => destination === ALL_ADDRESSES);
}
