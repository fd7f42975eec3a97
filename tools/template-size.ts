/** Measures a template: size, resources and dependency chain. The results do not depend on the machine. */

/** A resource of a template. */
export interface SizedResource {
  readonly DependsOn?: string | string[];
  readonly [key: string]: unknown;
}

export interface Template {
  readonly Resources: Record<string, SizedResource>;
}

export interface SizedTemplate {
  readonly resources: number;
  readonly functions: number;
  readonly roles: number;
  /** Bytes as the CDK writes the template by default, with an indentation of one space. */
  readonly bytes: number;
  /** Bytes with `suppressTemplateIndentation`. */
  readonly bytesWithoutIndentation: number;
  /** The number of resources in the longest dependency chain. */
  readonly longestChain: number;
}

export function measureTemplate(template: Template): SizedTemplate {
  const { Resources: resources } = template;
  const depths = new Map<string, number>();
  const depth = (id: string): number => {
    const known = depths.get(id);
    if (known !== undefined) {
      return known;
    }
    const found = 1 + Math.max(0, ...dependenciesOf(resources[id]).filter(other => other in resources).map(depth));
    depths.set(id, found);
    return found;
  };
  const count = (type: string) => Object.values(resources).filter(({ Type }) => Type === type).length;
  return {
    resources: Object.keys(resources).length,
    functions: count('AWS::Lambda::Function'),
    roles: count('AWS::IAM::Role'),
    bytes: Buffer.byteLength(JSON.stringify(template, undefined, 1)),
    bytesWithoutIndentation: Buffer.byteLength(JSON.stringify(template)),
    longestChain: Math.max(...Object.keys(resources).map(depth)),
  };
}

/** The logical ids that a resource refers to. */
export function dependenciesOf({ DependsOn = [], Metadata: _metadata, ...rest }: SizedResource): string[] {
  const found = new Set([DependsOn].flat());
  JSON.stringify(rest, (key, value) => {
    if (key === 'Ref') {
      found.add(value);
    } else if (key === 'Fn::GetAtt') {
      found.add(Array.isArray(value) ? value[0] : String(value).split('.')[0]);
    } else if (key === 'Fn::Sub') {
      for (const [, id] of String([value].flat()[0]).matchAll(/\$\{([^!.}]+)[^}]*\}/g)) {
        found.add(id);
      }
    }
    return value;
  });
  return [...found];
}
