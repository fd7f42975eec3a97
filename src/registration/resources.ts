import { CustomResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Construct, IConstruct } from 'constructs';
import { SERVICE_TIMEOUT_SECONDS } from './delivery-times';
import { REGISTRATION } from './findings';
import { RegistrationProvider } from './provider';
import type { OidcProviderProperties, RunnerIdProperties, RunnerProperties, RunnerRuleProperties, WireOrchestrator } from './wire';
import { OIDC_PROVIDER_TYPE, RUNNER_ID_TYPE, RUNNER_RULE_TYPE, RUNNER_TYPE } from './wire';
import { acknowledge } from '../common/acknowledgements';
import type { Orchestrator } from '../inputs/orchestrator';

/** The registrations of this app's runners, for what has to come after them. */
const registrations = new WeakMap<IConstruct, CustomResource>();

/** Remembers what registers the runner. */
export function remember(runner: IConstruct, registration: CustomResource): void {
  registrations.set(runner, registration);
}

/** The runner's id, known only once it is registered; the plain id of an imported runner. */
export function registeredId(runner: IConstruct & { readonly runnerId: string }): string {
  return registrations.get(runner)?.getAttString('RunnerId') ?? runner.runnerId;
}

type Own<T> = Omit<T, keyof WireOrchestrator>;

/** The custom resource that makes the runner's id. Its Ref is the id. */
export function runnerIdResource(scope: Construct, id: string, orchestrator: Orchestrator, properties: Own<RunnerIdProperties>): CustomResource {
  return resource(scope, id, orchestrator, RUNNER_ID_TYPE, properties);
}

/** The custom resource that registers the runner. Its attribute `RunnerId` is there once the runner is registered. */
export function runnerResource(scope: Construct, id: string, orchestrator: Orchestrator, properties: Own<RunnerProperties>): CustomResource {
  const registration = resource(scope, id, orchestrator, RUNNER_TYPE, properties);
  // All of the Lambda, with how its events are delivered: a deletion needs it, too.
  registration.node.addDependency(RegistrationProvider.find(Stack.of(scope))!);
  return registration;
}

/** The custom resource that makes a runner rule. */
export function runnerRuleResource(scope: Construct, id: string, orchestrator: Orchestrator, properties: Own<RunnerRuleProperties>): CustomResource {
  return resource(scope, id, orchestrator, RUNNER_RULE_TYPE, properties);
}

/** The custom resource that makes sure that the account has the OIDC provider of an issuer. Its Ref is the provider's ARN. */
export function oidcProviderResource(
  scope: Construct, id: string, properties: Omit<OidcProviderProperties, 'ServiceToken' | 'ServiceTimeout'>,
): CustomResource {
  return customResource(scope, id, OIDC_PROVIDER_TYPE, properties);
}

function resource(scope: Construct, id: string, orchestrator: Orchestrator, resourceType: string, properties: object): CustomResource {
  const tokenPolicy = providerOf(scope).serve(orchestrator);
  const registration = customResource(scope, id, resourceType, {
    ApiUrl: orchestrator.apiUrl, OrgId: orchestrator.orgId, Token: orchestrator.apiToken._wire(scope), ...withoutEmpty(properties),
  });
  registration.node.addDependency(tokenPolicy);
  return registration;
}

function providerOf(scope: Construct): RegistrationProvider {
  const provider = RegistrationProvider.find(Stack.of(scope));
  if (!provider) {
    throw new Error(`${scope.node.path}: the stack has no registration yet`);
  }
  return provider;
}

function customResource(scope: Construct, id: string, resourceType: string, properties: Record<string, unknown>): CustomResource {
  const provider = providerOf(scope);
  const registration = new CustomResource(scope, id, {
    serviceToken: provider.serviceToken,
    resourceType,
    serviceTimeout: Duration.seconds(SERVICE_TIMEOUT_SECONDS),
    removalPolicy: RemovalPolicy.DESTROY,
    properties,
  });
  if (provider.connectivity.length > 0) {
    registration.node.addDependency(...provider.connectivity);
    acknowledge(registration, REGISTRATION);
  }
  return registration;
}

/** CloudFormation takes no undefined. */
function withoutEmpty(properties: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined).map(([name, value]) =>
    [name, isPlainObject(value) ? withoutEmpty(value) : value]));
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
