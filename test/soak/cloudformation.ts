/**
 * CloudFormation from the view of a custom resource: which events it sends, with which IDs and properties, and how it handles the answers. If
 * CloudFormation's behaviour is not documented, the history chooses it, so the handler must support each possibility.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes.html for the requests
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html for replacements
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html for stacks that are not rolled back
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html for retained resources
 * @see https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1814 for the delete of a create that is still running
 * @see https://github.com/aws/aws-cdk/issues/30012 and https://github.com/aws/aws-cdk/issues/17040 for the ID of a failed update
 */
import { isDeepStrictEqual } from 'node:util';
import { DELIVERED_ONCE, inventedId, type Answer, type Deliveries, type Delivery, type Event } from './delivery';
import { violated, type Audit } from './invariants';
import type { Declaration } from './objects';
import type { Simulation } from './simulation';
import { isOther, resourcesOf, secretsOf, TYPES, type Declared, type Properties, type RuleIdentity, type Template } from './templates';
import { CREATE_TO_DELETE_SECONDS } from '../../src/registration/delivery-times';

export interface Resource extends Declaration {
  readonly physicalId: string;
  /** The time when its create was sent. */
  readonly createdAt: number;
  /** CREATE_FAILED: a later deployment creates the resource again and deletes this one. */
  readonly isFailedCreate?: boolean;
  /** UPDATE_FAILED: the properties before the update. */
  readonly formerProperties?: Properties;
  /** UPDATE_FAILED: the update should have led to another object, which the physical ID does not name. */
  readonly hasUnknownObject?: boolean;
}

/** The choices of a history for an operation. */
export interface Circumstances extends Deliveries {
  /** Whether another resource of the stack fails after all resources of this library. */
  readonly failsElsewhere: boolean;
  /** Another resource fails during this event (counted from 0), so CloudFormation does not wait for the answer. */
  readonly cancels?: { readonly event: number; readonly afterSeconds: number };
  /** Whether the deployment uses `cdk deploy --no-rollback`. */
  readonly noRollback: boolean;
  /** Whether resources of one type are deployed in parallel. */
  readonly isParallel: boolean;
  /** The physical ID that the rollback of a replacement uses. */
  readonly rollsBackWith: 'old' | 'new';
  /** Whether CloudFormation uses the physical ID of a failed update. */
  readonly usesFailedId: boolean;
  /** Whether the next attempt sends the properties of a failed update as the old properties. */
  readonly usesFailedProperties: boolean;
}

export interface Deletion extends Deliveries {
  /** Whether a deletion policy retains the resources. */
  readonly retains: boolean;
}

/** CloudFormation tries each delete in the cleanup three times. */
const CLEANUP_TRIES = 3;
/** The time after which a person corrects the cause of a failed rollback. */
const REPAIR_SECONDS = 900;

const byType = (resources: Iterable<Resource>): Resource[] => [...resources].sort((one, other) => TYPES.indexOf(one.type) - TYPES.indexOf(other.type));

export class Stack {
  private static created = 0;
  id = '';
  resources = new Map<string, Resource>();
  /** A failed deployment can be retried, rolled back or deleted. A failed delete can only be retried. */
  state: 'complete' | 'failed' | 'delete failed' = 'complete';
  /** The start of the first deployment without a rollback since the last complete one. */
  private failedAt?: number;
  /** The resources after the last complete deployment. */
  private stable = new Map<string, Resource>();
  private stableSecrets: string[] = [];
  /** Resources that the cleanup of a successful update deletes. */
  private replaced: Resource[] = [];
  /** Resources that the next cleanup deletes after any outcome. */
  private failedCreates: Resource[] = [];
  /** Events whose answers CloudFormation no longer waits for. */
  private readonly running: Promise<unknown>[] = [];
  private underWay = 0;

  constructor(
    readonly name: string, private readonly identity: RuleIdentity,
    private readonly simulation: Simulation, private readonly delivery: Delivery, private readonly audit: Audit,
  ) {}

