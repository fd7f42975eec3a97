import { SettingsError } from './aws';
import type { Stack, StackResource } from './stack';
import { isResolved } from './template';
import type { RunnerProperties } from '../registration/wire';
import { API_URL_VARIABLE, RUNNER_TYPE } from '../registration/wire';

/** A runner of a deployed stack. */
export interface DeployedRunner {
  /** What the template registers. */
  readonly properties: RunnerProperties;
  /** Without a trailing slash. */
  readonly apiUrl: string;
  /** The registration in the stack. */
  readonly resource: StackResource;
}

/**
 * The runners of a stack.
 *
 * @param construct the path or id of the runner's construct, or the runner's id; all runners if it is undefined
 */
export function runnersOf(stack: Stack, construct?: string): DeployedRunner[] {
  const registrations = stack.resources.filter(({ type }) => type === RUNNER_TYPE);
  if (registrations.length === 0) {
    throw new SettingsError(`The stack '${stack.name}' has no runner: expected a resource of the type ${RUNNER_TYPE}. Give a stack that contains an EcsRunner.`);
  }
  const runners = registrations.map((resource) => deployedRunner(stack, resource));
  const chosen = runners.filter((runner) => construct === undefined || isNamed(runner, construct));
  if (chosen.length === 0) {
    throw new SettingsError(`The stack '${stack.name}' has no runner '${construct}': it has ${runners.map(nameOf).join(', ')}. Correct --runner.`);
  }
  return chosen;
}

/** The name of a runner for a person: its id, or the logical ID of its registration. */
export function nameOf({ properties, resource }: DeployedRunner): string {
  return typeof properties.RunnerId === 'string' ? properties.RunnerId : resource.logicalId;
}

function isNamed(runner: DeployedRunner, construct: string): boolean {
  const { properties, resource } = runner;
  // The registration is a child of the runner, and has its CloudFormation resource as a child of its own.
  const path = resource.path.split('/').slice(0, -2).join('/');
  return properties.RunnerId === construct || path === construct || path.endsWith(`/${construct}`)
    || resource.logicalId.startsWith(`${construct.replace(/[^A-Za-z0-9]/g, '')}Registration`);
}

function deployedRunner(stack: Stack, resource: StackResource): DeployedRunner {
  if (resource.properties.ServiceToken === undefined) {
    throw new SettingsError(`The template of the stack '${stack.name}' is not JSON: expected one that the AWS CDK wrote. Deploy the stack with the AWS CDK.`);
  }
  if (!isResolved(resource.properties)) {
    throw new SettingsError(`The inputs of the registration ${resource.logicalId} in the stack '${stack.name}' cannot be read from its template: `
      + `${unresolvedIn(resource.properties).join(', ')}. Deploy the stack again, so that its events show them.`);
  }
  const serviceToken = String(resource.properties.ServiceToken);
  const handler = stack.resources.find(({ type, physicalId, stackId }) =>
    type === 'AWS::Lambda::Function' && stackId === resource.stackId && serviceToken.endsWith(`:function:${physicalId}`));
  const apiUrl = handler?.properties.Environment?.Variables?.[API_URL_VARIABLE];
  if (typeof apiUrl !== 'string') {
    throw new SettingsError(`The URL of the orchestrator's API cannot be read from the stack '${stack.name}': `
      + `expected the variable ${API_URL_VARIABLE} of the Lambda of ${resource.logicalId}. Deploy the stack again.`);
  }
  return { properties: resource.properties as RunnerProperties, apiUrl: apiUrl.replace(/\/+$/, ''), resource };
}

function unresolvedIn(value: unknown, path: string[] = []): string[] {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, each]) => unresolvedIn(each, [...path, name]))
    : isResolved(value) ? [] : [path.join('.')];
}
