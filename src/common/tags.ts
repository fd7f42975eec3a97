import { Stack, TagManager } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { Problems } from './problems';
import { isPlaceholder, maskUnknown, quote } from './unknown-values';

/** IAM, ECS, CloudWatch Logs and Lambda accept these characters. */
const CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const ALLOWED = 'letters, digits, spaces and _.:/=+-@';
const KEY_MAX = 128;
const VALUE_MAX = 256;
const COUNT_MAX = 50;
const SUBNET_TAGS = 3;
const BUCKET_TAGS = 1;

/**
 * Rejects tags that AWS rejects.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
 */
export function checkTags(problems: Problems, tags: Record<string, string>, others: { readonly createsVpc: boolean; readonly emptiesBucket: boolean }): void {
  // The CDK adds tags to each subnet of a new VPC, and to a bucket that it empties.
  const added = others.createsVpc ? SUBNET_TAGS : others.emptiesBucket ? BUCKET_TAGS : 0;
  const keys = Object.keys(tags);
  if (keys.length > COUNT_MAX - added) {
    problems.add({
      input: 'tags',
      expected: `at most ${COUNT_MAX - added} tags${added > 0 ? ` (a resource has ${COUNT_MAX}, and the CDK adds ${added})` : ''}`,
      got: `${keys.length}`,
      fix: 'Remove some tags.',
    });
  }
  for (const [key, value] of Object.entries(tags)) {
    checkTag(`tags.${key}`, key, value, problems);
  }
  checkCase(keys, problems);
}

/**
 * Rejects invalid combinations of tags at the end of synthesis: tags of the app and the stack are added to those of the runner, and resources that several runners
 * share have the tags of all of them. Skips tags that `checkTags` rejects.
 */
export function checkTagsOfResources(scope: IConstruct): void {
  scope.node.addValidation({
    validate: () => {
      const problems = new Problems();
      const checked = new Set<string>();
      for (const construct of scope.node.findAll()) {
        const own = TagManager.of(construct)?.tagValues();
        // CloudFormation gives the tags of a stack to its resources.
        const tags = own ? { ...tagsOfStack(Stack.of(construct)), ...own } : {};
        const keys = Object.keys(tags);
        if (keys.length > COUNT_MAX && !problems.has('tags')) {
          problems.add({
            input: 'tags',
            expected: `at most ${COUNT_MAX} tags on a resource`,
            got: `${keys.length} on '${construct.node.path}'`,
            fix: 'The tags of the app, the stack and all runners that share the resource count: remove some of them.',
          });
        }
        const unchecked = keys.filter(key => !checked.has(key));
        unchecked.forEach((key) => {
          checked.add(key);
          checkTag(`tags.${key}`, key, tags[key], problems);
        });
        if (unchecked.length > 0) {
          checkCase(keys, problems);
        }
      }
      return problems.lines;
    },
  });
}

/** The tags of a stack, including those that a nested stack inherits from its parent. */
function tagsOfStack(stack: Stack): Record<string, string> {
  return { ...stack.nestedStackParent ? tagsOfStack(stack.nestedStackParent) : {}, ...stack.tags.tagValues() };
}

/** Rejects tag keys that differ only in case. IAM ignores the case of keys, and each runner has roles. */
function checkCase(keys: string[], problems: Problems): void {
  const lowerCase = new Map<string, string>();
  for (const key of keys) {
    const other = lowerCase.get(key.toLowerCase());
    if (other !== undefined) {
      problems.add({ input: `tags.${key}`, expected: 'keys that differ not only in case, which IAM ignores', got: `${quote(other)} and ${quote(key)}`, fix: 'Remove one of the two.' });
    }
    lowerCase.set(key.toLowerCase(), key);
  }
}

function checkTag(input: string, key: string, value: string, problems: Problems): void {
  problems.checkText(input, key, { min: 1, max: KEY_MAX, expected: `a key of 1 to ${KEY_MAX} characters`, fix: 'Choose another key.' });
  for (const [what, text] of [['key', key], ['value', value]].filter(([, each]) => !isPlaceholder(each))) {
    const known = maskUnknown(text).replace(/\u0000/g, '');
    if (!CHARACTERS.test(known)) {
      problems.add({ input, expected: `a ${what} of ${ALLOWED}`, got: quote(text), fix: 'Remove the other characters.' });
    }
    if (/^aws:/i.test(text)) {
      problems.add({ input, expected: `a ${what} that does not start with "aws:", which AWS reserves`, got: quote(text), fix: `Choose another ${what}.` });
    }
  }
  problems.checkText(input, value, { max: VALUE_MAX, expected: `a value of at most ${VALUE_MAX} characters`, fix: 'Shorten it.' });
}
