import type { IResource } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Orchestrator } from './orchestrator';
import type { RunnerRule } from './runner-rule';

/**
 * Which deployments a runner gets. With neither filter it gets all that no more specific rule sends elsewhere. The orchestrator has one rule
 * for a filter: two of a stack that match the same are an error at synthesis.
 */
export interface RunnerRuleOptions {
  /**
   * Id of the project whose deployments the runner gets: at most 100 letters, digits, `-` and `_`.
   *
   * @default - those of every project
   */
  readonly projectId?: string;

  /**
   * Id of the environment type whose deployments the runner gets: at most 100 letters, digits, `-` and `_`.
   *
   * @default - those of every environment type
   */
  readonly envTypeId?: string;
}

/** A runner of the Platform Orchestrator on Amazon ECS: one of this app, or an imported one. */
export interface IEcsRunner extends IResource, iam.IGrantable, ec2.IConnectable {
  /**
   * Id of the runner at the orchestrator.
   * @attribute
   */
  readonly runnerId: string;

  /** The orchestrator that the runner belongs to; unknown for a runner that was imported without it. */
  readonly orchestrator?: Orchestrator;

  /**
   * Sends deployments to the runner.
   *
   * A rule cannot be changed: another filter makes a new rule and then deletes the old one. An environment that was
   * deployed already keeps its runner until somebody refreshes it.
   *
   * @param id name of the rule below the runner; renaming it replaces the rule
   * @param options which deployments
   * @throws when the runner was imported without its orchestrator
   * @see https://developer.humanitec.com/platform-orchestrator/docs/platform-orchestrator/runners/
   */
  addRule(id: string, options?: RunnerRuleOptions): RunnerRule;
}

/** What is known of a runner that exists already. */
export interface EcsRunnerAttributes {
  /** Id of the runner at the orchestrator. */
  readonly runnerId: string;

  /**
   * The orchestrator that the runner belongs to. `addRule` needs it.
   *
   * @default - unknown
   */
  readonly orchestrator?: Orchestrator;

  /**
   * The role that OpenTofu runs with. Grants to the runner need it.
   *
   * @default - unknown: a warning names each permission that is granted to the runner and not given
   */
  readonly taskRole?: iam.IRole;

  /**
   * Security groups of the tasks. `connections` needs them.
   *
   * @default - none
   */
  readonly securityGroups?: ec2.ISecurityGroup[];
}
