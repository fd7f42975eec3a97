import { CfnResource, CustomResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Construct, IConstruct } from 'constructs';
import { SERVICE_TIMEOUT_SECONDS } from './delivery-times';
import { apiSuffix, RegistrationProvider } from './provider';
import { rejectSecretReferences } from './secret-references';
import type { OidcProviderProperties, RunnerIdProperties, RunnerProperties, RunnerRuleProperties, WireOrchestrator } from './wire';
import { OIDC_PROVIDER_TYPE, RUNNER_ID_TYPE, RUNNER_RULE_TYPE, ruleLogicalId, RUNNER_TYPE } from './wire';
import { hash8 } from '../common/hash';
import { warnAtTheEnd } from '../common/late-warning';
import { isRetained } from '../common/removal-policy';
import { isKnown } from '../common/unknown-values';
import type { Orchestrator } from '../inputs/orchestrator';

interface Registration {
  readonly resource: CustomResource;
  /** The properties of the resource, without those that all resources of the orchestrator have. */
  readonly properties: Own<RunnerProperties>;
  readonly adoptsExisting: boolean;
}

/** The registrations of the runners of this app. */
const registrations = new WeakMap<IConstruct, Registration>();

export function rememberRegistration(runner: IConstruct, registration: Registration): void {
  registrations.set(runner, registration);
}

/** The registration of a runner of this app. */
export function registrationOf(runner: IConstruct): Registration {
  return registrations.get(runner)!;
}

/** The runner id as an attribute of the registration, so that users of the id depend on the registration. For an imported runner, the plain id. */
export function registeredId(runner: IConstruct & { readonly runnerId: string }): string {
  return registrations.get(runner)?.resource.getAttString('RunnerId') ?? runner.runnerId;
}

/** Whether the app takes over an existing registration of the runner. */
export function adoptsExisting(runner: IConstruct): boolean {
  return registrations.get(runner)?.adoptsExisting ?? false;
}

/** Makes the registration depend on a part of the runner. If the orchestrator refuses to delete the registration, CloudFormation does not delete the part. */
export function keepUntilDeregistered(runner: IConstruct, part: IConstruct): void {
  // A part in another stack already depends on the stack of the runner.
  if (Stack.of(part) === Stack.of(runner)) {
    registrations.get(runner)!.resource.node.addDependency(part);
  }
}

export type Own<T> = Omit<T, keyof WireOrchestrator>;

/** The custom resource that generates the runner's id. Its Ref is the id. */
export function runnerIdResource(scope: Construct, orchestrator: Orchestrator, properties: Own<RunnerIdProperties>): CustomResource {
  return resource(scope, 'RunnerId', orchestrator, RUNNER_ID_TYPE, properties);
}

/** The custom resource that registers the runner. Its attribute `RunnerId` exists once the runner is registered. */
export function runnerResource(scope: Construct, orchestrator: Orchestrator, properties: Own<RunnerProperties>): CustomResource {
  const registration = resource(scope, 'Registration', orchestrator, RUNNER_TYPE, properties);
  warnIfRetained(scope, 'registrationRetained', registration, 'the runner registered at the orchestrator, which still sends deployments to it');
  // Includes the settings for the delivery of events, which a deletion needs, too.
  registration.node.addDependency(RegistrationProvider.find(Stack.of(scope), orchestrator.apiUrl)!);
  return registration;
}

/** Id of the warning about a rule with a removal policy that retains it. */
export const RULE_RETAINED = 'ruleRetained';

/** Warns about a removal policy, for example of an aspect for all resources of an app: it retains the object at the orchestrator, too. */
function warnIfRetained(scope: Construct, id: string, { node }: CustomResource, remains: string): void {
  const registration = node.defaultChild as CfnResource;
  warnAtTheEnd(scope, id, () => isRetained(registration)
    ? `A removal policy retains '${node.path}'. A deletion or replacement leaves ${remains}. `
      + `Apply the policy with \`excludeResourceTypes: ['${registration.cfnResourceType}']\`.`
    : undefined);
}

/** The custom resource that creates a runner rule. Its attribute `RuleId` is the rule's UUID. */
export function runnerRuleResource(scope: Construct, orchestrator: Orchestrator, properties: Own<RunnerRuleProperties>): CustomResource {
  const rule = resource(scope, 'Resource', orchestrator, RUNNER_RULE_TYPE, properties);
  warnIfRetained(scope, RULE_RETAINED, rule, 'the former rule at the orchestrator, which still sends deployments to its runner');
  rule.node.addDependency(RegistrationProvider.find(Stack.of(scope), orchestrator.apiUrl)!);
  const filter = [orchestrator.apiUrl, orchestrator.orgId, properties.ProjectId ?? '', properties.EnvTypeId ?? ''];
  if (filter.every(isKnown)) {
    // The logical ID depends on the filter, because the orchestrator has one rule per filter. With an ID from the construct path, moving a construct would delete the rule of another one.
    (rule.node.defaultChild as CfnResource).overrideLogicalId(ruleLogicalId(hash8(JSON.stringify(filter))));
  }
  return rule;
}

/** The custom resource that makes sure that the account has the OIDC provider of an issuer. Its Ref is the provider's ARN. */
export function oidcProviderResource(
  scope: Construct, id: string, apiUrl: string, properties: Omit<OidcProviderProperties, 'ServiceToken' | 'ServiceTimeout'>,
): CustomResource {
  return customResource(scope, id, providerOf(scope, apiUrl), OIDC_PROVIDER_TYPE, properties);
}

function resource(scope: Construct, id: string, orchestrator: Orchestrator, resourceType: string, properties: object): CustomResource {
  const { apiUrl, apiToken, orgId } = orchestrator;
  const provider = providerOf(scope, apiUrl);
  const tokenPolicy = provider.serve(orchestrator);
  const registration = customResource(scope, `${id}${apiSuffix(scope, apiUrl)}`, provider, resourceType, {
    OrgId: orgId, Token: apiToken._wire(scope), ...withoutEmpty(properties),
  });
  registration.node.addDependency(tokenPolicy);
  return registration;
}

function providerOf(scope: Construct, apiUrl: string): RegistrationProvider {
  const provider = RegistrationProvider.find(Stack.of(scope), apiUrl);
  if (!provider) {
    throw new Error(`${scope.node.path}: the stack has no registration for this API yet`);
  }
  return provider;
}

function customResource(
  scope: Construct, id: string, provider: RegistrationProvider, resourceType: string, properties: Record<string, unknown>,
): CustomResource {
  const registration = new CustomResource(scope, id, {
    serviceToken: provider.serviceToken,
    resourceType,
    serviceTimeout: Duration.seconds(SERVICE_TIMEOUT_SECONDS),
    removalPolicy: RemovalPolicy.DESTROY,
    properties,
  });
  rejectSecretReferences(registration, properties);
  if (provider.connectivity.length > 0) {
    registration.node.addDependency(...provider.connectivity);
  }
  return registration;
}

/** The properties without undefined values, which CloudFormation does not accept. */
function withoutEmpty(properties: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined).map(([name, value]) =>
    [name, isPlainObject(value) ? withoutEmpty(value) : value]));
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
