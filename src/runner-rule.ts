import { RemovalPolicy, Resource } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { addRule, sameRuleAs } from './app-runners';
import { checkConstructId } from './construct-ids';
import { DEFAULT_LOG_RETENTION } from './defaults';
import { Problems } from './problems';
import { RegistrationProvider } from './registration/provider';
import { registeredId, runnerRuleResource } from './registration/resources';
import type { RegistrationNetwork } from './registration-network';
import { checkRuleTypes } from './runner-input-types';
import type { IEcsRunner, RunnerRuleOptions } from './runner-types';

/** What a `RunnerRule` is made from. */
export interface RunnerRuleProps extends RunnerRuleOptions {
  /** The runner that gets the deployments; an imported one needs its orchestrator. */
  readonly runner: IEcsRunner;

  /**
   * Path of the registration's role, where the stack has no runner that made it already: starts and ends with `/`, at most 512 characters.
   *
   * @default '/'
   */
  readonly rolePath?: string;

  /**
   * Permissions boundary of the registration's role, where the stack has no runner that made it already.
   *
   * @default - none
   */
  readonly permissionsBoundary?: iam.IManagedPolicy;

  /**
   * The VPC of the registration's Lambda, where the stack has no runner that made it already.
   *
   * @default - none: the Lambda reaches the internet, and nothing of a VPC
   */
  readonly registrationNetwork?: RegistrationNetwork;
}

/**
 * Sends deployments of a project, of an environment type, of both together, or all of them to a runner.
 *
 * @see https://developer.humanitec.com/platform-orchestrator/docs/platform-orchestrator/runners/
 */
export class RunnerRule extends Resource {
  /**
   * Id of the rule at the orchestrator, a UUID.
   * @attribute
   */
  public readonly ruleId: string;

  /**
   * Makes a rule.
   *
   * @param scope the construct that it belongs to
   * @param id its name there; renaming it replaces the rule
   * @param props what it matches, and the runner
   */
  constructor(scope: Construct, id: string, props: RunnerRuleProps) {
    super(scope, id);
    const orchestrator = this.check(props);
    addRule(this, props);
    // A stack with nothing but rules of imported runners has no registration yet.
    RegistrationProvider.find(this.stack) ?? RegistrationProvider.for(this, {
      rolePath: props.rolePath,
      permissionsBoundary: props.permissionsBoundary,
      logRetention: DEFAULT_LOG_RETENTION,
      logRemovalPolicy: RemovalPolicy.DESTROY,
      tags: {},
      network: props.registrationNetwork,
    });
    this.ruleId = runnerRuleResource(this, 'Resource', orchestrator, {
      // The orchestrator refuses rules for runners that are not registered, and to delete runners that rules point at.
      RunnerId: registeredId(props.runner),
      ProjectId: props.projectId,
      EnvTypeId: props.envTypeId,
    }).ref;
  }

  /**
   * Sets what becomes of the rule at the orchestrator when it leaves the stack.
   *
   * @param policy `RETAIN` leaves the rule at the orchestrator, which still sends deployments to its runner. A new rule with the same filter then
   * fails to deploy until the retained one is deleted.
   */
  public applyRemovalPolicy(policy: RemovalPolicy): void {
    (this.node.findChild('Resource') as Resource).applyRemovalPolicy(policy);
  }

  private check(props: RunnerRuleProps) {
    const problems = new Problems();
    checkConstructId(this, problems);
    checkRuleTypes(problems, props);
    problems.throwIfAny(this, 'RunnerRule');
    const id = {
      pattern: /^[a-zA-Z0-9][a-zA-Z0-9_-]*$/,
      max: 100,
      expected: 'an id of letters, digits, "-" and "_"',
      fix: 'Give the id as the orchestrator shows it, or leave it out to match all.',
    };
    problems.checkText('projectId', props.projectId, id);
    problems.checkText('envTypeId', props.envTypeId, id);
    const { orchestrator } = props.runner;
    if (!orchestrator) {
      problems.add({
        input: 'runner',
        expected: 'a runner whose orchestrator is known',
        got: 'one that was imported without it',
        fix: 'Import it with EcsRunner.fromRunnerAttributes() and give `orchestrator`.',
      });
    } else {
      problems.addAll('runner.orchestrator', orchestrator._problems(this));
    }
    const same = sameRuleAs(this, props);
    if (same) {
      problems.add({
        input: 'projectId and envTypeId',
        expected: 'another project and environment type than the other rules of the app have',
        got: `those of '${same.node.path}'`,
        fix: 'The orchestrator has one rule for them: remove one of the two, or change what it matches.',
      });
    }
    RegistrationProvider.check(this, problems, { ...props, network: props.registrationNetwork }, true);
    problems.throwIfAny(this, 'RunnerRule');
    return orchestrator!;
  }
}
