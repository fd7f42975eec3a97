import type { RunnerProperties } from '../wire';
import { runnerBody, TYPE } from './body';
import type { ClientOf, OrchestratorClient, Runner } from './client';
import { ApiError } from './client';
import type { Lifecycle, Outcome } from './event';
import { LifecycleError } from './event';
import { explain, notMadeSure } from './explain';
import { undo } from './leftovers';
import { AFTERMATH, SECOND_LOOK } from './limits';
import { log, short } from './log';
import { pause, untilOver } from './time';

/** What a create that left nothing behind gives as its id, so that the delete that follows knows it. */
const NOTHING_MADE = 'not-registered';
/** The same, when it tried to take over a runner, which has to stay. */
const NOT_TAKEN_OVER = 'not-taken-over';

/** Registers a runner, keeps the registration as the template says, and removes it. */
export class RunnerLifecycle implements Lifecycle {
  /** What the registration is known by: another one means another registration, which CloudFormation makes before it deletes this one. */
  private readonly identity: string;

  constructor(
    private readonly properties: RunnerProperties,
    private readonly old: RunnerProperties | undefined,
    private readonly client: ClientOf,
    /** When no call may begin any more. */
    private readonly deadline: number,
  ) {
    this.identity = identityOf(properties);
  }

  public async create(): Promise<Outcome> {
    let cleanUp = async () => true;
    try {
      const client = await this.client(this.properties);
      const before = await client.getRunner(this.properties.RunnerId);
      // Lambda may deliver an event that was answered already: what that delivery made has to stay.
      cleanUp = async () => !before && this.cleanUp(client);
      await this.createOrTake(client);
      return this.done();
    } catch (error) {
      const nothingLeft = !mayHaveMade(error) || await cleanUp();
      throw explain(error, `Registering runner '${this.properties.RunnerId}'`, this.properties, nothingLeft ? NOTHING_MADE : this.identity);
    }
  }

  public async update(physicalId: string): Promise<Outcome> {
    if (this.identity !== physicalId) {
      return this.replace(physicalId);
    }
    try {
      const client = await this.client(this.properties);
      const registered = await client.getRunner(this.properties.RunnerId);
      if (registered) {
        await this.change(client, registered);
      } else {
        log('the registration was gone, and is made again', { runner: this.properties.RunnerId });
        await this.createOrTake(client);
      }
      return { ...this.done(), note: await this.removeReplacement() };
    } catch (error) {
      throw explain(error, `Updating runner '${this.properties.RunnerId}'`, this.properties);
    }
  }

  public async delete(physicalId: string): Promise<Outcome> {
    if (physicalId === NOT_TAKEN_OVER) {
      return { physicalId };
    }
    try {
      const client = await this.client(this.properties);
      if (physicalId === this.identity || physicalId === NOTHING_MADE) {
        return { physicalId, note: await this.remove(client, this.properties) };
      }
      return { physicalId, note: await this.removeUntilNothingComes(client, physicalId) };
    } catch (error) {
      if (physicalId === NOTHING_MADE) {
        // Only another delivery of the same create can have made something: not worth to get stuck in a rollback, whose
        // cause may be that very API or token.
        return { physicalId, note: notMadeSure(this.properties) };
      }
      throw explain(error, `Deleting runner '${this.properties.RunnerId}'`, this.properties);
    }
  }

  /**
   * Makes another registration; CloudFormation deletes the old one afterwards. It sends the same to undo that, when the registration that
   * is wanted was never gone: so nothing is cleaned up here. What a failure leaves is removed by the rollback, which CloudFormation sends
   * with the id that the failure gave, or with the one from before.
   *
   * @see https://github.com/aws/aws-cdk/issues/30012 for an id that a failed update gave and a later request had
   */
  private async replace(physicalId: string): Promise<Outcome> {
    try {
      await this.createOrTake(await this.client(this.properties));
      return this.done();
    } catch (error) {
      throw explain(error, `Registering runner '${this.properties.RunnerId}'`, this.properties, mayHaveMade(error) ? this.identity : physicalId);
    }
  }

