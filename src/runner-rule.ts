import { Annotations, CustomResource, RemovalPolicy, Resource, Token } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { addRule, sameRuleAs } from './app-runners';
import { checkConstructId } from './common/construct-ids';
import { BOOLEAN, checkTypes, InputTypes, OBJECT, objectWith, TEXT } from './common/input-types';
import { DEFAULT_LOG_RETENTION } from './common/log-groups';
import { warnAboutOtherBoundary } from './common/other-boundary';
import { Problems } from './common/problems';
import { propertiesBeside, UnknownInput, unknownInputs, warnAboutUnknownInputs } from './common/unknown-inputs';
import type { RegistrationNetwork } from './inputs/registration-network';
import { checkRegistrationNetworkTypes, POLICY, unknownNetworkInputs } from './inputs/runner-input-types';
import { RegistrationProvider } from './registration/provider';
import { adoptsExisting, registeredId, RULE_RETAINED, runnerRuleResource } from './registration/resources';
import type { IEcsRunner, RunnerRuleOptions } from './runner-types';

/** Properties of `RunnerRule`. */
export interface RunnerRuleProps extends RunnerRuleOptions {
  /** The runner that gets the deployments. An imported runner must have been imported with its orchestrator. */
  readonly runner: IEcsRunner;

  /**
   * Path of the registration's role, if the stack has no runner that defines it. It starts and ends with `/` and has at most 512 characters.
   *
   * @default '/'
   */
  readonly rolePath?: string;

  /**
   * Permissions boundary of the registration's role, if the stack has no runner that defines it.
   *
   * @default - none
   */
  readonly permissionsBoundary?: iam.IManagedPolicy;

  /**
   * VPC of the registration's Lambda, if the stack has no runner that defines it.
   *
   * @default - none: the Lambda can reach the internet, but no VPC
   */
  readonly registrationNetwork?: RegistrationNetwork;
}

/**
 * Sends deployments to a runner: those of a project, of an environment type, of both together, or all.
 *
 * @see https://developer.humanitec.com/platform-orchestrator/docs/configure/runners/runner-types/serverless-ecs/
 */
export class RunnerRule extends Resource {
  /**
   * Id of the rule at the orchestrator, a UUID.
   * @attribute
   */
  public readonly ruleId: string;
  private readonly resource: CustomResource;

  /**
   * Creates a rule.
   *
   * @param scope the parent construct
   * @param id the construct id
   * @param props the properties of the rule
   */
  constructor(scope: Construct, id: string, props: RunnerRuleProps) {
    super(scope, id);
    const orchestrator = this.check(props);
    warnAboutUnknownInputs(this, unknownRuleInputs(props));
    addRule(this, props);
    this.node.addValidation({ validate: () => filterProblems(this, props) });
    // A stack with nothing but rules of imported runners has no registration yet.
    const { stack } = this;
    const shared = RegistrationProvider.settingsOf(stack);
    const provider = RegistrationProvider.find(stack, orchestrator.apiUrl) ?? RegistrationProvider.for(this, orchestrator.apiUrl, {
      rolePath: props.rolePath ?? shared?.rolePath,
      permissionsBoundary: props.permissionsBoundary ?? shared?.permissionsBoundary,
      logRetention: DEFAULT_LOG_RETENTION,
      logRemovalPolicy: RemovalPolicy.DESTROY,
      tags: {},
      network: props.registrationNetwork ?? shared?.network,
    });
    warnAboutOtherBoundary(this, props.permissionsBoundary, () => [provider]);
    this.resource = runnerRuleResource(this, orchestrator, {
      // The orchestrator refuses rules for runners that are not registered, and deletes a runner's rules with it.
      RunnerId: registeredId(props.runner),
      ProjectId: props.projectId,
      EnvTypeId: props.envTypeId,
      AdoptExisting: props.adoptExisting ? 'true' : adoptsExisting(props.runner) ? 'identical' : undefined,
    });
    this.ruleId = this.resource.getAttString('RuleId');
  }

