/** What happens to the resources of the state: which the app takes over or uses, and which Terraform deletes afterwards. */
import type { ModuleRunner } from './module-runner';
import type { StateResource } from './state';

export interface Takeover {
  /** Addresses for `terraform state rm`. */
  readonly removedFromState: string[];
  /** Addresses of what is left of the module: Terraform deletes it with the module. */
  readonly deleted: string[];
  /** Addresses of other resources whose configuration refers to the module. */
  readonly referring: string[];
}

/** Resources that exist in the state only. */
const STATE_ONLY = /^(random_|time_|null_resource$|terraform_data$)/;

export function planTakeover(resources: StateResource[], runner: ModuleRunner): Takeover {
  const { module } = runner.resource;
  const rules = runner.rules.map(({ resource }) => resource);
  const isOfModule = (resource: StateResource) => module !== '' && (resource.module === module || resource.module.startsWith(`${module}.`));
  const isReplaced = (resource: StateResource) => STATE_ONLY.test(resource.type) || isOfTaskManager(resource, runner);
  const isRegistration = (resource: StateResource) => resource === runner.resource || rules.includes(resource);

  const kept = resources.filter(resource => isRegistration(resource) || isOfModule(resource) && !isReplaced(resource));
  // In the root module, everything but the registration and its role may stay in Terraform.
  const deleted = resources.filter(resource => module === '' ? isOfTaskManager(resource, runner) : isOfModule(resource) && isReplaced(resource));
  return {
    removedFromState: [...new Set(kept.map(resource => isOfModule(resource) ? addressWithin(module, resource) : resource.address))],
    deleted: deleted.map(({ address }) => address),
    referring: module === '' ? [] : resources.filter(resource => !isOfModule(resource) && !isRegistration(resource)
      && resource.dependencies.some(dependency => dependency.startsWith(`${withoutIndexes(module)}.`))).map(({ address }) => address),
  };
}

/** The role that the orchestrator assumes, for which the stack creates another one. */
function isOfTaskManager({ type, attributes }: StateResource, { taskManagerRoleArn }: ModuleRunner): boolean {
  const name = taskManagerRoleArn.split('/').pop();
  return type === 'aws_iam_role' ? attributes.arn === taskManagerRoleArn : /^aws_iam_role_polic/.test(type) && attributes.role === name;
}

/** The address of a resource, or of the module below `module` that contains it, such as the VPC. */
function addressWithin(module: string, resource: StateResource): string {
  const [child] = /^module\.[^.[]+(\[("(\\.|[^"\\])*"|\d+)\])?/.exec(resource.module.slice(module.length + 1)) ?? [];
  return child === undefined ? resource.address : `${module}.${child}`;
}

/** Dependencies name modules without their indexes. */
function withoutIndexes(module: string): string {
  return module.replace(/\[("(\\.|[^"\\])*"|\d+)\]/g, '');
}
