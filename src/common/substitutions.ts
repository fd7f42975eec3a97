import { IResolvable, IResolveContext, Token } from 'aws-cdk-lib';
import { CfnPolicy, Policy } from 'aws-cdk-lib/aws-iam';

/** Writes a policy with `Fn::Sub` instead of `Fn::Join`, because it is shorter and reviewers can read the ARNs. */
export function substituteInPolicy(policy: Policy): void {
  (policy.node.defaultChild as CfnPolicy).policyDocument = substituteIn(policy.document);
}

/** Replaces each `Fn::Join` by `Fn::Sub` where that is possible. */
export function substituteIn(value: IResolvable): IResolvable {
  return Token.asAny({
    creationStack: value.creationStack,
    resolve: (context: IResolveContext) => {
      // A returned result would be resolved once more.
      context.registerPostProcessor({ postProcess: substituted });
      return value;
    },
  });
}

function substituted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(substituted);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const join = (value as { 'Fn::Join'?: unknown })['Fn::Join'];
  return substitution(join) ?? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, substituted(inner)]));
}

/** The `Fn::Sub` text for an `Fn::Join` that has no separator and joins only literals, references and attributes. */
function substitution(join: unknown): { 'Fn::Sub': string } | undefined {
  if (!Array.isArray(join) || join[0] !== '' || !Array.isArray(join[1])) {
    return undefined;
  }
  const parts = join[1].map(placeholder);
  return parts.includes(undefined) ? undefined : { 'Fn::Sub': parts.join('') };
}

function placeholder(part: unknown): string | undefined {
  if (typeof part === 'string') {
    // Also escapes IAM's policy variables, such as ${aws:username}.
    return part.replace(/\$\{/g, '${!');
  }
  const [[name, argument] = [], ...others] = Object.entries(part ?? {});
  const names = [argument].flat();
  // The name of an attribute can be a function.
  const isReference = others.length === 0 && (name === 'Ref' || name === 'Fn::GetAtt') && names.every(each => typeof each === 'string');
  return isReference ? `\${${names.join('.')}}` : undefined;
}
