/**
 * Estimates how long CloudFormation takes for a template: each resource takes the usual time of its type, and waits for the resources it depends on.
 *
 * The estimates compare templates; they do not predict a deployment. CloudFormation publishes no durations, so all figures are estimates.
 */
import { dependenciesOf, SizedResource, Template } from './template-size';

/** Estimated seconds of an operation on a resource. */
interface Durations {
  readonly create: number;
  readonly update: number;
  readonly delete: number;
}

/** Estimates by resource type. For a custom resource this is one Lambda invocation, including the answer to CloudFormation. */
const ESTIMATES: Record<string, Durations> = {
  'AWS::EC2::InternetGateway': { create: 16, update: 5, delete: 5 },
  'AWS::EC2::NatGateway': { create: 110, update: 5, delete: 60 },
  'AWS::EC2::VPC': { create: 12, update: 5, delete: 3 },
  'AWS::ECS::Cluster': { create: 10, update: 10, delete: 5 },
  'AWS::IAM::Policy': { create: 16, update: 16, delete: 3 },
  'AWS::IAM::Role': { create: 17, update: 17, delete: 3 },
  'AWS::KMS::Key': { create: 60, update: 10, delete: 5 },
  'AWS::Lambda::Function': { create: 8, update: 10, delete: 5 },
  'AWS::S3::Bucket': { create: 22, update: 20, delete: 3 },
  'Custom::HumanitecOidcProvider': { create: 4, update: 4, delete: 4 },
  'Custom::HumanitecRunner': { create: 4, update: 4, delete: 4 },
  'Custom::HumanitecRunnerId': { create: 4, update: 4, delete: 4 },
  'Custom::HumanitecRunnerRule': { create: 4, update: 4, delete: 4 },
};
/** The estimate for all other resources. They are small, such as permissions, routes and log groups. */
const SMALL: Durations = { create: 5, update: 5, delete: 3 };

/** Estimated seconds of a stack operation. */
export interface DeploymentTime {
  readonly create: number;
  /** An update that changes only the properties of the registration. */
  readonly updateRegistration: number;
  readonly delete: number;
}

export function deploymentTime({ Resources: resources }: Template): DeploymentTime {
  const ids = Object.keys(resources);
  const dependencies = Object.fromEntries(ids.map(id => [id, dependenciesOf(resources[id]).filter(other => other in resources)]));
  const dependents = Object.fromEntries(ids.map(id => [id, ids.filter(other => dependencies[other].includes(id))]));
  const registrations = ids.filter(id => resources[id].Type === 'Custom::HumanitecRunner').map(id => durations(resources[id]).update);
  return {
    create: longest(dependencies, id => durations(resources[id]).create),
    updateRegistration: Math.max(0, ...registrations),
    // CloudFormation deletes a resource after all resources that depend on it. Retained resources take no time.
    delete: longest(dependents, id => isRetained(resources[id]) ? 0 : durations(resources[id]).delete),
  };
}

function durations({ Type: type }: SizedResource): Durations {
  return ESTIMATES[type as string] ?? SMALL;
}

function isRetained({ DeletionPolicy: policy = 'Delete' }: SizedResource): boolean {
  return policy !== 'Delete';
}

/** The duration of the slowest dependency chain, in seconds. */
function longest(predecessors: Record<string, string[]>, seconds: (id: string) => number): number {
  const ends = new Map<string, number>();
  const endOf = (id: string): number => {
    if (!ends.has(id)) {
      ends.set(id, seconds(id) + Math.max(0, ...predecessors[id].map(endOf)));
    }
    return ends.get(id)!;
  };
  return Math.max(0, ...Object.keys(predecessors).map(endOf));
}
