import { Annotations, RemovalPolicy, Resource, Stack } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, DependencyGroup } from 'constructs';
import { checkConstructId } from './common/construct-ids';
import { checkTypes, extendOptions, InputTypes, TEXT } from './common/input-types';
import { Problems } from './common/problems';
import { unknownInputs, warnAboutUnknownInputs } from './common/unknown-inputs';
import type { Orchestrator } from './inputs/orchestrator';
import { ORCHESTRATOR, ROLE, SECURITY_GROUPS } from './inputs/runner-input-types';
import { RunnerConnections } from './parts/connections';
import { checkImportedId } from './parts/runner-id';
import { RunnerRule } from './runner-rule';
import type { EcsRunnerAttributes, IEcsRunner, RunnerRuleOptions } from './runner-types';

const ATTRIBUTES: InputTypes<EcsRunnerAttributes> = { runnerId: TEXT, orchestrator: ORCHESTRATOR, taskRole: ROLE, securityGroups: SECURITY_GROUPS };

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
    checkTypes(problems, attributes, ATTRIBUTES, ['runnerId']);
    problems.throwIfAny(this, 'EcsRunner.fromRunnerAttributes()');
    checkImportedId(problems, attributes.runnerId);
    problems.throwIfAny(this, 'EcsRunner.fromRunnerAttributes()');
    warnAboutUnknownInputs(this, unknownInputs(attributes, ATTRIBUTES));
    this.runnerId = attributes.runnerId;
    this.orchestrator = attributes.orchestrator;
    this.connections = new RunnerConnections(this, attributes.securityGroups);
    this.grantPrincipal = attributes.taskRole?.grantPrincipal ?? new UnknownTaskRole(this);
  }

  public addRule(id: string, options: RunnerRuleOptions = {}): RunnerRule {
    return new RunnerRule(this, id, extendOptions(options, { runner: this }));
  }

  public applyRemovalPolicy(policy: RemovalPolicy): void {
    throw new Error(`${this.node.path}: expected a runner of this app; got RemovalPolicy.${policy.toUpperCase()} for an imported runner. `
      + 'No stack of this app manages an imported runner: set the removal policy where the runner is defined.');
  }
}

/**
 * Stands for the task role of an imported runner that was imported without it. Grants to it print a warning with the permissions.
 *
 * `iam.UnknownPrincipal` of the CDK has no account, so that grants of buckets, secrets and keys also try to name it in their policies, and throw.
 */
class UnknownTaskRole implements iam.IPrincipal {
  public readonly assumeRoleAction = 'sts:AssumeRole';
  public readonly grantPrincipal = this;
  public readonly principalAccount: string;

  constructor(private readonly runner: Construct) {
    this.principalAccount = Stack.of(runner).account;
  }

  /**
   * The account, for policies that have to name somebody, such as that of a key. The policies of the task role decide then.
   */
  public get policyFragment(): iam.PrincipalPolicyFragment {
    return new iam.AccountPrincipal(this.principalAccount).policyFragment;
  }

  public addToPrincipalPolicy(statement: iam.PolicyStatement): iam.AddToPrincipalPolicyResult {
    Annotations.of(this.runner).addWarningV2('cdk-humanitec-ecs-runner:unknownTaskRole',
      'The task role of this imported runner is not known, so the permission is not granted. Import the runner with EcsRunner.fromRunnerAttributes() and '
      + `\`taskRole\`, or add this statement to the task role: ${JSON.stringify(Stack.of(this.runner).resolve(statement.toStatementJson()))}`);
    return { statementAdded: true, policyDependable: new DependencyGroup() };
  }
}
