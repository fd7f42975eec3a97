import { Annotations, Stack } from 'aws-cdk-lib';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct, IConstruct } from 'constructs';
import { warnAtTheEnd } from './common/late-warning';
import { canonical, isPlaceholder, quote } from './common/unknown-values';
import type { EcsRunnerProps } from './inputs/ecs-runner-props';
import type { Orchestrator } from './inputs/orchestrator';
import type { RunnerRule, RunnerRuleProps } from './runner-rule';
import type { IEcsRunner } from './runner-types';

type AppRunnerProps = Pick<EcsRunnerProps, 'orchestrator' | 'runnerId' | 'adoptExisting'>;

/** A runner of an app, with the values that no other runner may have. */
interface AppRunner {
  readonly runner: IEcsRunner & Construct;
  readonly props: AppRunnerProps;
  /** Name and ARN of the bucket. */
  readonly bucket: AppText[];
  readonly prefix?: string;
}

/** A text in its canonical form (see `canonical`), with the app that it belongs to. */
interface AppText {
  readonly text: string;
  readonly stack: Stack;
}

/** A runner rule of an app. */
interface AppRule {
  readonly rule: RunnerRule;
  readonly props: RunnerRuleProps;
}

/** The runners and the runner rules of each app, by the root of the app: all stages and stacks of an app can use the same orchestrator. */
const runnersOf = new WeakMap<IConstruct, AppRunner[]>();
const rulesOf = new WeakMap<IConstruct, AppRule[]>();

/** Adds a runner to those of the app. Reports values that it shares with another runner: an error at the end of synthesis if that cannot work, otherwise a warning. */
export function addRunner(runner: IEcsRunner & Construct, props: AppRunnerProps, bucket: IBucket, prefix?: string): void {
  const sameId = sameIdAs(runner, props);
  if (sameId && !props.adoptExisting && !sameId.props.adoptExisting) {
    runner.node.addValidation({
      validate: () => [
        `runnerId: expected an id that no other runner of the app has in the organization; got ${quote(props.runnerId)}, which is the id of `
        + `'${sameId.runner.node.path}'. Give each runner an id of its own. To move a runner to this construct, set \`adoptExisting\`.`,
      ],
    });
  } else if (sameId) {
    Annotations.of(runner).addWarningV2('cdk-humanitec-ecs-runner:runnerIdTwice',
      `The runner '${sameId.runner.node.path}' of this app has the same id at the orchestrator. Both constructs then change one registration, and deleting `
      + 'either of them deletes it. Remove the other construct after the move, or give each runner its own id.');
  }
  const own = { runner, props, prefix, bucket: [bucket.bucketName, bucket.bucketArn].map(value => textOf(runner, value)) };
  const all = runnersOf.get(runner.node.root) ?? [];
  for (const other of all) {
    const relation = isSameBucket(own, other) && relationOf(own, other);
    if (relation) {
      Annotations.of(runner).addWarningV2('cdk-humanitec-ecs-runner:sharedStateLocation',
        `This runner keeps its state ${relation} the state of the runner '${other.runner.node.path}', in the same bucket. Deployments of one runner can read `
        + 'and change the state of the other one. Give each runner a prefix outside the other one\'s prefix in `stateStorage`.');
    }
  }
  runnersOf.set(runner.node.root, [...all, own]);
  // Other stacks may add rules as well.
  warnAtTheEnd(runner, 'noRunnerRule', () => hasRule(runner, props)
    ? undefined
    : 'No runner rule of this app sends deployments to this runner, so the orchestrator does not use it. Add a rule with `addRule` (`add_rule`). '
      + 'If its rules are managed elsewhere, acknowledge this warning.');
}

