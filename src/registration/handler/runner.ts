import { runnerBody, TYPE } from '../runner-body';
import type { RunnerProperties } from '../wire';
import type { OrchestratorClient, Runner } from './client';
import { ApiError } from './client';
import type { Lifecycle, Outcome, Request } from './event';
import { API_SERVICES, LifecycleError } from './event';
import { again } from './explain';
import { CLOCK_SKEW, DETAILS_MAX_CHARACTERS, SERVER_TIMEOUT, WRITE_WINDOW } from './limits';
import { log, short } from './log';
import { formatPhysicalId, isSameTime, isWithin, Named, parsePhysicalId, Period, STAYS_MARK } from './physical-ids';
import { TokenError } from './token';
import { createOrFind, endOfCancelled, removeUntil, waitForCancelled } from './unanswered';

/** Registers a runner, updates its registration, and deletes it. */
export class RunnerLifecycle implements Lifecycle {
  public readonly operation: string;
  public readonly services = API_SERVICES;
  /** Organization and id. A runner with another name is another registration. */
  private readonly name: string;
  private readonly isReplacement: boolean;

  constructor(private readonly request: Request, private readonly properties: RunnerProperties, private readonly previous?: RunnerProperties) {
    this.name = nameOf(properties);
    this.isReplacement = previous !== undefined && nameOf(previous) !== this.name;
    this.operation = `${{ Create: 'Registering', Update: 'Updating', Delete: 'Deleting' }[request.type]} runner '${properties.RunnerId}'`;
  }

  public unansweredId(createdIn: Period, was?: string): string {
    return formatPhysicalId({ name: this.name, createdIn, was });
  }

  public async create(): Promise<Outcome> {
    return this.register(await this.request.client(this.properties));
  }

  public async update(physicalId: string): Promise<Outcome> {
    const client = await this.request.client(this.properties);
    const { name, createdAt, was = '' } = parsePhysicalId(physicalId);
    if (name === this.name) {
      const outcome = await this.change(client, physicalId);
      return { ...outcome, note: await this.removeFailedReplacement(createdAt) ?? outcome.note };
    }
    const former = this.properties.AdoptExisting === 'true' ? was.replace(STAYS_MARK, '') : was;
    if (parsePhysicalId(former).name === this.name) {
      // The rollback of a replacement. The old registration was never deleted.
      return this.change(client, former, physicalId);
    }
    // CloudFormation deletes the old registration afterwards, unless it stays.
    return this.register(client, this.previous && whyItStays(this.previous) ? `!${physicalId}` : physicalId);
  }

  public async delete(physicalId: string): Promise<Outcome> {
    const named = parsePhysicalId(physicalId);
    // CloudFormation invents the physical ID if it does not wait for the answer to a create.
    const owned: Named = named.createdAt ?? named.createdIn ? named : { name: this.name, createdIn: this.request.recently };
    const [OrgId, RunnerId] = owned.name.split('/');
    const properties = { ...this.properties, OrgId, RunnerId };
    const stays = whyItStays(properties);
    if (stays) {
      return { physicalId, note: stays };
    }
    const client = await this.request.client(properties);
    return { physicalId, note: await removeUntil(owned.createdIn?.to ?? 0, this.request, () => this.remove(client, properties, owned)) };
  }

  private async register(client: OrchestratorClient, was?: string): Promise<Outcome> {
    const { RunnerId: id } = this.properties;
    const { object: runner, isFound } = await createOrFind(this.request,
      () => client.createRunner(id, runnerBody(this.properties)), () => client.getRunner(id), createdIn => this.unansweredId(createdIn, was));
    return isFound ? this.claimOrAdopt(client, runner, was) : this.registered(runner, was);
  }

  /** Accepts an existing runner that this request created, adopts one if `adoptExisting` is set, and rejects any other. */
  private async claimOrAdopt(client: OrchestratorClient, existing: Runner, was?: string): Promise<Outcome> {
    const { AdoptExisting: adopt } = this.properties;
    const { type, auth } = existing.runner_configuration;
    if (type !== TYPE) {
      throw new LifecycleError(`a runner with this id exists and has another type. The type of a runner cannot change: choose another runnerId, ${again(this.request.type)}`,
        { details: `its type is ${short(type, 40)}` });
    }
    const hasOwnRole = auth?.role_arn === this.properties.Auth.RoleArn;
    const isOfThisRequest = (time: string) => hasOwnRole && Date.parse(time) >= this.request.since;
    if (isOfThisRequest(existing.created_at)) {
      return this.registered(existing, was);
    }
    if (this.request.type === 'Create' && hasOwnRole && !(adopt === 'true' && isOfThisRequest(existing.updated_at))) {
      // Both names are in one installation: the delete of the old resource would delete the runner that the new resource adopts.
      throw new LifecycleError('this stack has registered it already. If apiUrl is another URL of the same installation, keep the old apiUrl. If a failed deployment left the '
        + `runner, delete it at the orchestrator; ${again(this.request.type)}`, { details: `registered at ${existing.created_at} with ${auth.role_arn}` });
    }
    if (adopt !== 'true') {
      throw new LifecycleError(`a runner with this id exists, and this resource did not register it. Choose another runnerId, or set adoptExisting to take it over; ${again(this.request.type)}`,
        { details: `registered at ${existing.created_at} with ${auth?.role_arn}` });
    }
    return this.adopt(client, existing, was);
  }

