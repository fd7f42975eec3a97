import { createHash } from 'crypto';
import { RUNNER_ID_SUFFIX_LENGTH } from '../../common/contract';
import type { RunnerIdProperties } from '../wire';
import type { ClientOf } from './client';
import type { Lifecycle, LifecycleEvent, Outcome } from './event';
import { LifecycleError } from './event';
import { explain } from './explain';
import { short } from './log';

/** Makes the id of a runner, and proves that token and organization are good before anything else is built. */
export class RunnerIdLifecycle implements Lifecycle {
  constructor(
    private readonly event: LifecycleEvent, private readonly properties: RunnerIdProperties, private readonly client: ClientOf,
  ) {}

  public async create(): Promise<Outcome> {
    const outcome = this.id();
    try {
      await (await this.client(this.properties)).checkAccess();
    } catch (error) {
      throw explain(error, `Checking the access to organization '${short(this.properties.OrgId, 100)}'`, this.properties);
    }
    return outcome;
  }

  /**
   * Asks nobody: the registration, which is updated next, finds a bad token as well; and a rollback must not get stuck here, where it
   * has nothing to undo.
   */
  public async update(): Promise<Outcome> {
    return this.id();
  }

  /** Nothing was made anywhere. */
  public async delete(physicalId: string): Promise<Outcome> {
    return { physicalId };
  }

  private id(): Outcome {
    for (const [input, value] of Object.entries(this.properties.Values ?? {})) {
      if (/[*?$]/.test(value)) {
        throw new LifecycleError(`Organization '${short(this.properties.OrgId, 100)}': ${short(input, 60)} is "${short(value, 80)}". `
          + 'Policies take *, ? and $ for wildcards: give the name of the one thing that is meant.');
      }
    }
    const id = this.properties.RunnerId ?? this.generate(this.properties.RunnerIdPrefix ?? '');
    return { physicalId: id, data: { RunnerId: id } };
  }

  /**
   * The same for the life of the resource, however often and in whatever order it is asked for; another one in every other
   * stack, even in one of the same name that is made again.
   */
  private generate(prefix: string): string {
    const digest = createHash('sha256').update(`${this.event.StackId}|${this.event.LogicalResourceId}`).digest('hex');
    const suffix = BigInt(`0x${digest}`).toString(36).slice(-RUNNER_ID_SUFFIX_LENGTH);
    return `${prefix}-${suffix}`;
  }
}