/** The rule of the app with the same filter at the same orchestrator. The orchestrator accepts one rule per filter. */
export function sameRuleAs(rule: IConstruct, { runner: { orchestrator }, projectId, envTypeId }: RunnerRuleProps): IConstruct | undefined {
  return orchestrator && (rulesOf.get(rule.node.root) ?? []).find(({ rule: other, props }) =>
    sameOrganization(rule, orchestrator, other, props.runner.orchestrator)
    && sameInApp(rule, projectId, other, props.projectId) && sameInApp(rule, envTypeId, other, props.envTypeId))?.rule;
}

/** Adds a rule to those of the app. */
export function addRule(rule: RunnerRule, props: RunnerRuleProps): void {
  const { root } = rule.node;
  rulesOf.set(root, [...rulesOf.get(root) ?? [], { rule, props }]);
}

/** The rules that the app defines for a runner in the stack of the runner. */
export function rulesInStackOf(runner: IEcsRunner): AppRule[] {
  return (rulesOf.get(runner.node.root) ?? []).filter(({ rule, props }) => props.runner === runner && Stack.of(rule) === Stack.of(runner));
}

function hasRule(runner: IEcsRunner & Construct, props: AppRunnerProps): boolean {
  const id = props.runnerId ?? runner.runnerId;
  const rules = rulesOf.get(runner.node.root) ?? [];
  // Most runners have a rule in their own scope. Finding it needs no resolved values.
  return rules.some(({ props: { runner: target } }) => target === runner)
    || rules.some(({ rule, props: { runner: target } }) => sameOrganization(runner, props.orchestrator, rule, target.orchestrator)
      && [id, runner.runnerId].some(each => sameInApp(runner, each, rule, target.runnerId)));
}

/** Another runner of the app with the same id at the same orchestrator. */
function sameIdAs(scope: Construct, { runnerId, orchestrator }: AppRunnerProps): AppRunner | undefined {
  return (runnersOf.get(scope.node.root) ?? []).find(({ runner, props }) => runnerId !== undefined
    && sameInApp(scope, runnerId, runner, props.runnerId)
    && sameOrganization(scope, orchestrator, runner, props.orchestrator));
}

function sameOrganization(oneScope: IConstruct, one: Orchestrator, otherScope: IConstruct, other?: Orchestrator): boolean {
  return other !== undefined && sameInApp(oneScope, one.apiUrl, otherScope, other.apiUrl) && sameInApp(oneScope, one.orgId, otherScope, other.orgId);
}

/** Whether two texts of an app certainly have the same value at deployment. */
function sameInApp(oneScope: IConstruct, one: string | undefined, otherScope: IConstruct, other: string | undefined): boolean {
  if (one === undefined || other === undefined) {
    return one === other;
  }
  return sameText(textOf(oneScope, one), textOf(otherScope, other));
}

function textOf(scope: IConstruct, value: string): AppText {
  return { text: canonical(scope, value), stack: Stack.of(scope) };
}

function sameText({ text, stack }: AppText, other: AppText): boolean {
  if (text !== other.text || isPlaceholder(text)) {
    return false;
  }
  // An export or a pseudo parameter can have another value in another stack.
  return stack === other.stack || !/\{AWS::|"Fn::/.test(text);
}

/** Whether two runners use the same bucket. An imported bucket can refer to a bucket of the app by name or by ARN. */
function isSameBucket(one: AppRunner, other: AppRunner): boolean {
  return one.bucket.some((text, part) => sameText(text, other.bucket[part]));
}

/** How the state location of one runner relates to that of another runner in the same bucket; undefined if the locations do not overlap. */
function relationOf(one: AppRunner, other: AppRunner): string | undefined {
  const [inner, outer] = [one, other].map(({ runner, prefix }) => canonical(runner, prefix ?? '').replace(/\/$/, ''));
  if (isPlaceholder(inner) || isPlaceholder(outer)) {
    return undefined;
  }
  if (inner === outer) {
    return sameInApp(one.runner, inner, other.runner, outer) ? 'at the location of' : undefined;
  }
  if (outer === '' || inner.startsWith(`${outer}/`)) {
    return 'inside';
  }
  return inner === '' || outer.startsWith(`${inner}/`) ? 'around' : undefined;
}