  private async adopt(client: OrchestratorClient, existing: Runner, was?: string): Promise<Outcome> {
    const { id, description = '', runner_configuration, state_storage_configuration } = existing;
    const former = { description, runner_configuration, state_storage_configuration };
    const configuration = JSON.stringify(former);
    this.checkState(existing);
    log('takes the runner over', { runner: id, formerConfiguration: configuration });
    try {
      await client.patchRunner(id, this.body(existing));
    } catch (error) {
      if (error instanceof ApiError && error.uncertain) {
        await client.withoutWriteWindow().patchRunner(id, former).catch(() => {
          throw new LifecycleError(`${error.message}. The former configuration could not be restored: give the runner the configuration in the details, ${again(this.request.type)}`,
            { details: configuration.slice(0, DETAILS_MAX_CHARACTERS) });
        });
      }
      throw error;
    }
    return { ...this.registered(existing, was), note: `Took over runner '${id}'. Its former configuration: ${configuration}` };
  }

  /** Updates the registration that a physical ID names. Creates it again if somebody deleted it. */
  private async change(client: OrchestratorClient, physicalId: string, replaced?: string): Promise<Outcome> {
    const named = parsePhysicalId(physicalId);
    const existing = await client.getRunner(this.properties.RunnerId);
    if (!existing) {
      log('the runner was deleted, and is registered again', { runner: this.properties.RunnerId });
      return this.register(client, replaced);
    }
    const isNamed = this.owns(existing, named);
    // The update that this one rolls back, or a delivery of this one, may have registered the runner again after a person deleted it: CloudFormation may
    // know the former physical ID only.
    const isOfUpdate = this.previous !== undefined && !this.isReplacement && this.owns(existing, { name: this.name, createdIn: this.request.recently });
    if (!isNamed && !isOfUpdate) {
      return this.claimOrAdopt(client, existing, replaced);
    }
    this.checkState(existing, !isNamed);
    const written = await client.patchRunner(existing.id, this.body(existing));
    if (this.mayBeOverwritten(existing, written)) {
      await waitForCancelled(this.request);
      const later = await client.getRunner(existing.id);
      if (later && isSameTime(later.created_at, existing.created_at) && !isSameTime(later.updated_at, written.updated_at)) {
        log('a cancelled update wrote last, and is overwritten', { runner: existing.id });
        await client.withoutWriteWindow().patchRunner(existing.id, this.body(existing));
      }
    }
    // With a new physical ID, CloudFormation would delete the runner by the old ID.
    return isNamed ? this.outcome(physicalId) : this.registered(existing, replaced);
  }

  /**
   * Whether an update that CloudFormation cancelled can still run while this update rolls it back: it wrote recently, or has not written yet. It
   * starts no write after its window.
   */
  private mayBeOverwritten(before: Runner, written: Runner): boolean {
    const content = (runner: Runner) => JSON.stringify({ ...runner, updated_at: undefined });
    const { previous, properties } = this;
    return previous !== undefined && !this.isReplacement && JSON.stringify(runnerBody(previous)) !== JSON.stringify(runnerBody(properties))
      && (Date.parse(before.updated_at) > this.request.startedAt - WRITE_WINDOW - SERVER_TIMEOUT - CLOCK_SKEW || content(before) === content(written));
  }

  /**
   * Deletes the runner of a failed replacement whose physical ID CloudFormation does not use, because nothing else would delete it. Such a runner is younger than
   * the runner that the physical ID names. A cancelled replacement can still run, but starts no write after its window.
   */
  private async removeFailedReplacement(since = ''): Promise<string | undefined> {
    const { previous, properties, request } = this;
    if (!previous || !this.isReplacement) {
      return undefined;
    }
    const isSameOrg = previous.OrgId === properties.OrgId;
    const { RunnerId: id, OrgId: org } = previous;
    try {
      // The former API token works. The API token of the failed update may be the cause of the failure.
      const client = (await request.client(isSameOrg ? properties : previous)).withoutWriteWindow();
      const createdIn = { from: Math.max(request.recently.from, Date.parse(since) || 0), to: Infinity };
      return await removeUntil(endOfCancelled(request), request, () => this.remove(client, { ...previous, OnInUse: 'retain' }, { name: nameOf(previous), createdIn }));
    } catch (error) {
      if (!isSameOrg && (error instanceof TokenError || error instanceof ApiError && !error.uncertain && error.status !== 429)) {
        // The other organization or its API token is probably the cause of the failed update. The rollback must not fail because of it.
        return `Could not check whether the failed update left runner '${id}' in organization '${org}': ${error.message}`;
      }
      throw error;
    }
  }

