import { Annotations, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

/** What ECS really calls at the start of a task; the grants of other libraries give more. */
const TASK_START_ACTIONS = new Set([
  'secretsmanager:GetSecretValue',
  'ssm:GetParameters',
  'kms:Decrypt',
  'ecr:BatchCheckLayerAvailability',
  'ecr:GetDownloadUrlForLayer',
  'ecr:BatchGetImage',
  'ecr:GetAuthorizationToken',
]);

/**
 * A grantee that collects statements before the role is there that gets them: so they become part of the role itself
 * instead of a policy beside it, and only what a task start needs of them is kept.
 */
export class StatementCollector implements iam.IPrincipal {
  public readonly grantPrincipal: iam.IPrincipal = this;
  public readonly assumeRoleAction = 'sts:AssumeRole';
  private readonly collected: iam.PolicyStatement[] = [];

  constructor(private readonly scope: IConstruct, public readonly policyFragment: iam.PrincipalPolicyFragment) {}

  public get principalAccount(): string {
    return Stack.of(this.scope).account;
  }

  public get statements(): iam.PolicyStatement[] {
    return this.collected;
  }

  public addToPolicy(statement: iam.PolicyStatement): boolean {
    return this.addToPrincipalPolicy(statement).statementAdded;
  }

  public addToPrincipalPolicy(statement: iam.PolicyStatement): iam.AddToPrincipalPolicyResult {
    const actions = statement.actions.filter(action => TASK_START_ACTIONS.has(action));
    if (actions.length > 0) {
      this.collected.push(statement.copy({ actions }));
    }
    return { statementAdded: true, policyDependable: this.scope };
  }
}

/**
 * Adds statements to a role that the user gave. One that cannot be changed gets a warning that spells out what is missing.
 *
 * @returns what the statements are in, for what has to wait for them
 */
export function addToGivenRole(scope: IConstruct, input: string, role: iam.IRole, statements: iam.PolicyStatement[]): void {
  const missing = statements.filter(statement => !role.addToPrincipalPolicy(statement).statementAdded);
  if (missing.length > 0) {
    const json = JSON.stringify(Stack.of(scope).resolve(missing.map(statement => statement.toStatementJson())));
    Annotations.of(scope).addWarningV2(`cdk-humanitec-ecs-runner:${input}NotGranted`,
      `The policies of ${input} cannot be changed from here. Deployments fail until it has these statements: ${json}`);
  }
}