  /**
   * Sets what happens to the rule at the orchestrator when it is removed from the stack.
   *
   * @param policy `RETAIN` leaves the rule at the orchestrator, which still sends deployments to its runner. A new rule with the same filter then
   * fails to deploy until the retained one is deleted.
   */
  public applyRemovalPolicy(policy: RemovalPolicy): void {
    this.resource.applyRemovalPolicy(policy);
    // Who asks for it here knows what it does.
    Annotations.of(this).acknowledgeWarning(`cdk-humanitec-ecs-runner:${RULE_RETAINED}`);
  }

  private check(props: RunnerRuleProps) {
    const problems = new Problems();
    checkConstructId(this, problems);
    checkRuleTypes(problems, props);
    problems.throwIfAny(this, 'RunnerRule');
    FILTERS.forEach(name => problems.checkText(name, props[name], FILTER_ID));
    const { orchestrator } = props.runner;
    if (!orchestrator) {
      problems.add({
        input: 'runner',
        expected: 'a runner whose orchestrator is known',
        got: 'a runner that was imported without its orchestrator',
        fix: 'Import it with EcsRunner.fromRunnerAttributes() and give `orchestrator`.',
      });
    } else {
      problems.addAll('runner.orchestrator', orchestrator._problems(this));
    }
    const same = sameRuleAs(this, props);
    if (same) {
      problems.add({
        input: 'projectId and envTypeId',
        expected: 'a project and environment type that no other rule of the app has',
        got: `those of '${same.node.path}'`,
        fix: 'The orchestrator accepts one rule per filter: remove one of the two rules, or change its filter.',
      });
    }
    RegistrationProvider.check(this, problems, { ...props, network: props.registrationNetwork }, true);
    problems.throwIfAny(this, 'RunnerRule');
    return orchestrator!;
  }
}

const FILTERS = ['projectId', 'envTypeId'] as const;
const FILTER_ID = {
  pattern: /^[a-zA-Z0-9][a-zA-Z0-9_-]*$/,
  max: 100,
  expected: 'an id of letters, digits, "-" and "_"',
  fix: 'Give the id that the orchestrator shows, or omit it to match all.',
};

/** Rejects at the end of synthesis a CDK token for nothing, such as `Aws.NO_VALUE`: the rule would match everything. */
function filterProblems(scope: RunnerRule, props: RunnerRuleProps): string[] {
  const problems = new Problems();
  for (const name of FILTERS.filter(each => Token.isUnresolved(props[each]))) {
    const value: unknown = scope.stack.resolve(props[name]);
    if (typeof value === 'string') {
      problems.checkText(name, value, FILTER_ID);
    } else if (value === undefined || value === null || (value as { Ref?: unknown }).Ref === 'AWS::NoValue') {
      problems.add({ input: name, expected: FILTER_ID.expected, got: 'a CDK token for no value', fix: FILTER_ID.fix });
    }
  }
  return problems.lines;
}

const RULE: InputTypes<RunnerRuleProps> = {
  runner: objectWith('an IEcsRunner', 'addRule', 'Give an EcsRunner, or import one with EcsRunner.fromRunnerAttributes().'),
  projectId: TEXT,
  envTypeId: TEXT,
  adoptExisting: BOOLEAN,
  rolePath: TEXT,
  permissionsBoundary: POLICY,
  registrationNetwork: OBJECT,
};

/** Rejects inputs of a rule whose types are wrong. */
function checkRuleTypes(problems: Problems, props: RunnerRuleProps): void {
  checkTypes(problems, props, RULE, ['runner']);
  if (problems.list.length === 0) {
    problems.addAll('runner.orchestrator', props.runner.orchestrator?._typeProblems() ?? []);
    checkRegistrationNetworkTypes(problems, props.registrationNetwork);
  }
}

/** The properties that are not inputs of a rule. All of them, if the rule has no filter: one of them may be meant as the filter. */
function unknownRuleInputs(props: RunnerRuleProps): UnknownInput[] {
  const similar = unknownInputs(props, RULE);
  const others = FILTERS.some(name => props[name] !== undefined) ? [] : propertiesBeside(props, RULE).filter(name => similar.every(({ input }) => input !== name));
  return [
    ...similar,
    ...others.map(input => ({ input, remedy: 'the rule has no filter, and matches all deployments' })),
    ...unknownNetworkInputs(props.registrationNetwork),
  ];
}
