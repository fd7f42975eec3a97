import { createHash } from 'crypto';
import { RUNNER_ID_SUFFIX_LENGTH } from '../../common/contract';
import type { RunnerIdProperties } from '../wire';
import type { Lifecycle, Outcome, Request } from './event';
import { API_SERVICES, LifecycleError } from './event';
import { short } from './log';

/** Matches a generated id, and captures its generated part. */
const GENERATED = new RegExp(`-([a-z0-9]{${RUNNER_ID_SUFFIX_LENGTH}})$`);

/** Generates the id of a runner. Checks API token and organization before anything else is created. */
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
   * Keeps the generated part, also if stack refactoring moved the resource to another stack. Calls no API, because the update of the registration checks the API
   * token next, and a rollback has nothing to undo.
   */
  public async update(physicalId: string): Promise<Outcome> {
    // A physical ID that equals the given id of the previous properties is not generated. In the rollback of a change to a given id, it is the generated one.
    const [, suffix] = this.previous?.RunnerId === physicalId ? [] : GENERATED.exec(physicalId) ?? [];
    return this.outcome(this.generate(suffix));
  }

  /** Succeeds: an id is not an object that can be deleted. */
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

  /** The generated part of the id. Repeated deliveries of a request generate the same id. A stack that is created again with the same name gets another one. */
  private generate(suffix?: string): string {
    const { RunnerId: id, RunnerIdPrefix: prefix, Seed: seed } = this.properties;
    const digest = createHash('sha256').update(`${this.stackId}|${seed}`).digest('hex');
    return id ?? `${prefix}-${suffix ?? BigInt(`0x${digest}`).toString(36).slice(-RUNNER_ID_SUFFIX_LENGTH)}`;
  }
}
