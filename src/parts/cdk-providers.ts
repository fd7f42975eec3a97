import { CfnResource, CfnTag, ITaggable, Lazy, Stack, TagManager, Tags, TagType } from 'aws-cdk-lib';
import { Construct, IConstruct } from 'constructs';
import type { RoleSettings } from './runner-roles';
import { acknowledge, Acknowledgement } from '../common/acknowledgements';
import type { EcsRunnerProps } from '../inputs/ecs-runner-props';

export type CdkProviderInputs = RoleSettings & Pick<EcsRunnerProps, 'tags'>;

/** Ids below the stack of the CDK's custom resource providers, which the CDK creates as a side effect of other constructs. */
export const CDK_PROVIDERS = {
  emptyBucket: 'Custom::S3AutoDeleteObjectsCustomResourceProvider',
  closeDefaultSecurityGroup: 'Custom::VpcRestrictDefaultSGCustomResourceProvider',
};

/** The accepted findings for the function of a CDK custom resource provider (it empties a bucket, or restricts a default security group). */
const FUNCTION_FINDINGS: Acknowledgement[] = [
  { checkov: 'CKV_AWS_117', reason: 'A function of the CDK: it talks to the API of AWS only, over TLS, and nothing can connect to it.' },
  { checkov: 'CKV_AWS_115', reason: 'A function of the CDK: only CloudFormation calls it, once for a changed resource.' },
  { checkov: 'CKV_AWS_116', reason: 'A function of the CDK: CloudFormation waits for its answer and reports a failure itself.' },
  { cfnLint: 'W3005', reason: 'A function of the CDK, which writes it so.' },
];

/**
 * Applies the path, permissions boundary and tags of the runner's roles to a custom resource provider of the CDK, and accepts the findings for its function. The
 * provider has no inputs for this. Does nothing if the stack does not have the provider.
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

/** The CDK's own custom resource providers in the stack of the scope, of those that runners use. */
export function cdkProvidersOf(scope: Construct): IConstruct[] {
  return Object.values(CDK_PROVIDERS).flatMap(id => Stack.of(scope).node.tryFindChild(id) ?? []);
}

/** Adds tags to the role and the function of a CDK custom resource provider, which the CDK does not tag. */
function tagProvider(provider: IConstruct, tags: Record<string, string>): void {
  const provided = provider.node.tryFindChild(TAGS_ID) as ProviderTags | undefined ?? new ProviderTags(provider as Construct, TAGS_ID);
  for (const [key, value] of Object.entries(tags)) {
    Tags.of(provided).add(key, value);
  }
}

const TAGS_ID = 'Tags';

/** Receives the tags that the CDK applies to constructs (including those of the stack and the app) and writes them into resources that the CDK cannot tag. */
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

/** Tags in the format of CloudFormation, for property overrides. */
function renderTags(tags: TagManager): object[] | undefined {
  return (tags.renderTags() as CfnTag[] | undefined)?.map(({ key, value }) => ({ Key: key, Value: value }));
}
