import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { rolePropsOf, RoleSettings, RunnerRole, tasksPrincipal } from './runner-roles';
import { warnAboutTrust } from './task-trust';
import type { WildcardReasons } from '../common/policy-findings';
import { addPolicy, addPolicyToGivenRole } from '../common/role-policies';
import type { EcsRunnerProps } from '../inputs/ecs-runner-props';

/** Where the state lies. */
export interface StateAccess {
  readonly bucketArn: string;
  /** The account that the bucket belongs to. */
  readonly account: string;
  readonly prefix?: string;
  readonly keyArn?: string;
  /** Whether S3 names the bucket when it uses the key, and not each object. */
  readonly bucketKey: boolean;
}

export type TaskRoleInputs = RoleSettings & Pick<EcsRunnerProps, 'taskRole'>;

const STATE_FILES = { reason: 'OpenTofu names the state files after the environments. The wildcard begins below the bucket and its prefix.' };
const WILDCARD_REASONS: WildcardReasons = { 's3:GetObject': STATE_FILES, 's3:PutObject': STATE_FILES };

/** The role that OpenTofu runs with. */
export function createTaskRole(scope: Construct, inputs: TaskRoleInputs, state: StateAccess): RunnerRole {
  const { taskRole } = inputs;
  const from = {
    input: 'taskRole',
    fix: 'Grant less, or put some of the permissions into an iam.ManagedPolicy and attach it to the role.',
    wildcardReasons: WILDCARD_REASONS,
  };
  const statements = stateStatements(scope, state);
  if (taskRole) {
    warnAboutTrust(scope, 'taskRole', taskRole);
    return { role: taskRole, policy: addPolicyToGivenRole(scope, 'TaskRolePolicy', taskRole, statements, from) };
  }
  const role = new iam.Role(scope, 'TaskRole', {
    description: 'OpenTofu in the tasks of a Platform Orchestrator runner',
    assumedBy: tasksPrincipal(scope),
    ...rolePropsOf(inputs),
  });
  return { role, policy: addPolicy(role, 'State', role, statements, from) };
}

/** Statements of the task role: OpenTofu lists, reads and writes the state, and deletes nothing. */
function stateStatements(scope: Construct, to: StateAccess): iam.PolicyStatement[] {
  const stack = Stack.of(scope);
  const objects = `${to.bucketArn}/${to.prefix ? `${to.prefix}/` : ''}*`;
  // Names of buckets are free again once they are gone: state with its secrets must not go to whoever takes the name then.
  const inAccount = { StringEquals: { 'aws:ResourceAccount': to.account } };
  const statements = [
    new iam.PolicyStatement({
      sid: 'ListState',
      actions: ['s3:ListBucket'],
      resources: [to.bucketArn],
      // OpenTofu lists its workspaces, which it keeps below `env:/`, too.
      conditions: { ...inAccount, ...(to.prefix ? { StringLike: { 's3:prefix': [`${to.prefix}/*`, 'env:/'] } } : {}) },
    }),
    new iam.PolicyStatement({
      sid: 'ReadAndWriteState',
      actions: ['s3:GetObject', 's3:PutObject'],
      resources: [objects],
      conditions: inAccount,
    }),
  ];
  if (to.prefix) {
    // OpenTofu first looks for the state with a HEAD, which has no prefix. Only to those who may list the bucket S3 answers that a missing state
    // does not exist (404) instead of 403, and AWS does not document whether a permission that is limited to a prefix counts.
    statements.push(new iam.PolicyStatement({
      sid: 'FindMissingState',
      actions: ['s3:ListBucket'],
      resources: [to.bucketArn],
      conditions: { ...inAccount, Null: { 's3:prefix': 'true' } },
    }));
  }
  if (to.keyArn) {
    statements.push(new iam.PolicyStatement({
      sid: 'EncryptState',
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: [to.keyArn],
      conditions: {
        StringEquals: { 'kms:ViaService': `s3.${stack.region}.${stack.urlSuffix}` },
        StringLike: { 'kms:EncryptionContext:aws:s3:arn': to.bucketKey ? to.bucketArn : [to.bucketArn, objects] },
      },
    }));
  }
  return statements;
}
