import { Annotations, Arn, ArnFormat, Stack, Token } from 'aws-cdk-lib';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

/** What ECS really calls at the start of a task, and the Sid of the statement for it; the grants of other libraries give more. */
const TASK_START_ACTIONS: Record<string, string> = {
  'secretsmanager:GetSecretValue': 'ReadSecrets',
  'ssm:GetParameters': 'ReadParameters',
  'kms:Decrypt': 'Decrypt',
  'ecr:BatchCheckLayerAvailability': 'PullImage',
  'ecr:GetDownloadUrlForLayer': 'PullImage',
  'ecr:BatchGetImage': 'PullImage',
  'ecr:GetAuthorizationToken': 'LogInToRegistry',
};

/**
 * A grantee that collects statements before the role is there that gets them: so they become part of the role itself
 * instead of a policy beside it, and only what a task start needs of them is kept.
 */
export class StatementCollector implements iam.IPrincipal {
  public readonly grantPrincipal: iam.IPrincipal = this;
  public readonly assumeRoleAction = 'sts:AssumeRole';
  private readonly collected: iam.PolicyStatement[] = [];
  private namedInResourcePolicy = false;
  /** The secret or parameter that is being collected. */
  private secret?: ecs.Secret;

  constructor(private readonly scope: IConstruct) {}

  /** While a secret is collected the account that it names: where the stack's is not known yet, they are the same. */
  public get principalAccount(): string {
    const { account } = Stack.of(this.scope);
    return Token.isUnresolved(account) && this.secret ? this.accountOf(this.secret) : account;
  }

  /**
   * The account rather than the role: where a resource's policy is the one to name the grantee, it leaves the decision to the
   * account's policies, and those are what is collected here.
   */
  public get policyFragment(): iam.PrincipalPolicyFragment {
    this.namedInResourcePolicy = true;
    return new iam.AccountPrincipal(Stack.of(this.scope).account).policyFragment;
  }

  /** A statement for each kind of access and its conditions. */
  public get statements(): iam.PolicyStatement[] {
    const stack = Stack.of(this.scope);
    const merged = new Map<string, iam.PolicyStatement>();
    for (const statement of this.collected) {
      const key = JSON.stringify(stack.resolve([statement.sid, statement.actions, statement.conditions]));
      merged.get(key)?.addResources(...statement.resources) ?? merged.set(key, statement.copy());
    }
    return withDistinctSids([...merged.values()]);
  }

  /** Lets the grantee read the secret or parameter, and decrypt it when a customer key is in the way. */
  public collectSecret(secret: ecs.Secret): void {
    this.namedInResourcePolicy = false;
    this.secret = secret;
    secret.grantRead(this);
    this.secret = undefined;
    if (this.namedInResourcePolicy) {
      // For secrets CDK grants the decryption in the key's policy only, which does nothing for an imported key, and does
      // not say which key it is. The encryption context says which secret it is, and that is as narrow.
      this.collected.push(new iam.PolicyStatement({
        sid: 'DecryptSecrets',
        actions: ['kms:Decrypt'],
        resources: [Stack.of(this.scope).formatArn({ service: 'kms', account: this.accountOf(secret), resource: 'key', resourceName: '*' })],
        conditions: this.only('secretsmanager', 'SecretARN', secret),
      }));
    }
  }

  /** The account of a secret, whose key can be in no other. */
  private accountOf({ arn }: ecs.Secret): string {
    return Token.isUnresolved(arn) ? Stack.of(this.scope).account : Arn.split(arn, ArnFormat.COLON_RESOURCE_NAME).account!;
  }

  /** The use of a key for one secret or parameter, by the service that keeps it. */
  private only(service: string, context: string, secret: ecs.Secret): iam.Conditions {
    const { region, urlSuffix } = Stack.of(this.scope);
    return { StringEquals: { 'kms:ViaService': `${service}.${region}.${urlSuffix}`, [`kms:EncryptionContext:${context}`]: secret.arn } };
  }

  public addToPolicy(statement: iam.PolicyStatement): boolean {
    return this.addToPrincipalPolicy(statement).statementAdded;
  }

  public addToPrincipalPolicy(statement: iam.PolicyStatement): iam.AddToPrincipalPolicyResult {
    const needed = statement.actions.filter(action => action in TASK_START_ACTIONS);
    for (const kind of new Set(needed.map(action => TASK_START_ACTIONS[action]))) {
      const actions = needed.filter(action => TASK_START_ACTIONS[action] === kind);
      this.collected.push(this.secret && kind === 'Decrypt'
        // Parameters name their key, and CDK lets it be used for everything.
        ? statement.copy({ sid: 'DecryptParameters', actions, conditions: this.only('ssm', 'PARAMETER_ARN', this.secret) })
        : statement.copy({ sid: kind, actions }));
    }
    return { statementAdded: true, policyDependable: this.scope };
  }
}

/** Numbers what would have the same Sid: IAM takes each only once. The statements have to be the caller's own. */
export function withDistinctSids(statements: iam.PolicyStatement[]): iam.PolicyStatement[] {
  const count = new Map<string, number>();
  for (const statement of statements) {
    const { sid = '' } = statement;
    const number = (count.get(sid) ?? 0) + 1;
    count.set(sid, number);
    statement.sid = number === 1 ? sid : `${sid}${number}`;
  }
  return statements;
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
