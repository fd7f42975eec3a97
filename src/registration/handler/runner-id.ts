import { createHash } from 'crypto';
import { RUNNER_ID_SUFFIX_LENGTH } from '../../common/contract';
import type { RunnerIdProperties } from '../wire';
import type { Lifecycle, Outcome, Request } from './event';
import { API_SERVICES, LifecycleError } from './event';
import { short } from './log';

/** A generated id, with its generated part. */
const GENERATED = new RegExp(`-([a-z0-9]{${RUNNER_ID_SUFFIX_LENGTH}})$`);

/** Generates the id of a runner, and proves that API token and organization are good before anything else is created. */
export class RunnerIdLifecycle implements Lifecycle {
  public readonly operation: string;
  public readonly services = API_SERVICES;

  constructor(
    private readonly request: Request,
    private readonly stackId: string,
    private readonly properties: RunnerIdProperties,
    private readonly previous?: RunnerIdProperties,
  ) {
    this.operation = `Checking the inputs for organization '${short(properties.OrgId, 100)}'`;
  }

  public async create(): Promise<Outcome> {
    const outcome = this.outcome(this.generate());
    await (await this.request.client(this.properties)).checkAccess();
    return outcome;
  }

  /**
   * Keeps the generated part, also if stack refactoring gave the resource another stack. Calls no API: the registration, which is updated next, finds
   * a bad token, too, and a rollback has nothing to undo.
   */
  public async update(physicalId: string): Promise<Outcome> {
    // The rollback of a change to an id of the user's choice has the generated one.
    const [, suffix] = this.previous?.RunnerId === physicalId ? [] : GENERATED.exec(physicalId) ?? [];
    return this.outcome(this.generate(suffix));
  }

  /** An id is nothing that could be deleted. */
  public async delete(physicalId: string): Promise<Outcome> {
    return { physicalId };
  }

  private outcome(id: string): Outcome {
    for (const [input, value] of Object.entries(this.properties.Values ?? {})) {
      if (/[*?$]/.test(value)) {
        throw new LifecycleError(`${short(input, 60)} is "${short(value, 80)}". *, ? and $ are wildcards in IAM policies: use an exact name.`);
      }
    }
    return { physicalId: id, data: { RunnerId: id } };
  }

  /** Each repetition of a request generates the same id. Each stack has another one, even a stack that is created again with the same name. */
  private generate(suffix?: string): string {
    const { RunnerId: id, RunnerIdPrefix: prefix, Seed: seed } = this.properties;
    const digest = createHash('sha256').update(`${this.stackId}|${seed}`).digest('hex');
    return id ?? `${prefix}-${suffix ?? BigInt(`0x${digest}`).toString(36).slice(-RUNNER_ID_SUFFIX_LENGTH)}`;
  }
}
