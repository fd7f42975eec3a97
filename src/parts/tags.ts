import { CfnResource, CfnTag, ITaggable, Lazy, TagManager, Tags, TagType } from 'aws-cdk-lib';
import { Construct, IConstruct } from 'constructs';
import { isKnown, isPlaceholder, maskUnknown, Problems, quote } from '../common/problems';

/** IAM, ECS, CloudWatch Logs and Lambda accept these characters. */
const CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const ALLOWED = 'letters, digits, spaces and _.:/=+-@';
const KEY_MAX = 128;
const VALUE_MAX = 256;
const COUNT_MAX = 50;

/**
 * Rejects tags that AWS rejects.
 *
 * @param added the number of tags that the CDK itself adds to a resource of the runner
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
 */
export function checkTags(tags: Record<string, string>, added: number, problems: Problems): void {
  const keys = Object.keys(tags);
  if (keys.length > COUNT_MAX - added) {
    problems.add({
      input: 'tags',
      expected: `at most ${COUNT_MAX - added} tags${added > 0 ? ` (a resource has ${COUNT_MAX}, and the CDK adds ${added})` : ''}`,
      got: `${keys.length}`,
      fix: 'Remove some of them.',
    });
  }
  const lowerCase = new Map<string, string>();
  for (const [key, value] of Object.entries(tags)) {
    checkTag(`tags.${key}`, key, value, problems);
    const other = lowerCase.get(key.toLowerCase());
    if (other !== undefined) {
      problems.add({ input: `tags.${key}`, expected: 'keys that differ by more than case, which IAM ignores', got: `${quote(other)} and ${quote(key)}`, fix: 'Remove one of the two.' });
    }
    lowerCase.set(key.toLowerCase(), key);
  }
}

function checkTag(input: string, key: string, value: string, problems: Problems): void {
  if (isKnown(key)) {
    problems.checkText(input, key, { min: 1, max: KEY_MAX, expected: `a key of 1 to ${KEY_MAX} characters`, fix: 'Choose another key.' });
  }
  for (const [what, text] of [['key', key], ['value', value]].filter(([, each]) => !isPlaceholder(each))) {
    const known = maskUnknown(text).replace(/\u0000/g, '');
    if (!CHARACTERS.test(known)) {
      problems.add({ input, expected: `a ${what} of ${ALLOWED}`, got: quote(text), fix: 'Remove the other characters.' });
    }
    if (/^aws:/i.test(text)) {
      problems.add({ input, expected: `a ${what} that does not start with "aws:", which AWS keeps for itself`, got: quote(text), fix: `Choose another ${what}.` });
    }
  }
  problems.checkText(input, value, { max: VALUE_MAX, expected: `a value of at most ${VALUE_MAX} characters`, fix: 'Shorten it.' });
}

/** Gives tags to the role and the function of one of the CDK's own custom resource providers, which have none for the CDK. */
export function tagProvider(provider: IConstruct, tags: Record<string, string>): void {
  const provided = provider.node.tryFindChild(TAGS_ID) as ProviderTags | undefined ?? new ProviderTags(provider as Construct, TAGS_ID);
  for (const [key, value] of Object.entries(tags)) {
    Tags.of(provided).add(key, value);
  }
}

const TAGS_ID = 'Tags';

/** Takes the tags that the CDK gives to constructs, those of the stack and the app included, and hands them to resources without tags of their own. */
class ProviderTags extends Construct implements ITaggable {
  public readonly tags = new TagManager(TagType.STANDARD, 'AWS::IAM::Role');

  constructor(provider: Construct, id: string) {
    super(provider, id);
    for (const child of provider.node.children.filter(CfnResource.isCfnResource)) {
      if (['AWS::IAM::Role', 'AWS::Lambda::Function'].includes(child.cfnResourceType)) {
        child.addPropertyOverride('Tags', Lazy.any({ produce: () => renderTags(this.tags) }));
      }
    }
  }
}

/** Tags as CloudFormation has them in properties that the CDK does not know. */
function renderTags(tags: TagManager): object[] | undefined {
  return (tags.renderTags() as CfnTag[] | undefined)?.map(({ key, value }) => ({ Key: key, Value: value }));
}
