import { RemovalPolicy, Resource } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { checkConstructId } from './common/construct-ids';
import { Problems } from './common/problems';
import type { Orchestrator } from './inputs/orchestrator';
import { RunnerConnections } from './parts/connections';
import { UnknownTaskRole } from './parts/unknown-task-role';
import { checkAttributeTypes } from './runner-input-types';
import { RunnerRule } from './runner-rule';
import type { EcsRunnerAttributes, IEcsRunner, RunnerRuleOptions } from './runner-types';

/** A runner that exists already. */
export class ImportedRunner extends Resource implements IEcsRunner {
  public readonly runnerId: string;
  public readonly orchestrator?: Orchestrator;
  public readonly connections: ec2.Connections;
  public readonly grantPrincipal: iam.IPrincipal;

  constructor(scope: Construct, id: string, attributes: EcsRunnerAttributes) {
    super(scope, id);
    const problems = new Problems();
    checkConstructId(this, problems);
    checkAttributeTypes(problems, attributes);
    problems.throwIfAny(this, 'EcsRunner.fromRunnerAttributes()');
    this.runnerId = attributes.runnerId;
    this.orchestrator = attributes.orchestrator;
    this.connections = new RunnerConnections(this, attributes.securityGroups);
    this.grantPrincipal = attributes.taskRole?.grantPrincipal ?? new UnknownTaskRole(this);
  }

  public addRule(id: string, options: RunnerRuleOptions = {}): RunnerRule {
    return new RunnerRule(this, id, { runner: this, ...options });
  }

  public applyRemovalPolicy(policy: RemovalPolicy): void {
    throw new Error(`${this.node.path}: expected a runner of this app; got RemovalPolicy.${policy.toUpperCase()} for an imported runner. `
      + 'No stack of this app manages an imported runner: set the removal policy where the runner is defined.');
  }
}