  /** Deletes the runner if it is the one that the physical ID names. Returns a note for the user. */
  private async remove(client: OrchestratorClient, properties: RunnerProperties, named: Named): Promise<string | undefined> {
    const { RunnerId: id } = properties;
    const existing = await client.getRunner(id);
    if (!existing) {
      return undefined;
    }
    if (!this.owns(existing, named, properties)) {
      log('the runner is not of this resource, and stays', { runner: id, createdAt: existing.created_at, role: existing.runner_configuration.auth?.role_arn });
      return `Runner '${id}' stays registered: this resource did not register it (it was registered at ${existing.created_at}).`;
    }
    const stays = whyItStays(properties);
    if (stays) {
      return stays;
    }
    // The orchestrator would delete these rules with the runner. The rules of this stack are already deleted.
    const rules = await client.listRules(id);
    if (rules.length > 0) {
      return this.keepInUse(properties, `runner rules of others: ${rules.map(rule =>
        `${rule.id} (project '${rule.project_id ?? ''}', environment type '${rule.env_type_id ?? ''}')`).join(', ')}`);
    }
    try {
      await client.deleteRunner(id);
      return undefined;
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 409)) {
        throw error;
      }
      return this.keepInUse(properties, error.details ?? error.message);
    }
  }

  private keepInUse({ RunnerId: id, OnInUse: onInUse }: RunnerProperties, uses: string): string {
    if (onInUse === 'retain') {
      return `Runner '${id}' stays registered, because it is in use: ${uses}`;
    }
    // `onInUse` cannot be changed now, because CloudFormation does not update a stack in DELETE_FAILED.
    throw new LifecycleError('the runner is still in use. Move or delete the environments and rules that the details name, then delete again. If the '
      + 'stack is in DELETE_FAILED, --retain-resources leaves the registration.', { details: uses.slice(0, DETAILS_MAX_CHARACTERS) });
  }

  private owns(existing: Runner, named: Named, { Auth: auth }: RunnerProperties = this.properties): boolean {
    if (named.createdAt !== undefined) {
      return isSameTime(existing.created_at, named.createdAt);
    }
    // Runners of other types do not have a role.
    const role = existing.runner_configuration.auth?.role_arn;
    return named.createdIn !== undefined && isWithin(named.createdIn, existing.created_at)
      && role !== undefined && (role === auth.RoleArn || role === this.previous?.Auth.RoleArn);
  }

  private checkState(registered: Runner, isNew = false): void {
    const { bucket, path_prefix: prefix } = registered.state_storage_configuration;
    const current = location(bucket, prefix);
    const wanted = locationOf(this.properties);
    const { previous } = this;
    // A rollback moves the state back if the properties that it undoes allowed the move, or registered the runner again.
    const isAllowed = this.properties.AllowStateMove === 'true' || (previous?.AllowStateMove === 'true' || isNew) && previous !== undefined && current === locationOf(previous);
    if (current !== wanted && !isAllowed) {
      throw new LifecycleError('its state would move to another place, where the old state is not found, and the next deployments would create everything '
        + `once more. Copy the state and set allowStateMove, or keep the old place; ${again(this.request.type)}`, { details: `from ${current} to ${wanted}` });
    }
  }

  private body(registered: Runner) {
    return runnerBody(this.properties, registered, this.previous);
  }

  private registered({ created_at: createdAt }: Runner, was?: string): Outcome {
    return this.outcome(formatPhysicalId({ name: this.name, createdAt, was }));
  }

  private outcome(physicalId: string): Outcome {
    return { physicalId, data: { RunnerId: this.properties.RunnerId } };
  }
}

function nameOf({ OrgId: org, RunnerId: id }: RunnerProperties): string {
  return `${org}/${id}`;
}

/** The note about a runner that may have been taken over, so that no delete removes it. */
function whyItStays({ RunnerId: id, AdoptExisting: adopt }: RunnerProperties): string | undefined {
  return adopt === 'true' ? `Runner '${id}' stays registered, because adoptExisting is set.` : undefined;
}

function locationOf({ StateStorage: { Bucket: bucket, PathPrefix: prefix } }: RunnerProperties): string {
  return location(bucket, prefix);
}

/** The prefix without a trailing slash, which has no meaning because the orchestrator joins the prefix as a path. */
function location(bucket = '', prefix = ''): string {
  return `s3://${bucket}/${prefix.replace(/\/$/, '')}`;
}
