/** Recognizes, compares and prints values that are not known at synthesis: CDK tokens, and placeholders of lookups. */
import { DefaultTokenResolver, IResolvable, IResolveContext, IPostProcessor, Lazy, Reference, Stack, Token, Tokenization } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** CDK tokens in a text: encoded texts, lists and numbers. */
const TOKENS = /[$#]\{Token\[[^\]]*\]\}|-1\.8881545\d*e\+289/g;
/**
 * The placeholder that `StringParameter.valueFromLookup()` returns until the lookup ran: `dummy-value-for-` and the name of the parameter. Text after the
 * placeholder cannot be told apart from the name.
 */
const PLACEHOLDERS = /dummy-value-for-[a-zA-Z0-9_.\-/]*/g;
/** Name of the role that `Role.fromLookup()` returns until the lookup ran. The account in its ARN is a placeholder, too. */
const PLACEHOLDER_ROLE = 'DUMMY_ARN';

/** Credentials in a URL: everything between the scheme and the last `@`, because a password can contain any character. */
const CREDENTIALS = /(?<=:\/\/).*(?=@)/gs;

/** A value for a message: on one line, at most 80 characters, without raw CDK tokens and credentials of URLs. Texts are quoted. */
export function quote(value: unknown): string {
  if (typeof value === 'number' && Token.isUnresolved(value)) {
    return '<token>';
  }
  if (typeof value === 'function') {
    return 'a function';
  }
  if (typeof value === 'object' && value !== null) {
    return Array.isArray(value) ? `[${value.slice(0, 3).map(quote).join(', ')}${value.length > 3 ? ', ...' : ''}]` : `an object of type ${typeName(value)}`;
  }
  const text = typeof value === 'string' ? JSON.stringify(showTokens(value).replace(CREDENTIALS, '...')) : String(value);
  return text.length > 80 ? `${text.slice(0, 76)}..."` : text;
}

/** Class names without the number that decorators of the CDK append, such as `Vpc2`. */
function typeName(value: object): string {
  return value.constructor?.name.replace(/(?<=[a-z])2$/, '') ?? 'Object';
}

/** A URL for a message: without credentials, query and fragment, which may be secret. */
export function quoteUrl(value: string): string {
  return quote(value.replace(CREDENTIALS, '...').replace(/([?#]).*$/s, '$1...'));
}

/** Whether a value was given and is neither a CDK token nor a placeholder of a lookup. Only such values can be checked at synthesis. */
export function isKnown<T>(value: T | undefined | null): value is T {
  return value !== undefined && value !== null && !Token.isUnresolved(value) && !isPlaceholder(value);
}

/** Whether a text contains the placeholder of a context lookup. The next synthesis has its value. */
export function isPlaceholder(value: unknown): boolean {
  return typeof value === 'string' && value.includes('dummy-value-for-');
}

/** Whether an ARN is the placeholder of a lookup. Neither its name nor its account is real. */
export function isPlaceholderArn(arn: string): boolean {
  return arn.endsWith(`/${PLACEHOLDER_ROLE}`);
}

/** Replaces each unknown part of a text by a NUL character, so that the known parts can be checked. */
export function maskUnknown(value: string): string {
  return value.replace(TOKENS, '\u0000').replace(PLACEHOLDERS, '\u0000');
}

/** A text for CDK constructs that validate it: a placeholder becomes a CDK token, which they do not validate. */
export function hidePlaceholder<T extends string | undefined>(value: T): T {
  return isPlaceholder(value) ? Lazy.string({ produce: () => value }) as T : value;
}

/** A text for a message, with `<token>` in place of each raw CDK token and each NUL character of `maskUnknown`. */
export function showTokens(value: string): string {
  return value.replace(TOKENS, '<token>').replace(/\u0000/g, '<token>');
}

/**
 * Whether two values are the same in the template of the scope. Compares the resolved values, because each access to an attribute can
 * return another CDK token.
 */
export function sameValue(scope: IConstruct, one: unknown, other: unknown): boolean {
  return one === other || canonical(scope, one) === canonical(scope, other);
}

/** Whether two values certainly differ at deployment. A placeholder can become any value. */
export function differs(scope: IConstruct, one: unknown, other: unknown): boolean {
  return !sameValue(scope, one, other) && ![one, other].some(value => isPlaceholder(canonical(scope, value)));
}

/** A key for maps and sets: two values with the same key have the same value at deployment. */
export function canonical(scope: IConstruct, value: unknown): string {
  if (typeof value === 'string' && !Token.isUnresolved(value)) {
    return value;
  }
  try {
    return canonicalText(scope, Tokenization.resolve(value, { scope, resolver: new CanonicalResolver(scope), preparing: false }));
  } catch {
    // A lazy value that cannot be resolved yet equals only itself.
    return `unresolved ${JSON.stringify(value)}`;
  }
}

/** The values without duplicates, in their order. */
export function distinct(scope: IConstruct, values: string[]): string[] {
  return [...new Map(values.map(value => [canonical(scope, value), value])).values()];
}

/** Replaces a reference by the construct path of its target, because two stacks can use the same logical id. */
class CanonicalResolver extends DefaultTokenResolver {
  constructor(scope: IConstruct) {
    super({ join: (...parts) => parts.map(part => part === undefined ? '' : canonicalText(scope, part)).join('') });
  }

  public resolveToken(token: IResolvable, context: IResolveContext, postProcessor: IPostProcessor): unknown {
    if (!Reference.isReference(token)) {
      return super.resolveToken(token, context, postProcessor);
    }
    const isOwnPseudoParameter = token.displayName.startsWith('AWS::') && Stack.of(token.target) === Stack.of(context.scope);
    return isOwnPseudoParameter ? { Ref: token.displayName } : { Reference: `${token.target.node.path} ${token.displayName}` };
  }
}

/** Evaluates the functions of CloudFormation that only concatenate texts. */
function canonicalText(scope: IConstruct, value: unknown): string {
  if (typeof value === 'string') {
    return value;
  }
  if (Array.isArray(value)) {
    return JSON.stringify(value.map(each => canonicalText(scope, each)));
  }
  if (typeof value !== 'object' || value === null) {
    return String(value);
  }
  const entries = Object.entries(value);
  const [name, content] = entries[0] ?? [];
  if (entries.length === 1) {
    if (name === 'Ref' && PSEUDO_PARAMETERS[content]) {
      const known = PSEUDO_PARAMETERS[content](Stack.of(scope));
      return Token.isUnresolved(known) ? `{${content}}` : known;
    }
    if (name === 'Fn::Join' && Array.isArray(content?.[1])) {
      return content[1].map((part: unknown) => canonicalText(scope, part)).join(content[0]);
    }
    if (name === 'Fn::Sub' && typeof content === 'string') {
      return content.replace(/\$\{([^!}][^}]*)\}/g, (_, id: string) => canonicalText(scope, { Ref: id })).replace(/\$\{!/g, '${');
    }
  }
  return JSON.stringify(Object.fromEntries(entries.map(([key, each]) => [key, canonicalText(scope, each)])));
}

/** The library supports the partition `aws` only. */
const PSEUDO_PARAMETERS: Record<string, (stack: Stack) => string> = {
  'AWS::AccountId': stack => stack.account,
  'AWS::Region': stack => stack.region,
  'AWS::Partition': () => 'aws',
  'AWS::URLSuffix': () => 'amazonaws.com',
};
