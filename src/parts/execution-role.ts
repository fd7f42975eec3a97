import { Reference, Stack, Token, Tokenization } from 'aws-cdk-lib';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct, IConstruct } from 'constructs';
import { rolePropsOf, RoleSettings, RunnerRole, tasksPrincipal } from './runner-roles';
import { warnAboutTrust } from './task-trust';
import type { WildcardReasons } from '../common/policy-findings';
import { addPolicy, addPolicyToGivenRole } from '../common/role-policies';
import { canonical } from '../common/unknown-values';
import type { EcsRunnerProps } from '../inputs/ecs-runner-props';

export type ExecutionRoleInputs = RoleSettings & Pick<EcsRunnerProps, 'executionRole' | 'secrets' | 'image'>;

const WILDCARD_REASONS: WildcardReasons = {
  'kms:Decrypt': {
    condition: 'kms:EncryptionContext:SecretARN',
    reason: 'Which key a secret has is not always known at synthesis. Conditions hold it to Secrets Manager and to the secrets that were given.',
  },
  'ecr:GetAuthorizationToken': { reason: 'AWS evaluates ecr:GetAuthorizationToken on * only; it gives no access to a repository.' },
};

/** The role that ECS uses to start the tasks, and the image that ECS pulls with it. */
export function createExecutionRole(scope: Construct, inputs: ExecutionRoleInputs): RunnerRole & { image?: string } {
  const { executionRole, secrets = {} } = inputs;
  const collector = new TaskStartAccess(scope);
  // Sorted by name: Go and Java pass maps in random order, so the policy would change with every synthesis.
  for (const [, secret] of Object.entries(secrets).sort(([one], [other]) => one < other ? -1 : 1)) {
    collector.collectSecret(secret);
  }
  const image = inputs.image?._grantPull(scope, collector);
  const { statements } = collector;
  const from = {
    input: executionRole ? 'executionRole' : 'secrets',
    fix: 'Keep several values in one secret, or give an `executionRole` that reads the secrets by managed policies (role.withoutPolicyUpdates()).',
    wildcardReasons: WILDCARD_REASONS,
  };
  if (executionRole) {
    warnAboutTrust(scope, 'executionRole', executionRole);
    return { role: executionRole, image, policy: addPolicyToGivenRole(scope, 'ExecutionRolePolicy', executionRole, statements, from) };
  }
  const role = new iam.Role(scope, 'ExecutionRole', {
    description: 'Starts the tasks of a Platform Orchestrator runner',
    assumedBy: tasksPrincipal(scope),
    ...rolePropsOf(inputs),
  });
  return { role, image, policy: statements.length > 0 ? addPolicy(role, 'TaskStart', role, statements, from) : undefined };
}

/** The actions that ECS uses at the start of a task, by the Sid of their statement. The grants of the CDK allow more. */
const TASK_START_ACTIONS: Record<string, string> = {
  'secretsmanager:GetSecretValue': 'ReadSecrets',
  'ssm:GetParameters': 'ReadParameters',
  'kms:Decrypt': 'Decrypt',
  'ecr:BatchCheckLayerAvailability': 'PullImage',
  'ecr:GetDownloadUrlForLayer': 'PullImage',
  'ecr:BatchGetImage': 'PullImage',
  'ecr:GetAuthorizationToken': 'LogInToRegistry',
};

/** A secret or parameter in the encryption context with which its service uses the key. */
interface Encrypted {
  readonly service: 'secretsmanager' | 'ssm';
  /** Key of the encryption context whose value is the ARN of the secret or parameter. */
  readonly context: 'SecretARN' | 'PARAMETER_ARN';
  readonly arn: string;
  readonly region: string;
}

/** A statement for all secrets, parameters or images with the same kind of access. */
interface Access {
  readonly statement: iam.PolicyStatement;
  /** Condition key of the encryption context, and the ARNs that it accepts. */
  readonly context?: string;
  readonly arns: Set<string>;
}

/** A grantee that collects the permissions to start tasks in few statements, because the grants of the CDK allow more than ECS uses. */
class TaskStartAccess implements iam.IPrincipal {
  public readonly grantPrincipal: iam.IPrincipal = this;
  public readonly assumeRoleAction = 'sts:AssumeRole';
  private readonly collected = new Map<string, Access>();
  private namedInResourcePolicy = false;
  /** Whether the CDK granted the key of the current secret to the grantee. */
  private decrypts = false;
  /** The secret or parameter that is collected now. */
  private secret?: ecs.Secret;

  constructor(private readonly scope: IConstruct) {}

  /** The account of the secret that is collected now. If the account of the stack is unknown, both are assumed to be the same. */
  public get principalAccount(): string {
    const { account } = Stack.of(this.scope);
    return Token.isUnresolved(account) && this.secret ? this.placeOf(this.secret).account : account;
  }

