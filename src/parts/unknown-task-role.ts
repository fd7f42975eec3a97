import { Annotations, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, DependencyGroup } from 'constructs';

/**
 * Stands for the task role of an imported runner that was imported without it. Grants to it print a warning with the permissions.
 *
 * `iam.UnknownPrincipal` of the CDK has no account, so that grants of buckets, secrets and keys also try to name it in their policies, and throw.
 */
export class UnknownTaskRole implements iam.IPrincipal {
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
