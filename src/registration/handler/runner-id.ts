import { createHash } from 'crypto';
import { RUNNER_ID_SUFFIX_LENGTH } from '../../contract';
import type { RunnerIdProperties } from '../wire';
import type { OrchestratorClient } from './client';
import type { Lifecycle, LifecycleEvent, Outcome } from './event';
import { explain } from './explain';

/** Makes the id of a runner, and proves that token and organization are good before anything else is built. */
export class RunnerIdLifecycle implements Lifecycle {
  constructor(
    private readonly event: LifecycleEvent, private readonly properties: RunnerIdProperties, private readonly client: () => Promise<OrchestratorClient>,
  ) {}

  public async create(): Promise<Outcome> {
    const id = this.properties.RunnerId ?? this.generate(this.properties.RunnerIdPrefix ?? '');
    try {
      await (await this.client()).checkAccess();
    } catch (error) {
      throw explain(error, `Checking the access to organization '${this.properties.OrgId}'`, this.properties);
    }
    return { physicalId: id, data: { RunnerId: id } };
  }

  public update(): Promise<Outcome> {
    return this.create();
  }

  /** Nothing was made anywhere. */
  public async delete(physicalId: string): Promise<Outcome> {
    return { physicalId };
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
