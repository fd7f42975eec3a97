/** Simulates the container of a task: reads the secrets and credentials that ECS provides, and uses the state as OpenTofu does. */
import { randomUUID } from 'node:crypto';
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { ClientSettings } from './clients';
import type { Runner } from '../orchestrator/model';

async function requestFromEcs<T>(what: 'task-credentials' | 'task-secrets', taskArn: string, endpoint: string): Promise<T> {
  const [, , , region, account, resource] = taskArn.split(':');
  const [, cluster, task] = (resource ?? '').split('/');
  const response = await fetch(`${endpoint}/_local/${what}/${account}/${region}/${cluster}/${task}`);
  const body = await response.json() as T & { message?: string };
  if (!response.ok) throw new Error(`ECS did not provide the ${what.replace('task-', '')} of the task: ${body.message}`);
  return body;
}

/** The secrets that ECS sets in the environment of the container. */
export async function secretsOfTask(taskArn: string, { endpoint }: ClientSettings): Promise<Record<string, string>> {
  return requestFromEcs('task-secrets', taskArn, endpoint);
}

/** The credentials of the task role that ECS provides to a running container. */
export async function taskCredentials(taskArn: string, { endpoint, region }: ClientSettings): Promise<ClientSettings> {
  const { AccessKeyId, SecretAccessKey, Token } = await requestFromEcs<Record<string, string>>('task-credentials', taskArn, endpoint);
  return { endpoint, region, credentials: { accessKeyId: AccessKeyId ?? '', secretAccessKey: SecretAccessKey ?? '', sessionToken: Token } };
}

export interface State {
  readonly key: string;
  /** Serial number of the existing state; undefined in the first run. */
  readonly found?: number;
  readonly written: number;
}

/**
 * Makes the calls of OpenTofu's S3 backend in `init`, `plan` and `apply`: lists the workspaces, checks for the state with HEAD, reads an
 * existing state, and writes the new state. It deletes nothing.
 */
export async function runOpenTofu(runner: Runner, environmentUuid: string, settings: ClientSettings): Promise<State> {
  const { bucket: Bucket, path_prefix: prefix } = runner.state_storage_configuration;
  const Key = [...prefix ? [prefix.replace(/\/$/, '')] : [], `${environmentUuid}.tfstate`].join('/');
  const sts = new STSClient(settings);
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  try {
    await sts.send(new GetCallerIdentityCommand({}));
    await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'env:/' }));
    const found = await exists(s3, Bucket, Key) ? await readState(s3, Bucket, Key) : undefined;
    const serial = (found?.serial ?? 0) + 1;
    const state = { version: 4, lineage: found?.lineage ?? randomUUID(), serial, outputs: {}, resources: [] };
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: JSON.stringify(state), ContentType: 'application/json' }));
    return { key: Key, found: found?.serial, written: serial };
  } finally {
    sts.destroy();
    s3.destroy();
  }
}

/** HEAD must return 404 for a missing state. OpenTofu fails on every other error. */
async function exists(s3: S3Client, Bucket: string, Key: string): Promise<boolean> {
  return s3.send(new HeadObjectCommand({ Bucket, Key })).then(() => true, (error: Error & { $metadata?: { httpStatusCode?: number } }) => {
    const status = error.$metadata?.httpStatusCode;
    if (status === 404) return false;
    throw new Error(`Could not check for the state: HEAD returned HTTP ${status}${status === 403 ? ' (Access Denied)' : ''}`);
  });
}

async function readState(s3: S3Client, Bucket: string, Key: string): Promise<{ serial: number; lineage: string }> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  return JSON.parse(await Body?.transformToString() ?? '{}') as { serial: number; lineage: string };
}
