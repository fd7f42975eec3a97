import { Resource } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { Orchestrator } from './orchestrator';
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
    this.runnerId = attributes.runnerId;
    this.orchestrator = attributes.orchestrator;
    this.connections = new ec2.Connections({ securityGroups: attributes.securityGroups });
    this.grantPrincipal = attributes.taskRole?.grantPrincipal ?? new iam.UnknownPrincipal({ resource: this });
  }

  public addRule(id: string, options: RunnerRuleOptions = {}): RunnerRule {
    return new RunnerRule(this, id, { runner: this, ...options });
  }
}