  /**
   * The account instead of the role: a resource policy that names the account leaves the decision to the IAM policies of the account, which this class
   * collects.
   */
  public get policyFragment(): iam.PrincipalPolicyFragment {
    this.namedInResourcePolicy = true;
    return new iam.AccountPrincipal(Stack.of(this.scope).account).policyFragment;
  }

  /** One statement for each kind of access and its conditions. */
  public get statements(): iam.PolicyStatement[] {
    return withDistinctSids([...this.collected.values()].map(({ statement, context, arns }) => {
      const copy = statement.copy();
      if (context) {
        copy.addCondition('StringEquals', { [context]: arns.size === 1 ? [...arns][0] : [...arns] });
      }
      return copy;
    }));
  }

  /** Allows reading the secret or parameter, and decrypting it if it has a customer managed key. */
  public collectSecret(secret: ecs.Secret): void {
    this.namedInResourcePolicy = false;
    this.decrypts = false;
    this.secret = secret;
    secret.grantRead(this);
    this.secret = undefined;
    // The CDK grants the key of a parameter to the grantee, too, if it does not know that both belong to one account.
    if (this.namedInResourcePolicy && !this.decrypts) {
      // For secrets the CDK allows decryption in the key policy only. This has no effect for an imported key, and the key is unknown here. A condition on the
      // encryption context, which contains the secret, is as narrow.
      const { account, region } = this.placeOf(secret);
      this.collect(new iam.PolicyStatement({
        sid: 'DecryptSecrets',
        actions: ['kms:Decrypt'],
        resources: [Stack.of(this.scope).formatArn({ service: 'kms', account, region, resource: 'key', resourceName: '*' })],
      }), { service: 'secretsmanager', context: 'SecretARN', arn: secret.arn, region });
    }
  }

  /** Account and region of a secret and its key. */
  private placeOf({ arn }: ecs.Secret): { account: string; region: string } {
    const stack = Stack.of(this.scope);
    const [,,, region, account, ...name] = arn.split(':');
    if (name.length > 0) {
      return { account: account || stack.account, region: region || stack.region };
    }
    // A secret of another stack of the app is in the account and region of that stack.
    const { firstToken } = Tokenization.reverseString(arn);
    return Reference.isReference(firstToken) ? Stack.of(firstToken.target) : stack;
  }

  /** Adds resources to the statement with the same actions and conditions; creates the statement if there is none. */
  private collect(statement: iam.PolicyStatement, encrypted?: Encrypted): void {
    const { urlSuffix } = Stack.of(this.scope);
    if (encrypted) {
      statement.addCondition('StringEquals', { 'kms:ViaService': `${encrypted.service}.${encrypted.region}.${urlSuffix}` });
    }
    const context = encrypted && `kms:EncryptionContext:${encrypted.context}`;
    const key = canonical(this.scope, [statement.sid, statement.actions, statement.conditions, context]);
    const access = this.collected.get(key);
    if (access) {
      access.statement.addResources(...statement.resources);
    } else {
      this.collected.set(key, { statement, context, arns: new Set() });
    }
    if (encrypted) {
      this.collected.get(key)!.arns.add(encrypted.arn);
    }
  }

  public addToPolicy(statement: iam.PolicyStatement): boolean {
    return this.addToPrincipalPolicy(statement).statementAdded;
  }

  public addToPrincipalPolicy(statement: iam.PolicyStatement): iam.AddToPrincipalPolicyResult {
    const needed = statement.actions.filter(action => action in TASK_START_ACTIONS);
    for (const kind of new Set(needed.map(action => TASK_START_ACTIONS[action]))) {
      const actions = needed.filter(action => TASK_START_ACTIONS[action] === kind);
      if (this.secret && kind === 'Decrypt') {
        this.decrypts = true;
        // The CDK allows the key of a parameter for all encryption contexts.
        this.collect(statement.copy({ sid: 'DecryptParameters', actions }), {
          service: 'ssm', context: 'PARAMETER_ARN', arn: this.secret.arn, region: this.placeOf(this.secret).region,
        });
      } else {
        this.collect(statement.copy({ sid: kind, actions }));
      }
    }
    return { statementAdded: true, policyDependable: this.scope };
  }
}

/** Appends numbers to duplicate Sids, because IAM requires unique Sids within a policy. Changes the given statements. */
function withDistinctSids(statements: iam.PolicyStatement[]): iam.PolicyStatement[] {
  const count = new Map<string, number>();
  for (const statement of statements) {
    const { sid = '' } = statement;
    const number = (count.get(sid) ?? 0) + 1;
    count.set(sid, number);
    statement.sid = number === 1 ? sid : `${sid}${number}`;
  }
  return statements;
}
