/**
 * Reads Terraform's state, format version 4, which Terraform 0.12 and newer and OpenTofu write.
 *
 * @see https://developer.hashicorp.com/terraform/internals/json-format
 */

/** A mistake of the user, with what to do. It has no value of the state. */
export class MigrationError extends Error {}

/** One instance of a managed resource. */
export interface StateResource {
  /** Address for Terraform's commands, such as `module.ecs_runner.aws_s3_bucket.state`. */
  readonly address: string;
  /** Address of the module; empty for the root module. */
  readonly module: string;
  readonly type: string;
  readonly attributes: Record<string, unknown>;
  /** Paths of attributes whose values Terraform hides, as names and indexes. */
  readonly sensitive: readonly (readonly string[])[];
  /** Addresses of the resources that its configuration refers to, without indexes. */
  readonly dependencies: readonly string[];
}

const VERSION = 4;
const PULL = 'Pipe the state into this command: terraform state pull | npx cdk-humanitec-ecs-runner from-terraform';

/** Parses a state. The resources are in the order of the state. */
export function parseState(text: string): StateResource[] {
  if (text.trim() === '') {
    throw new MigrationError(`There is no state on standard input. ${PULL}`);
  }
  const state = parseJson(text);
  if (!isObject(state)) {
    throw new MigrationError(`The standard input is JSON, but not a Terraform state. ${PULL}`);
  }
  if ('encrypted_data' in state) {
    throw new MigrationError('The state is encrypted. Pipe the decrypted state into this command: tofu state pull | npx cdk-humanitec-ecs-runner from-terraform');
  }
  if ('format_version' in state) {
    throw new MigrationError(`The standard input is the output of \`terraform show -json\`, not a state. ${PULL}`);
  }
  if (state.version !== VERSION) {
    throw new MigrationError(`The format version of the state is ${typeof state.version === 'number' ? state.version : 'missing'}. Expected ${VERSION}, which Terraform 0.12 and newer `
      + 'and OpenTofu write: run `terraform apply` with a newer Terraform, then try again.');
  }
  return list(state.resources).filter(isObject).filter(({ mode }) => mode === 'managed').flatMap(instancesOf);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Without the error of the parser, which quotes the text.
    throw new MigrationError(`The standard input is not JSON. ${PULL}`);
  }
}

function instancesOf(resource: Record<string, unknown>): StateResource[] {
  const { type, name } = resource;
  if (typeof type !== 'string' || typeof name !== 'string') {
    return [];
  }
  const module = typeof resource.module === 'string' ? resource.module : '';
  // A deposed instance is one that Terraform has replaced and not yet deleted.
  return list(resource.instances).filter(isObject).filter(({ deposed }) => deposed === undefined).map(instance => ({
    address: `${module ? `${module}.` : ''}${type}.${name}${indexText(instance.index_key)}`,
    module,
    type,
    attributes: isObject(instance.attributes) ? instance.attributes : {},
    sensitive: list(instance.sensitive_attributes).map(path => list(path).map(stepText)),
    dependencies: list(instance.dependencies).filter(dependency => typeof dependency === 'string'),
  }));
}

/** The index of an instance with `count` or `for_each`. */
function indexText(key: unknown): string {
  return key === undefined ? '' : `[${JSON.stringify(key)}]`;
}

/** A step is `{ type: 'get_attr', value: name }` or `{ type: 'index', value: { value, type } }`. */
function stepText(step: unknown): string {
  const value = isObject(step) ? step.value : undefined;
  return String(isObject(value) ? value.value : value);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Whether Terraform hides the value at a path of attributes, or a part of it. */
export function isSensitive({ sensitive }: StateResource, ...path: string[]): boolean {
  return sensitive.some(hidden => hidden.every((name, index) => index >= path.length || path[index] === name));
}

/** The value at a path of attributes; undefined if it is sensitive or missing. */
export function valueAt(resource: StateResource, ...path: string[]): unknown {
  return isSensitive(resource, ...path) ? undefined : path.reduce<unknown>((value, name) => isObject(value) ? value[name] : undefined, resource.attributes);
}

/** The text at a path; undefined if there is no text. */
export function textAt(resource: StateResource, ...path: string[]): string | undefined {
  const value = valueAt(resource, ...path);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The texts of a list at a path. */
export function textsAt(resource: StateResource, ...path: string[]): string[] {
  return list(valueAt(resource, ...path)).filter((value): value is string => typeof value === 'string');
}

/** The texts of a map at a path, sorted by key. */
export function mapAt(resource: StateResource, ...path: string[]): Record<string, string> {
  const value = valueAt(resource, ...path);
  const entries = Object.entries(isObject(value) ? value : {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(entries.sort(([one], [other]) => one < other ? -1 : 1));
}
