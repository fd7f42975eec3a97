/**
 * CloudFormation, as far as a custom resource sees it: which events it sends, with which ids and properties, and what it does with the
 * answers. Where it is not known what it does, a history decides, so that the handler is right either way.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes.html for the requests
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html for replacements
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html for what is retained
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html for events that come more than once
 * @see https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1814 for the delete of a create that still runs
 * @see https://github.com/aws/aws-cdk/issues/30012 and https://github.com/aws/aws-cdk/issues/17040 for the id of a failed update
 */
import { isDeepStrictEqual } from 'node:util';
import { invented, type Answer, type Deliveries, type Event, type Post } from './delivery';
import { broken, checkEvent, look } from './laws';
import { resourcesOf, type Declared, type Properties, type ResourceType, type Template } from './templates';
import type { World } from './world';

export interface Resource {
  readonly logical: string;
  readonly type: ResourceType;
  readonly physicalId: string;
  readonly properties: Properties;
  /** Whether the Lambda ran once for the create, so that its answer is the whole truth. */
  readonly certain?: boolean;
}

/** What a history decides about an operation. */
export interface Circumstances extends Deliveries {
  /** Another resource of the stack fails when ours are done. */
  readonly failsElsewhere: boolean;
  /** Another resource fails while this one of ours, counted from 0, is being created. */
  readonly cancelsCreate?: number;
  /** The id that the rollback of a replacement has. */
  readonly rollbackWith: 'old' | 'new';
  /** Whether the id that a failed update gave counts. */
  readonly takesFailedId: boolean;
}

/** How a stack is deleted. */
export interface Deletion extends Deliveries {
  /** Registration and rules have a deletion policy that retains them. */
  readonly retains: boolean;
}

/** What the stack tells its user about things that it leaves to themselves. */
export type Tell = (what: { readonly properties: Properties; readonly physicalId: string; readonly type: ResourceType; readonly reason: string }) => void;

interface Change {
  readonly kind: 'created' | 'updated';
  readonly before?: Resource;
  readonly after: Resource;
}

export const ONCE: Deliveries = { copies: 1, inTurn: false };
const PAUSE_BEFORE_CANCEL_MS = 3;

/** What the Lambda says beside a success, where it could not look whether something is left. */
const UNSURE = /could not be asked whether that is so/;

/** The order in which CloudFormation deletes: what refers to something goes before it. */
function dependentsFirst(resources: Resource[]): Resource[] {
  const order: ResourceType[] = ['RunnerRule', 'Runner', 'RunnerId'];
  return [...resources].sort((one, other) => order.indexOf(one.type) - order.indexOf(other.type));
}

export class Stack {
  private static made = 0;
  id = '';
  resources = new Map<string, Resource>();
  /** Creates that CloudFormation does not wait for any more. */
  private readonly running: Promise<unknown>[] = [];

  constructor(readonly name: string, private readonly world: World, private readonly post: Post, private readonly tell: Tell) {}

  get exists(): boolean {
    return this.resources.size > 0;
  }

  /** Creates or updates. True when the stack is what the template says; otherwise it was rolled back. */
  async deploy(template: Template, circumstances: Circumstances): Promise<boolean> {
    const creating = !this.exists;
    if (creating) this.id = `arn:aws:cloudformation:us-east-1:123456789012:stack/${this.name}/${this.name}-${Stack.made++}`;
    const declared = resourcesOf(template, this.world, this.id);
    const changes: Change[] = [];
    let good = true;
    for (const [index, resource] of declared.entries()) {
      good = await this.apply(resource, index, circumstances, changes);
      if (!good) break;
    }
    if (good && !circumstances.failsElsewhere) {
      await this.cleanUp(declared, changes, circumstances);
    } else {
      await this.rollBack(changes, circumstances);
      good = false;
    }
    await Promise.all(this.running.splice(0));
    return good;
  }

  /** True when everything is gone. */
  async delete({ retains, ...deliveries }: Deletion): Promise<boolean> {
    for (const resource of dependentsFirst([...this.resources.values()])) {
      if (retains) this.tell({ ...resource, reason: 'as the deletion policy says' });
      // What others refer to stays as long as they do.
      else if ((await this.remove(resource, deliveries)).status === 'FAILED') return false;
      this.resources.delete(resource.logical);
    }
    return true;
  }

