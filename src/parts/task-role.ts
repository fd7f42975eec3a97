import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { rolePropsOf, RoleSettings, RunnerRole, tasksPrincipal } from './runner-roles';
import { warnAboutTrust } from './task-trust';
import type { WildcardReasons } from '../common/policy-findings';
import { addPolicy, addPolicyToGivenRole } from '../common/role-policies';
import type { EcsRunnerProps } from '../inputs/ecs-runner-props';

/** The location of the state. */
export interface StateAccess {
  readonly bucketArn: string;
  /** The account that the bucket belongs to. */
  readonly account: string;
  readonly prefix?: string;
  readonly keyArn?: string;
  /** Whether the encryption context of S3 contains the bucket instead of each object (S3 Bucket Keys). */
  readonly bucketKey: boolean;
}

export type TaskRoleInputs = RoleSettings & Pick<EcsRunnerProps, 'taskRole'>;

const STATE_FILES = { reason: 'OpenTofu names the state files after the environments. The wildcard begins below the bucket and its prefix.' };
const WILDCARD_REASONS: WildcardReasons = { 's3:GetObject': STATE_FILES, 's3:PutObject': STATE_FILES };

/** The role that OpenTofu uses. */
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

/** Statements of the task role: OpenTofu lists, reads and writes the state. It deletes no state. */
function stateStatements(scope: Construct, to: StateAccess): iam.PolicyStatement[] {
  const stack = Stack.of(scope);
  const objects = `${to.bucketArn}/${to.prefix ? `${to.prefix}/` : ''}*`;
  // Another account can create a bucket with the name of a deleted bucket. The state with its secrets must not be written to such a bucket.
  const inAccount = { StringEquals: { 'aws:ResourceAccount': to.account } };
  const statements = [
    new iam.PolicyStatement({
      sid: 'ListState',
      actions: ['s3:ListBucket'],
      resources: [to.bucketArn],
      // OpenTofu also lists its workspaces, which are below `env:/`.
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
    // OpenTofu first sends a HEAD request for the state, which has no prefix. For a missing object, S3 answers 404 only to callers with s3:ListBucket, and 403 to
    // others. AWS does not document whether a permission with a condition on the prefix is sufficient.
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
