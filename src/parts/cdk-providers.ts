import { CfnResource, CfnTag, ITaggable, Lazy, Stack, TagManager, Tags, TagType } from 'aws-cdk-lib';
import { Construct, IConstruct } from 'constructs';
import type { RoleSettings } from './runner-roles';
import { acknowledge, Acknowledgement } from '../common/acknowledgements';
import type { EcsRunnerProps } from '../inputs/ecs-runner-props';

export type CdkProviderInputs = RoleSettings & Pick<EcsRunnerProps, 'tags'>;

/** Ids, below the stack, of the CDK's own custom resource providers, which it makes as a side effect of other constructs. */
export const CDK_PROVIDERS = {
  emptyBucket: 'Custom::S3AutoDeleteObjectsCustomResourceProvider',
  closeDefaultSecurityGroup: 'Custom::VpcRestrictDefaultSGCustomResourceProvider',
};

/** The function of one of CDK's own custom resource providers, which comes with a bucket that is emptied or a default security group that is closed. */
const FUNCTION_FINDINGS: Acknowledgement[] = [
  { checkov: 'CKV_AWS_117', reason: 'A function of the CDK: it talks to the API of AWS only, over TLS, and nothing can connect to it.' },
  { checkov: 'CKV_AWS_115', reason: 'A function of the CDK: only CloudFormation calls it, once for a changed resource.' },
  { checkov: 'CKV_AWS_116', reason: 'A function of the CDK: CloudFormation waits for its answer and reports a failure itself.' },
  { cfnLint: 'W3005', reason: 'A function of the CDK, which writes it so.' },
];

/**
 * Gives one of the CDK's own custom resource providers, if the stack has it, the path, boundary and tags of the runner's roles, and acknowledges what is
 * found in its function: it takes no settings itself.
 */
export function configureCdkProvider(scope: Construct, id: string, inputs: CdkProviderInputs): void {
  const provider = Stack.of(scope).node.tryFindChild(id);
  const role = provider?.node.tryFindChild('Role');
  if (!provider || !CfnResource.isCfnResource(role)) {
    return;
  }
  acknowledge(provider.node.findChild('Handler'), FUNCTION_FINDINGS);
  tagProvider(provider, inputs.tags ?? {});
  if (inputs.rolePath !== undefined) {
    role.addPropertyOverride('Path', inputs.rolePath);
  }
  if (inputs.permissionsBoundary) {
    role.addPropertyOverride('PermissionsBoundary', inputs.permissionsBoundary.managedPolicyArn);
  }
}

/** Gives tags to the role and the function of one of the CDK's own custom resource providers, which have none for the CDK. */
function tagProvider(provider: IConstruct, tags: Record<string, string>): void {
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