  get obsolete(): readonly Resource[] {
    return [...this.replaced, ...this.failedCreates];
  }

  get exists(): boolean {
    return this.resources.size > 0 || this.failedCreates.length > 0;
  }

  /** Creates or updates the stack. Returns whether the stack matches the template. */
  async deploy(template: Template, circumstances: Circumstances): Promise<boolean> {
    if (!this.exists) this.id = `arn:aws:cloudformation:us-east-1:123456789012:stack/${this.name}/${this.name}-${Stack.created++}`;
    const declared = resourcesOf(template, this.id.split('/')[2]!, this.identity);
    this.allow([...this.simulation.permissions.get(this.name) ?? [], ...secretsOf(template)]);
    const startedAt = this.simulation.clock.now();
    const succeeded = await this.applyAll(declared, circumstances) && !circumstances.failsElsewhere;
    if (succeeded) {
      await this.cleanUp(declared, circumstances);
      this.settle(secretsOf(template));
    } else if (circumstances.noRollback) {
      this.state = 'failed';
      this.failedAt ??= startedAt;
    } else {
      await this.rollBack(circumstances);
    }
    await Promise.all(this.running.splice(0));
    return succeeded;
  }

  /** Rolls back to the last complete deployment. */
  async rollBack(circumstances: Circumstances): Promise<void> {
    const obsolete: Resource[] = [];
    await this.each(byType(this.stable.values()), circumstances, async (before) => {
      const after = this.resources.get(before.logicalId)!;
      if (after !== before) obsolete.push(...await this.revert(before, after, circumstances));
    });
    const created = [...this.resources.values()].filter(({ logicalId }) => !this.stable.has(logicalId));
    for (const { logicalId } of created) this.resources.delete(logicalId);
    // If CloudFormation rolls a create back without the answer of its update, it does not know which object the update created.
    for (const resource of created) if (resource.hasUnknownObject) this.audit.giveUp(resource);
    const replaced = this.replaced.filter(({ logicalId, physicalId }) => this.stable.get(logicalId)?.physicalId !== physicalId);
    await this.removeAll([...obsolete, ...replaced, ...created, ...this.failedCreates], circumstances);
    this.settle(this.stableSecrets);
  }

  /** Deletes the stack. Returns whether all resources are deleted. */
  async delete({ retains, ...deliveries }: Deletion): Promise<boolean> {
    const all = [...this.resources.values(), ...this.replaced, ...this.failedCreates];
    this.state = 'delete failed';
    for (const resource of byType(all).reverse()) {
      if (retains) this.audit.giveUp(resource);
      // What others refer to stays as long as they do.
      else if ((await this.remove(resource, deliveries)).status === 'FAILED') return false;
      if (this.resources.get(resource.logicalId) === resource) this.resources.delete(resource.logicalId);
      this.replaced = this.replaced.filter((each) => each !== resource);
      this.failedCreates = this.failedCreates.filter((each) => each !== resource);
    }
    this.settle([]);
    return true;
  }

  /** Stack refactoring: moves the resources to other logical IDs or to another stack, without an event. */
  moveTo(target: Stack, rename: (logicalId: string) => string): void {
    const moved = [...this.resources.values()].map((resource) => ({ ...resource, logicalId: rename(resource.logicalId) }));
    const secrets = this.stableSecrets;
    this.resources.clear();
    this.settle([]);
    if (target !== this) {
      target.id = `arn:aws:cloudformation:us-east-1:123456789012:stack/${target.name}/${target.name}-${Stack.created++}`;
      this.audit.transfer(this.name, target.name);
    }
    target.resources = new Map(moved.map((resource) => [resource.logicalId, resource]));
    target.settle(secrets);
  }

  private settle(secrets: string[]): void {
    this.state = 'complete';
    this.stable = new Map(this.resources);
    this.stableSecrets = secrets;
    this.replaced = [];
    this.failedCreates = [];
    this.failedAt = undefined;
    this.allow(secrets);
  }

