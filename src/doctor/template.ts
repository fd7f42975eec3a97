/** A part of a template whose value nobody but CloudFormation knows. */
export const UNRESOLVED = Symbol('a value that only CloudFormation knows');

export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Record<string, any>;
  readonly Metadata?: Record<string, any>;
}

export interface TemplateText {
  readonly Resources?: Record<string, TemplateResource>;
  readonly Conditions?: Record<string, unknown>;
  readonly Mappings?: Record<string, Record<string, Record<string, unknown>>>;
}

/** What the functions of a template refer to. */
export interface Scope {
  readonly template: TemplateText;
  /** Pseudo parameters and parameters. */
  readonly values: ReadonlyMap<string, string>;
  /** The physical IDs, by logical ID. */
  readonly physicalIds: ReadonlyMap<string, string>;
  readonly exports: ReadonlyMap<string, string>;
  /** An attribute of a resource, if it follows from its physical ID. */
  readonly attribute: (logicalId: string, attribute: string) => unknown;
}

/** The value of a part of a template. What cannot be resolved is `UNRESOLVED`, also a text that contains it. */
export function resolve(value: unknown, scope: Scope): any {
  if (typeof value === 'string') {
    return value.includes('{{resolve:') ? UNRESOLVED : value;
  }
  if (Array.isArray(value)) {
    return value.map((each) => resolve(each, scope)).filter((each) => each !== undefined);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const entries = Object.entries(value);
  const [name, argument] = entries[0] ?? [];
  if (entries.length === 1 && name === 'Ref') {
    return argument === 'AWS::NoValue' ? undefined : scope.values.get(argument) ?? scope.physicalIds.get(argument) ?? UNRESOLVED;
  }
  if (entries.length === 1 && name?.startsWith('Fn::')) {
    return call(name.slice('Fn::'.length), argument, scope);
  }
  return Object.fromEntries(entries.map(([key, each]) => [key, resolve(each, scope)]).filter(([, each]) => each !== undefined));
}

/** Whether a resolved value is known, with all that it contains. */
export function isResolved(value: unknown): boolean {
  return value !== UNRESOLVED && (typeof value !== 'object' || value === null || Object.values(value).every(isResolved));
}

function call(name: string, argument: any, scope: Scope): unknown {
  switch (name) {
    case 'GetAtt': {
      const [logicalId, ...attribute] = Array.isArray(argument) ? argument : String(argument).split('.');
      return scope.attribute(logicalId, attribute.join('.')) ?? UNRESOLVED;
    }
    case 'If': {
      const condition = holds(scope.template.Conditions?.[argument[0]], scope);
      return condition === undefined ? UNRESOLVED : resolve(argument[condition ? 1 : 2], scope);
    }
    case 'Sub': return substitute(argument, scope);
  }
  const resolved = resolve(argument, scope);
  if (!isResolved(resolved)) {
    return UNRESOLVED;
  }
  switch (name) {
    case 'Join': return resolved[1].join(resolved[0]);
    case 'Split': return resolved[1].split(resolved[0]);
    case 'Select': return resolved[1][Number(resolved[0])] ?? UNRESOLVED;
    case 'Base64': return Buffer.from(resolved).toString('base64');
    case 'ImportValue': return scope.exports.get(resolved) ?? UNRESOLVED;
    case 'FindInMap': return resolve(scope.template.Mappings?.[resolved[0]]?.[resolved[1]]?.[resolved[2]] ?? UNRESOLVED, scope);
    default: return UNRESOLVED;
  }
}

function substitute(argument: unknown, scope: Scope): unknown {
  const [text, variables] = Array.isArray(argument) ? argument : [argument, {}];
  let isKnown = true;
  const result = String(text).replace(/\$\{(!?)([^}]+)\}/g, (_whole, literal, name) => {
    if (literal) {
      return `\${${name}}`;
    }
    const value = name in variables ? resolve(variables[name], scope)
      : resolve(name.includes('.') ? { 'Fn::GetAtt': name } : { Ref: name }, scope);
    isKnown &&= typeof value === 'string';
    return String(value);
  });
  return isKnown ? result : UNRESOLVED;
}

function holds(condition: any, scope: Scope): boolean | undefined {
  const [name, argument] = Object.entries<any>(condition ?? {})[0] ?? [];
  switch (name) {
    case 'Condition': return holds(scope.template.Conditions?.[argument], scope);
    case 'Fn::Not': return not(holds(argument[0], scope));
    case 'Fn::And': return not(any(argument.map((each: unknown) => not(holds(each, scope)))));
    case 'Fn::Or': return any(argument.map((each: unknown) => holds(each, scope)));
    case 'Fn::Equals': {
      const sides = resolve(argument, scope);
      return isResolved(sides) ? sides[0] === sides[1] : undefined;
    }
    default: return undefined;
  }
}

function not(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}

function any(values: (boolean | undefined)[]): boolean | undefined {
  return values.includes(true) ? true : values.includes(undefined) ? undefined : false;
}