  /** Makes the registration, or finds that this resource made it already: an answer can get lost. */
  private async createOrTake(client: OrchestratorClient): Promise<void> {
    const { RunnerId: id } = this.properties;
    try {
      await client.createRunner(id, runnerBody(this.properties));
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 409)) {
        throw error;
      }
      const registered = await this.findSurely(client, id).catch(unseen => {
        // What could not be looked at may still be what an earlier try made.
        unseen.uncertain ||= error.uncertain;
        throw unseen;
      });
      if (!registered) {
        throw error;
      }
      await this.take(client, registered);
    }
  }

  /** Takes a runner that is there already: our own, whose answer got lost, or one that the user wants to be taken over. */
  private async take(client: OrchestratorClient, registered: Runner): Promise<void> {
    const adopting = !this.owns(registered, this.properties);
    try {
      await this.change(client, registered);
    } catch (error) {
      if (adopting && mayHaveMade(error)) {
        // It was there before us, so it goes back to what it was rather than away.
        const { id, description = '', runner_configuration, state_storage_configuration } = registered;
        await client.patchRunner(id, { description, runner_configuration, state_storage_configuration }).catch(() =>
          log('could not put back what was taken over', { runner: id }));
        throw explain(error, `Taking over runner '${id}'`, this.properties, NOT_TAKEN_OVER);
      }
      // Ours, and made by an earlier try or by another delivery, that may have been answered: so it stays, and a delete has to find it.
      throw adopting ? error : explain(error, `Registering runner '${registered.id}'`, this.properties, this.identity);
    }
  }

  /** Removes what a failed registration may have left. True when nothing of ours is left for certain; otherwise the delete that follows looks again. */
  private async cleanUp(client: OrchestratorClient): Promise<boolean> {
    const { RunnerId: id } = this.properties;
    try {
      const registered = await this.findSurely(client, id);
      if (registered && this.owns(registered, this.properties)) {
        await client.deleteRunner(id);
      }
      // One that is not there may still come, if the request is on its way.
      return registered !== undefined;
    } catch (error) {
      log('could not clean up after a failed registration', { runner: id, error: (error as Error).name });
      return false;
    }
  }

  /**
   * In the rollback of a replacement that failed, takes away what it may have registered under the new id: CloudFormation sends no delete
   * for a replacement that it was not told of.
   */
  private async removeReplacement(): Promise<string | undefined> {
    const { old } = this;
    return old && identityOf(old) !== this.identity
      ? undo(this.client, old, this.properties, client => this.remove(client, old))
      : undefined;
  }

  /** Removes the runner, if it is ours. Returns what the user has to know of it. */
  private async remove(client: OrchestratorClient, properties: RunnerProperties): Promise<string | undefined> {
    const { RunnerId: id } = properties;
    const registered = await this.findSurely(client, id);
    if (!registered) {
      return undefined;
    }
    if (!this.owns(registered, properties)) {
      log('not ours, and stays', { runner: id, role: registered.runner_configuration.auth?.role_arn });
      return `Runner '${id}' is registered with another role than this stack's, and was left as it is.`;
    }
    try {
      await client.deleteRunner(id);
      return undefined;
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 409)) {
        throw error;
      }
      if (properties.OnInUse === 'retain') {
        return `Runner '${id}' stays registered, as onInUse says: ${error.details ?? error.message}`;
      }
      throw new LifecycleError(`Deleting runner '${id}' was refused: it is still in use. Move its environments to another runner or delete them `
        + '(and rules of others, if the details name any), then delete again; or set onInUse to RETAIN to leave the registration.', { details: error.details });
    }
  }

  /**
   * Removes what a create made that CloudFormation has no answer of: it was given up while it ran, and may be running still. Nobody says
   * when it is over, so this looks for as long as there is time.
   *
   * @see https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1814
   */
  private async removeUntilNothingComes(client: OrchestratorClient, physicalId: string): Promise<string | undefined> {
    const until = physicalId === UNKNOWN ? Math.min(this.deadline, Date.now() + AFTERMATH) : this.deadline;
    return untilOver(until, () => this.remove(client, this.properties));
  }

  /** Changes a runner that is registered, if it is ours to change. */
  private async change(client: OrchestratorClient, registered: Runner): Promise<void> {
    const { RunnerId: id, AdoptExisting: adopt } = this.properties;
    const { type, auth } = registered.runner_configuration;
    if (type !== TYPE) {
      throw new LifecycleError(`Registering runner '${id}' was refused: a runner of this id exists already, and is of another type. The type of a `
        + 'runner cannot change: choose another runnerId.', { details: `its type is ${short(type, 40)}` });
    }
    if (!this.owns(registered, this.properties) && adopt !== 'true') {
      throw new LifecycleError(`Registering runner '${id}' was refused: a runner of this id exists already and has another role than this `
        + 'stack\'s. Choose another runnerId, or set adoptExisting to take it over.', { details: `its role is ${auth?.role_arn}` });
    }
    this.checkState(registered);
    // An absent description would stay as it was.
    await client.patchRunner(id, { description: '', ...runnerBody(this.properties) });
  }

  private checkState(registered: Runner): void {
    const { bucket, path_prefix: prefix } = registered.state_storage_configuration;
    const there = location(bucket, prefix);
    const wanted = locationOf(this.properties);
    if (there === wanted || this.properties.AllowStateMove === 'true') {
      return;
    }
    // A rollback moves back what was moved with the opt-in of the properties that it undoes.
    if (this.old?.AllowStateMove === 'true' && there === locationOf(this.old)) {
      return;
    }
    throw new LifecycleError(`Changing runner '${this.properties.RunnerId}' was refused: its state would move to another place, where the old state is `
      + 'not found, and the next deployments would create everything once more. Copy the state and set allowStateMove, or keep the old place.',
    { details: `from ${there} to ${wanted}` });
  }

  /** A runner is this stack's when it was registered with a role of this stack: no other stack has the same. */
  private owns(registered: Runner, properties: RunnerProperties): boolean {
    const role = registered.runner_configuration.auth?.role_arn;
    return role !== undefined && (role === properties.Auth.RoleArn || role === this.old?.Auth.RoleArn);
  }

  /** Looks twice before it says that there is none: what is missing may only not have arrived in the copy that is read. */
  private async findSurely(client: OrchestratorClient, id: string): Promise<Runner | undefined> {
    const found = await client.getRunner(id);
    if (found) {
      return found;
    }
    await pause(SECOND_LOOK, this.deadline);
    return client.getRunner(id);
  }

  private done(): Outcome {
    return { physicalId: this.identity, data: { RunnerId: this.properties.RunnerId } };
  }
}

/** What a request gives as its id when it ran out of time. */
export const UNKNOWN = 'unknown';

/** Whether a registration may exist in spite of the error. What the API refused for certain, and what we refused, made none. */
function mayHaveMade(error: unknown): boolean {
  return error instanceof ApiError && error.uncertain;
}

function identityOf({ OrgId: org, RunnerId: id }: RunnerProperties): string {
  return `${org}/${id}`;
}

function locationOf({ StateStorage: { Bucket: bucket, PathPrefix: prefix } }: RunnerProperties): string {
  return location(bucket, prefix);
}

/** The prefix is joined as a path: a slash at its end means nothing. */
function location(bucket = '', prefix = ''): string {
  return `s3://${bucket}/${prefix.replace(/\/$/, '')}`;
}
