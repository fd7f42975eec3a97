import { Annotations, Stack } from 'aws-cdk-lib';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
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
  private namedInResourcePolicy = false;

  constructor(private readonly scope: IConstruct) {}

  public get principalAccount(): string {
    return Stack.of(this.scope).account;
  }

  /**
   * The account rather than the role: where a resource's policy is the one to name the grantee, it leaves the decision to the
   * account's policies, and those are what is collected here.
   */
  public get policyFragment(): iam.PrincipalPolicyFragment {
    this.namedInResourcePolicy = true;
    return new iam.AccountPrincipal(Stack.of(this.scope).account).policyFragment;
  }

  public get statements(): iam.PolicyStatement[] {
    return this.collected;
  }

  /** Lets the grantee read the secret or parameter, and decrypt it when a customer key is in the way. */
  public collectSecret(secret: ecs.Secret): void {
    this.namedInResourcePolicy = false;
    secret.grantRead(this);
    if (this.namedInResourcePolicy) {
      // For secrets CDK grants the decryption in the key's policy only, which does nothing for an imported key, and does
      // not say which key it is. The encryption context says which secret it is, and that is as narrow.
      const stack = Stack.of(this.scope);
      this.collected.push(new iam.PolicyStatement({
        actions: ['kms:Decrypt'],
        resources: [stack.formatArn({ service: 'kms', resource: 'key', resourceName: '*' })],
        conditions: {
          StringEquals: {
            'kms:ViaService': `secretsmanager.${stack.region}.${stack.urlSuffix}`,
            'kms:EncryptionContext:SecretARN': secret.arn,
          },
        },
      }));
    }
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

/** Adds statements to a role that the user gave. One that cannot be changed gets a warning that spells out what is missing. */
export function addToGivenRole(scope: IConstruct, input: string, role: iam.IRole, statements: iam.PolicyStatement[]): void {
  const missing = statements.filter(statement => !isAdded(role, statement));
  if (missing.length > 0) {
    const json = JSON.stringify(Stack.of(scope).resolve(missing.map(statement => statement.toStatementJson())));
    Annotations.of(scope).addWarningV2(`cdk-humanitec-ecs-runner:${input}NotGranted`,
      `The policies of ${input} cannot be changed from here. Deployments fail until it has these statements: ${json}`);
  }
}

/**
 * Adds a statement and looks whether it is there. A role that was imported as not to be changed, or of another account, only
 * pretends that it was added.
 */
function isAdded(role: iam.IRole, statement: iam.PolicyStatement): boolean {
  const count = () => role.node.findAll().reduce((sum, child) => sum + (child instanceof iam.Policy ? child.document.statementCount : 0), 0);
  const before = count();
  return role.addToPrincipalPolicy(statement).statementAdded && count() > before;
}
