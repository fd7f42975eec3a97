import type { IResource } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Orchestrator } from './inputs/orchestrator';
import type { RunnerRule } from './runner-rule';

/**
 * Which deployments a runner gets. Without a filter, it gets all deployments that no more specific rule sends to another runner. The orchestrator
 * accepts one rule per filter: two rules of an app with the same filter are an error at synthesis.
 */
export interface RunnerRuleOptions {
  /**
   * Id of the project whose deployments the runner gets: at most 100 letters, digits, `-` and `_`.
   *
   * @default - all projects
   */
  readonly projectId?: string;

  /**
   * Id of the environment type whose deployments the runner gets: at most 100 letters, digits, `-` and `_`.
   *
   * @default - all environment types
   */
  readonly envTypeId?: string;

  /**
   * Take over the rule with the same filter that Terraform or a person created, whatever runner it points at. While this is set, a delete leaves a rule that was taken
   * over, which then keeps its runner in use. Remove the setting after the deployment that took the rule over. If the runner has `adoptExisting`, its rules take over identical rules.
   *
   * @default false
   */
  readonly adoptExisting?: boolean;
}

/** A runner of the Platform Orchestrator on Amazon ECS, defined in this app or imported. */
export interface IEcsRunner extends IResource, iam.IGrantable, ec2.IConnectable {
  /**
   * Id of the runner at the orchestrator.
   * @attribute
   */
  readonly runnerId: string;

  /** The orchestrator that the runner belongs to; undefined if the runner was imported without it. */
  readonly orchestrator?: Orchestrator;

  /**
   * Sends deployments to the runner.
   *
   * The orchestrator cannot change a rule: another filter creates a new rule and then deletes the old one. Environments that are already
   * deployed keep their runner until they are refreshed.
   *
   * @param id the construct id of the rule
   * @param options which deployments the runner gets
   * @throws an error if the runner was imported without its orchestrator
   * @see https://developer.humanitec.com/platform-orchestrator/docs/configure/runners/runner-types/serverless-ecs/
   */
  addRule(id: string, options?: RunnerRuleOptions): RunnerRule;
}

/** Attributes of an existing runner. */
export interface EcsRunnerAttributes {
  /** Id of the runner at the orchestrator. */
  readonly runnerId: string;

  /**
   * The orchestrator that the runner belongs to. `addRule` requires it.
   *
   * @default - unknown
   */
  readonly orchestrator?: Orchestrator;

  /**
   * The role that OpenTofu uses. Grants to the runner require it.
   *
   * @default - unknown: a grant prints a warning with the permissions and adds none
   */
  readonly taskRole?: iam.IRole;

  /**
   * Security groups of the tasks. `connections` requires them.
   *
   * @default - none
   */
  readonly securityGroups?: ec2.ISecurityGroup[];
}
