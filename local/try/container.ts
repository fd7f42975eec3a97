/** Plays the container of a task: what ECS gives it, and what OpenTofu does with its state. */
import { randomUUID } from 'node:crypto';
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { ClientSettings } from './clients';
import type { Runner } from '../orchestrator/model';

async function askEcs<T>(what: 'task-credentials' | 'task-secrets', taskArn: string, endpoint: string): Promise<T> {
  const [, , , region, account, resource] = taskArn.split(':');
  const [, cluster, task] = (resource ?? '').split('/');
  const response = await fetch(`${endpoint}/_local/${what}/${account}/${region}/${cluster}/${task}`);
  const body = await response.json() as T & { message?: string };
  if (!response.ok) throw new Error(`The task got no ${what.replace('task-', '')}: ${body.message}`);
  return body;
}

/** The secrets that ECS put into the container's environment before it started. */
export async function secretsOf(taskArn: string, { endpoint }: ClientSettings): Promise<Record<string, string>> {
  return askEcs('task-secrets', taskArn, endpoint);
}

/** The credentials that ECS hands to the containers of a running task. */
export async function taskCredentials(taskArn: string, { endpoint, region }: ClientSettings): Promise<ClientSettings> {
  const { AccessKeyId, SecretAccessKey, Token } = await askEcs<Record<string, string>>('task-credentials', taskArn, endpoint);
  return { endpoint, region, credentials: { accessKeyId: AccessKeyId ?? '', secretAccessKey: SecretAccessKey ?? '', sessionToken: Token } };
}

export interface State {
  readonly key: string;
  /** Serial number of the state that was found; undefined for the first run. */
  readonly found?: number;
  readonly written: number;
}

/**
 * What OpenTofu's S3 backend does in `init`, `plan` and `apply`: it lists the workspaces, then looks at the state with HEAD, reads it if it
 * exists, and writes it. It deletes nothing.
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

/** A HEAD of a state that does not exist has to be answered with 404. Anything else ends the run. */
async function exists(s3: S3Client, Bucket: string, Key: string): Promise<boolean> {
  return s3.send(new HeadObjectCommand({ Bucket, Key })).then(() => true, (error: Error & { $metadata?: { httpStatusCode?: number } }) => {
    const status = error.$metadata?.httpStatusCode;
    if (status === 404) return false;
    throw new Error(`HEAD of the state was answered with HTTP ${status}${status === 403 ? ' (Access Denied)' : ''}`);
  });
}

async function readState(s3: S3Client, Bucket: string, Key: string): Promise<{ serial: number; lineage: string }> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  return JSON.parse(await Body?.transformToString() ?? '{}') as { serial: number; lineage: string };
}
