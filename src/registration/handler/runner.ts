import type { RunnerProperties } from '../wire';
import { runnerBody } from './body';
import type { OrchestratorClient, Runner } from './client';
import { ApiError } from './client';
import type { Lifecycle, Outcome } from './event';
import { LifecycleError } from './event';
import { explain } from './explain';
import { log } from './log';

/** What a create that left nothing behind gives as its id, so that the delete that follows knows it. */
const NOTHING_MADE = 'not-registered';

/** Registers a runner, keeps the registration as the template says, and removes it. */
export class RunnerLifecycle implements Lifecycle {
  /** What the registration is known by: another one means another registration, which CloudFormation makes before it deletes this one. */
  private readonly identity: string;

  constructor(
    private readonly properties: RunnerProperties,
    private readonly old: RunnerProperties | undefined,
    private readonly client: () => Promise<OrchestratorClient>,
  ) {
    this.identity = `${properties.OrgId}/${properties.RunnerId}`;
  }

  public async create(): Promise<Outcome> {
    return this.register(NOTHING_MADE);
  }

  public async update(physicalId: string): Promise<Outcome> {
    if (this.identity !== physicalId) {
      // CloudFormation deletes the old registration afterwards; should this fail, the old one is what counts.
      return this.register(physicalId);
    }
    try {
      const client = await this.client();
      const registered = await client.getRunner(this.properties.RunnerId);
      if (registered) {
        await this.change(client, registered);
      } else {
        log('the registration was gone, and is made again', { runner: this.properties.RunnerId });
        await client.createRunner(this.properties.RunnerId, runnerBody(this.properties));
      }
      return this.done();
    } catch (error) {
      throw explain(error, `Updating runner '${this.properties.RunnerId}'`, this.properties);
    }
  }

  public async delete(physicalId: string): Promise<Outcome> {
    const { RunnerId: id } = this.properties;
    if (physicalId === NOTHING_MADE) {
      return { physicalId };
    }
    try {
      const client = await this.client();
      const registered = await client.getRunner(id);
      if (!registered) {
        return { physicalId };
      }
      if (!this.owns(registered)) {
        log('the runner belongs to somebody else, and stays', { runner: id, role: registered.runner_configuration.auth.role_arn });
        return { physicalId, note: `Runner '${id}' is registered with another role than this stack's, and was left as it is.` };
      }
      await client.deleteRunner(id);
      return { physicalId };
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) {
        if (this.properties.OnInUse === 'retain') {
          return { physicalId, note: `Runner '${id}' stays registered, as onInUse says: ${error.message}` };
        }
        throw new LifecycleError(`Deleting runner '${id}' was refused: ${error.message}. `
          + 'Move these environments to another runner or delete them (and rules of others that point at it), then delete again; '
          + 'or set onInUse to RETAIN to leave the registration.');
      }
      throw explain(error, `Deleting runner '${id}'`, this.properties);
    }
  }

  /** Makes the registration, or finds that this resource made it already: an answer can get lost. */
  private async register(idOnFailure: string): Promise<Outcome> {
    const { RunnerId: id } = this.properties;
    let client: OrchestratorClient | undefined;
    let adopting = false;
    try {
      client = await this.client();
      try {
        await client.createRunner(id, runnerBody(this.properties));
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 409)) {
          throw error;
        }
        const registered = await client.getRunner(id);
        if (!registered) {
          throw error;
        }
        adopting = !this.owns(registered);
        await this.change(client, registered);
      }
      return this.done();
    } catch (error) {
      // What was there before us is not ours to clean up, even if it got our role before the take-over failed.
      const clean = !client || adopting || await this.cleanUp(client, error);
      throw explain(error, `Registering runner '${id}'`, this.properties, clean ? idOnFailure : this.identity);
    }
  }

  /**
   * Removes what a failed create may have left. True when nothing of ours is left for certain; otherwise the delete that
   * CloudFormation sends after a failed create tries again.
   */
  private async cleanUp(client: OrchestratorClient, cause: unknown): Promise<boolean> {
    // The API said no: nothing was made. Only silence and faults leave it open whether the request was carried out.
    const said = cause instanceof ApiError ? cause.status : 0;
    if (cause instanceof LifecycleError || (said >= 400 && said < 500)) {
      return true;
    }
    try {
      const registered = await client.getRunner(this.properties.RunnerId);
      if (registered && this.owns(registered)) {
        await client.deleteRunner(this.properties.RunnerId);
      }
      return true;
    } catch (error) {
      log('could not clean up after a failed registration', { runner: this.properties.RunnerId, error: (error as Error).name });
      return false;
    }
  }

  /** Changes a runner that is registered, if it is ours to change. */
  private async change(client: OrchestratorClient, registered: Runner): Promise<void> {
    const { RunnerId: id, AdoptExisting: adopt } = this.properties;
    if (!this.owns(registered) && adopt !== 'true') {
      throw new LifecycleError(`Registering runner '${id}' was refused: a runner of this id exists already and has another role than this stack's `
        + `(${registered.runner_configuration.auth.role_arn}). Choose another runnerId, or set adoptExisting to take it over.`);
    }
    this.checkState(registered);
    // An absent description would stay as it was.
    await client.patchRunner(id, { description: '', ...runnerBody(this.properties) });
  }

  private checkState(registered: Runner): void {
    const there = registered.state_storage_configuration;
    const wanted = this.properties.StateStorage;
    const path = (prefix?: string) => (prefix ?? '').replace(/\/$/, '');
    if (there.bucket === wanted.Bucket && path(there.path_prefix) === path(wanted.PathPrefix)) {
      return;
    }
    // A rollback moves back what was moved with the opt-in of the properties that it undoes.
    if (this.properties.AllowStateMove !== 'true' && this.old?.AllowStateMove !== 'true') {
      throw new LifecycleError(`Changing runner '${this.properties.RunnerId}' was refused: its state would move from `
        + `${location(there.bucket, there.path_prefix)} to ${location(wanted.Bucket, wanted.PathPrefix)}, where the old state is not found, `
        + 'and the next deployments would create everything once more. Copy the state and set allowStateMove, or keep the old place.');
    }
  }

  /** A runner is this stack's when it was registered with a role of this stack: no other stack has the same. */
  private owns(registered: Runner): boolean {
    const role = registered.runner_configuration.auth?.role_arn;
    return role !== undefined && (role === this.properties.Auth.RoleArn || role === this.old?.Auth.RoleArn);
  }

  private done(): Outcome {
    return { physicalId: this.identity, data: { RunnerId: this.properties.RunnerId } };
  }
}

function location(bucket: string, prefix?: string): string {
  return `s3://${bucket}/${prefix ?? ''}`;
}
