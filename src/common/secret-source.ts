import { Stack } from 'aws-cdk-lib';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as ssm from 'aws-cdk-lib/aws-ssm';
import type { IConstruct } from 'constructs';

/** The secret or parameter construct behind an `ecs.Secret`, which has no public property for it. Undefined if there is none in the app. */
export function sourceOf(scope: IConstruct, { arn }: ecs.Secret): secretsmanager.ISecret | ssm.IParameter | undefined {
  return scope.node.root.node.findAll().find((each): each is secretsmanager.ISecret & ssm.IParameter => {
    const { secretArn, parameterArn } = each as Partial<secretsmanager.ISecret & ssm.IParameter>;
    // A field or version of a secret follows its ARN.
    return parameterArn === arn || (secretArn !== undefined && `${arn}:`.startsWith(`${secretArn}:`));
  });
}

/** The suffix that Secrets Manager appends to the name of a secret in its ARN. */
export const SECRET_SUFFIX = /-[a-zA-Z0-9]{6}$/;

/** Cache of `arnForPolicies`, because each runner needs the ARN of the same API token several times. */
const arnsForPolicies = new WeakMap<Grantable, string | undefined>();

type Grantable = Pick<secretsmanager.ISecret, 'grantRead'> | ecs.Secret;

/** Thrown by the grantee below, before a grant can change the policy of a key. */
const STOP = new Error('The grant is not needed');

/**
 * The ARN that the CDK writes into policies for a secret. For a secret that is known by name or partial ARN, it ends with a pattern for the six
 * characters that Secrets Manager appends. `secretFullArn` is undefined for secrets of another region.
 */
export function arnForPolicies(secret: Grantable): string | undefined {
  if (!arnsForPolicies.has(secret)) {
    arnsForPolicies.set(secret, grantedArn(secret));
  }
  return arnsForPolicies.get(secret);
}

function grantedArn(secret: Grantable): string | undefined {
  let arn: string | undefined;
  const grantee: iam.IPrincipal = {
    get grantPrincipal() {
      return grantee;
    },
    assumeRoleAction: 'sts:AssumeRole',
    get policyFragment(): iam.PrincipalPolicyFragment {
      throw STOP;
    },
    addToPrincipalPolicy(statement) {
      arn = statement.actions.includes('secretsmanager:GetSecretValue') ? statement.resources[0] : undefined;
      throw STOP;
    },
  };
  try {
    secret.grantRead(grantee);
  } catch (error) {
    if (error !== STOP) {
      throw error;
    }
  }
  return arn;
}

/** Whether the template would contain a name or partial ARN of a secret, without the six characters that Secrets Manager appends. */
export function isPartial(scope: IConstruct, secret: Grantable): boolean {
  try {
    return /(\?{6}|\*)"/.test(JSON.stringify(Stack.of(scope).resolve(arnForPolicies(secret))) ?? '');
  } catch {
    // A secret of another region without a name: the CDK itself reports it.
    return false;
  }
}