  private async apply({ logical, type, properties }: Declared, index: number, circumstances: Circumstances, changes: Change[]): Promise<boolean> {
    const wanted = properties((other) => this.resources.get(other)!.physicalId);
    const before = this.resources.get(logical);
    if (before && isDeepStrictEqual(before.properties, wanted)) return true;
    const common = { type, stackId: this.id, logical, properties: wanted };
    if (!before && circumstances.cancelsCreate === index) {
      const create = this.post.send({ request: 'Create', ...common }, circumstances);
      this.running.push(create);
      // A law that breaks meanwhile is not lost.
      create.catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_BEFORE_CANCEL_MS * (index + 1)));
      const after = { logical, type, properties: wanted, physicalId: invented(common) };
      changes.push({ kind: 'created', after });
      this.resources.set(logical, after);
      return false;
    }
    const answer = await this.send(
      before ? { request: 'Update', ...common, physicalId: before.physicalId, old: before.properties } : { request: 'Create', ...common }, circumstances);
    const taken = answer.status === 'SUCCESS' || !before || circumstances.takesFailedId;
    const after = { logical, type, properties: wanted, physicalId: taken ? answer.physicalId : before.physicalId, certain: !before && answer.runs === 1 };
    changes.push({ kind: before ? 'updated' : 'created', before, after });
    this.resources.set(logical, after);
    return answer.status === 'SUCCESS';
  }

  /** After a good update: what was replaced, and what the template does not have any more. */
  private async cleanUp(declared: Declared[], changes: Change[], deliveries: Deliveries): Promise<void> {
    const removed = [...this.resources.values()].filter(({ logical }) => !declared.some((resource) => resource.logical === logical));
    const replaced = changes.flatMap(({ before, after }) => before && before.physicalId !== after.physicalId ? [before] : []);
    for (const { logical } of removed) this.resources.delete(logical);
    for (const resource of dependentsFirst([...replaced, ...removed])) await this.abandon(resource, deliveries);
  }

  private async rollBack(changes: Change[], circumstances: Circumstances): Promise<void> {
    const leftovers: Resource[] = [];
    for (const { before, after } of changes.filter(({ kind }) => kind === 'updated')) {
      leftovers.push(...await this.revert(before!, after, circumstances));
    }
    const created = changes.filter(({ kind }) => kind === 'created').map(({ after }) => after);
    const updating = changes.some(({ kind }) => kind === 'updated') || created.length < this.resources.size;
    for (const resource of dependentsFirst([...leftovers, ...created])) {
      if (!updating) {
        // A stack that was not made is deleted; what refuses to go is tried again, when the weather is better.
        if ((await this.remove(resource, circumstances)).status === 'FAILED') {
          this.world.clearSkies();
          const again = await this.remove(resource, ONCE);
          if (again.status === 'FAILED') {
            this.expectExplained(again);
            this.tell({ ...resource, reason: again.reason });
          }
        }
      } else {
        await this.abandon(resource, circumstances);
      }
      if (created.includes(resource)) this.resources.delete(resource.logical);
    }
  }

  /** Brings a resource back to what it was. Returns what has to be deleted then. */
  private async revert(before: Resource, after: Resource, circumstances: Circumstances): Promise<Resource[]> {
    const physicalId = circumstances.rollbackWith === 'new' ? after.physicalId : before.physicalId;
    const event: Event = {
      request: 'Update', type: before.type, stackId: this.id, logical: before.logical, physicalId, properties: before.properties, old: after.properties,
    };
    let answer = await this.send(event, circumstances);
    if (answer.status === 'FAILED') {
      // UPDATE_ROLLBACK_FAILED: somebody looks after the cause, and continues the rollback.
      this.world.clearSkies();
      answer = await this.send(event, ONCE);
    }
    if (answer.status === 'FAILED') {
      this.expectExplained(answer);
      this.tell({ ...before, reason: answer.reason });
      this.tell({ ...after, reason: answer.reason });
      this.resources.set(before.logical, before);
      return [];
    }
    // Where a change went to another organization, a token that is refused there must not stop the rollback: the user is told instead.
    if (UNSURE.test(answer.reason) && before.properties.OrgId !== after.properties.OrgId) this.tell({ ...after, reason: answer.reason });
    const restored = { ...before, physicalId: answer.physicalId };
    this.resources.set(before.logical, restored);
    const gone = new Set([physicalId, after.physicalId]);
    gone.delete(restored.physicalId);
    return [...gone].map((id) => ({ ...after, physicalId: id }));
  }

  /** A delete that CloudFormation tries once; when it fails, the user is told, and the resource is left. */
  private async abandon(resource: Resource, deliveries: Deliveries): Promise<void> {
    const answer = await this.remove(resource, deliveries);
    if (answer.status === 'FAILED') this.tell({ ...resource, reason: answer.reason });
  }

  private async remove({ logical, type, physicalId, properties, certain }: Resource, deliveries: Deliveries): Promise<Answer> {
    const answer = await this.send({ request: 'Delete', type, stackId: this.id, logical, physicalId, properties }, deliveries);
    // The Lambda says so, where it leaves something on purpose. That nothing was made has to be true when the create ran once.
    const denied = certain && UNSURE.test(answer.reason);
    if (answer.status === 'SUCCESS' && answer.reason && !denied) this.tell({ type, physicalId, properties, reason: answer.reason });
    return answer;
  }

  private async send(event: Event, deliveries: Deliveries): Promise<Answer> {
    const before = look(this.world);
    const answer = await this.post.send(event, deliveries);
    if (this.running.length === 0) checkEvent(event, answer, before, look(this.world));
    return answer;
  }

  /** With a good API, only these may keep a stack from going on. */
  private expectExplained({ reason }: Answer): void {
    if (!/another role than this stack's|it is still in use|has the same project and environment type|its state would move|is of another type|HTTP 400|HTTP 409/.test(reason)) {
      broken('nothing gets stuck', reason);
    }
  }
}