  private allow(secrets: string[]): void {
    this.simulation.permissions.set(this.name, new Set(secrets));
  }

  private async applyAll(declared: Declared[], circumstances: Circumstances): Promise<boolean> {
    let succeeded = true;
    let sent = 0;
    let stop: () => void = () => undefined;
    const stopped = new Promise<undefined>((resolve) => { stop = () => resolve(undefined); });
    for (const type of TYPES) {
      await this.each(declared.filter((each) => each.type === type), circumstances, async (resource) => {
        if (!succeeded) return;
        const event = this.eventFor(resource);
        if (!event) return;
        const sentAt = this.simulation.clock.now();
        const answering = this.send(event, circumstances);
        if (circumstances.cancels?.event === sent++ && !circumstances.noRollback) void this.simulation.clock.sleep(circumstances.cancels.afterSeconds).then(stop);
        const answer = await Promise.race([answering, stopped]);
        if (!answer) {
          this.running.push(answering);
          this.audit.cancel(event);
        }
        // A violation during this time is reported at the end of the operation.
        answering.catch(() => undefined);
        this.keep(event, answer, sentAt, circumstances);
        if (answer?.status !== 'SUCCESS') {
          succeeded = false;
          // With `--no-rollback`, running events continue.
          if (!circumstances.noRollback) stop();
        }
      });
      if (!succeeded) return false;
    }
    return true;
  }

  private eventFor({ logicalId, type, api, properties }: Declared): Event | undefined {
    const wanted = properties((other) => {
      const { type: referred, physicalId, properties: { RunnerId } } = this.resources.get(other)!;
      return referred === 'RunnerId' ? physicalId : RunnerId;
    });
    const common = { type, api, stackName: this.name, stackId: this.id, logicalId, properties: wanted };
    const existing = this.resources.get(logicalId);
    if (!existing) return { request: 'Create', ...common };
    if (existing.isFailedCreate) {
      this.failedCreates.push(existing);
      return { request: 'Create', ...common };
    }
    if (!existing.formerProperties && isDeepStrictEqual(existing.properties, wanted)) return undefined;
    return { request: 'Update', ...common, physicalId: existing.physicalId, old: existing.formerProperties ?? existing.properties };
  }

  /** Records the state of a resource after its event. Without an answer, the event was cancelled. */
  private keep(event: Event, answer: Answer | undefined, sentAt: number, { noRollback, usesFailedId, usesFailedProperties }: Circumstances): void {
    const { type, api, logicalId, properties, request } = event;
    const before = this.resources.get(logicalId);
    const common = { type, api, logicalId, properties };
    const succeeded = answer?.status === 'SUCCESS';
    if (request === 'Create') {
      const physicalId = answer?.physicalId ?? inventedId(event);
      this.resources.set(logicalId, { ...common, createdAt: sentAt, physicalId, ...!succeeded && { isFailedCreate: true } });
      return;
    }
    const physicalId = answer && (succeeded || usesFailedId || noRollback) ? answer.physicalId : before!.physicalId;
    if (before!.physicalId !== physicalId) this.replaced.push(before!);
    const formerProperties = usesFailedProperties ? properties : event.old!;
    const hasUnknownObject = physicalId === before!.physicalId && isOther(event.old!, properties);
    this.resources.set(logicalId, { ...common, createdAt: before!.createdAt, physicalId, ...!succeeded && { formerProperties, hasUnknownObject } });
  }

  /** After a successful deployment: deletes replaced and removed resources. */
  private async cleanUp(declared: Declared[], deliveries: Circumstances): Promise<void> {
    const removed = [...this.resources.values()].filter(({ logicalId }) => !declared.some((resource) => resource.logicalId === logicalId));
    for (const { logicalId } of removed) this.resources.delete(logicalId);
    // It is unknown whether CloudFormation deletes a former physical ID that a retry without a rollback returned again. ARCHITECTURE.md promises
    // nothing for this case.
    const replaced = this.replaced.filter(({ logicalId, physicalId }) => this.resources.get(logicalId)?.physicalId !== physicalId);
    await this.removeAll([...replaced, ...this.failedCreates, ...removed], deliveries);
  }

  private async removeAll(resources: Resource[], deliveries: Deliveries): Promise<void> {
    for (const resource of byType(resources).reverse()) {
      for (let tries = 1; (await this.remove(resource, deliveries)).status === 'FAILED'; tries++) {
        if (tries < CLEANUP_TRIES) continue;
        this.audit.abandon(resource);
        break;
      }
    }
  }

  /** Rolls a resource back. Returns the resources to delete. */
  private async revert(before: Resource, after: Resource, { rollsBackWith, ...deliveries }: Circumstances): Promise<Resource[]> {
    const physicalId = rollsBackWith === 'new' ? after.physicalId : before.physicalId;
    const event: Event = {
      ...before, request: 'Update', stackName: this.name, stackId: this.id, physicalId, properties: before.properties, old: after.properties,
    };
    let answer = await this.send(event, deliveries);
    if (answer.status === 'FAILED') {
      // UPDATE_ROLLBACK_FAILED: a person corrects the cause and continues the rollback.
      this.simulation.stopFaults();
      await this.simulation.clock.sleep(REPAIR_SECONDS);
      answer = await this.send(event, DELIVERED_ONCE);
    }
    if (answer.status === 'FAILED') {
      // ARCHITECTURE.md: CloudFormation has the former physical ID, and objects of a deployment without a rollback are too old to be found by their
      // creation time.
      const isForgotten = physicalId === before.physicalId && physicalId !== after.physicalId
        && this.simulation.clock.now() > (this.failedAt ?? Infinity) + CREATE_TO_DELETE_SECONDS * 1000;
      if (!isForgotten && !this.audit.isTrueRefusal(event, answer, this.audit.snapshot())) violated('a stack never gets stuck', answer.reason);
      this.audit.excuse(before);
      this.audit.excuse(after);
      this.resources.set(before.logicalId, before);
      return [];
    }
    this.resources.set(before.logicalId, { ...before, physicalId: answer.physicalId });
    return [...new Set([after.physicalId, physicalId])].filter((id) => id !== answer.physicalId).map((id) => ({ ...after, physicalId: id }));
  }

  private remove(resource: Resource, deliveries: Deliveries): Promise<Answer> {
    const { type, api, logicalId, physicalId, formerProperties, properties: latest } = resource;
    const properties = formerProperties ?? latest;
    // The handler does not look for older objects.
    const isLate = this.simulation.clock.now() > resource.createdAt + CREATE_TO_DELETE_SECONDS * 1000;
    if (isLate && physicalId === inventedId({ stackName: this.name, logicalId })) this.audit.giveUp(resource);
    return this.send({ request: 'Delete', type, api, stackName: this.name, stackId: this.id, logicalId, physicalId, properties }, deliveries);
  }

  private async send(event: Event, deliveries: Deliveries): Promise<Answer> {
    const before = this.audit.snapshot();
    const sentAt = this.simulation.clock.now();
    const isFirst = this.underWay++ === 0;
    const counted = this.delivery.events;
    const answer = await this.delivery.send(event, deliveries);
    const isAlone = isFirst && --this.underWay === 0 && this.delivery.events === counted + 1;
    if (!isFirst) this.underWay -= 1;
    this.audit.record(event, answer, sentAt, before, isAlone);
    return answer;
  }

  /** Acts on all items, in parallel or one after the other. */
  private async each<T>(items: T[], { isParallel }: Circumstances, act: (item: T) => Promise<void>): Promise<void> {
    if (isParallel) await Promise.all(items.map(act));
    else for (const item of items) await act(item);
  }
}
