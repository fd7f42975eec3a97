import type { RunnerRuleProperties } from '../wire';
import type { ClientOf, OrchestratorClient, Rule, RuleContent } from './client';
import { ApiError } from './client';
import type { Lifecycle, Outcome } from './event';
import { LifecycleError } from './event';
import { explain, notMadeSure } from './explain';
import { undo } from './leftovers';
import { AFTERMATH, CREATE_AT_MOST, SECOND_LOOK } from './limits';
import { UNKNOWN } from './runner';
import { pause, untilOver } from './time';

/** What a create that left nothing behind gives as its id. */
const NOTHING_MADE = 'no-rule';
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Makes and removes a runner rule. The API has no change of one: a change is a new rule and the end of the old one. */
export class RunnerRuleLifecycle implements Lifecycle {
  private readonly wanted: RuleContent;
  private readonly old?: RuleContent;

  constructor(
    private readonly properties: RunnerRuleProperties,
    private readonly oldProperties: RunnerRuleProperties | undefined,
    private readonly client: ClientOf,
    /** When no call may begin any more. */
    private readonly deadline: number,
  ) {
    this.wanted = ruleOf(properties);
    this.old = oldProperties && ruleOf(oldProperties);
  }

  public async create(): Promise<Outcome> {
    try {
      const client = await this.client(this.properties);
      const there = (await client.listRules()).find(rule => sameFilter(rule, this.wanted));
      // Lambda delivers an event more than once, and one that was just made is what another delivery of this one made.
      if (there && same(there, this.wanted) && isNew(there)) {
        return this.done(there);
      }
      return this.done(await this.make(client, there));
    } catch (error) {
      const uncertain = error instanceof ApiError && error.uncertain;
      throw explain(error, `Creating the rule for runner '${this.wanted.runner_id}'`, this.properties, uncertain ? UNKNOWN : NOTHING_MADE);
    }
  }

  public async update(physicalId: string): Promise<Outcome> {
    try {
      const client = await this.client(this.properties);
      const rules = await client.listRules();
      const there = rules.find(rule => sameFilter(rule, this.wanted));
      const rule = await this.bring(client, there, physicalId);
      return { ...this.done(rule), note: await this.removeLeftover([physicalId, rule.id]) };
    } catch (error) {
      throw explain(error, `Changing the rule for runner '${this.wanted.runner_id}'`, this.properties);
    }
  }

  public async delete(physicalId: string): Promise<Outcome> {
    try {
      const client = await this.client(this.properties);
      if (UUID.test(physicalId)) {
        await client.deleteRule(physicalId);
      } else {
        await this.removeUntilNothingComes(client, physicalId);
      }
      return { physicalId };
    } catch (error) {
      if (physicalId === NOTHING_MADE) {
        // As with a runner: only another delivery of the same create can have made something.
        return { physicalId, note: notMadeSure(this.properties) };
      }
      throw explain(error, `Deleting the rule of runner '${this.wanted.runner_id}'`, this.properties);
    }
  }

  /** What a failed change made is known to nobody else when it is rolled back; what it wanted are the old properties then. */
  private async removeLeftover(known: string[]): Promise<string | undefined> {
    const { oldProperties, old } = this;
    if (!oldProperties || !old || same(old, this.wanted) && oldProperties.OrgId === this.properties.OrgId) {
      return undefined;
    }
    return undo(this.client, oldProperties, this.properties, async client => {
      const left = (await client.listRules()).find(rule => same(rule, old) && !known.includes(rule.id));
      if (left) {
        await client.deleteRule(left.id);
      }
      return undefined;
    });
  }

  /** Comes from the rule that has the filter now to the one that is wanted. */
  private async bring(client: OrchestratorClient, there: Rule | undefined, physicalId: string): Promise<Rule> {
    if (there && same(there, this.wanted)) {
      return there;
    }
    if (there && (there.id === physicalId || (this.old && same(there, this.old)))) {
      return this.replace(client, there);
    }
    return this.make(client, there);
  }

  /** The orchestrator has one rule for a filter, whatever its runner: to point it at another one, the old rule goes first. */
  private async replace(client: OrchestratorClient, current: Rule): Promise<Rule> {
    await client.deleteRule(current.id);
    try {
      return await this.make(client, undefined);
    } catch (error) {
      // Without the old rule its deployments would go to whatever runner comes next.
      await client.createRule(contentOf(current)).catch(() => undefined);
      throw error;
    }
  }

  private async make(client: OrchestratorClient, there: Rule | undefined): Promise<Rule> {
    if (there) {
      throw new LifecycleError(`Creating the rule for runner '${this.wanted.runner_id}' was refused: rule ${there.id} has the same project and `
        + 'environment type already. Delete that rule, or choose another filter.', { details: `it points at runner '${there.runner_id}'` });
    }
    try {
      return await client.createRule(this.wanted);
    } catch (error) {
      // There was none before, so what is there after a lost answer is what was asked for. What could not be looked at stays in doubt.
      const made = error instanceof ApiError && (error.status === 409 || error.uncertain) ? await this.findSurely(client).catch(() => undefined) : undefined;
      if (!made) {
        throw error;
      }
      return made;
    }
  }

  /** Looks twice before it says that there is none: what is missing may only not have arrived in the copy that is read. */
  private async findSurely(client: OrchestratorClient): Promise<Rule | undefined> {
    const look = async () => (await client.listRules()).find(rule => same(rule, this.wanted));
    const found = await look();
    if (found) {
      return found;
    }
    await pause(SECOND_LOOK, this.deadline);
    return look();
  }

  /**
   * Removes the rule of a create that CloudFormation has no answer of, and that may be running still; see the runner's. The rule is known
   * by its content, so an older one of the same content stays: it is somebody else's.
   */
  private async removeUntilNothingComes(client: OrchestratorClient, physicalId: string): Promise<void> {
    const over = physicalId === NOTHING_MADE ? 0 : physicalId === UNKNOWN ? Math.min(this.deadline, Date.now() + AFTERMATH) : this.deadline;
    await untilOver(over, async () => {
      const made = (await client.listRules()).find(rule => same(rule, this.wanted) && isNew(rule));
      if (made) {
        await client.deleteRule(made.id);
      }
    });
  }

  private done(rule: Rule): Outcome {
    return { physicalId: rule.id };
  }
}

function ruleOf(properties: RunnerRuleProperties): RuleContent {
  return {
    runner_id: properties.RunnerId,
    ...(properties.ProjectId !== undefined ? { project_id: properties.ProjectId } : {}),
    ...(properties.EnvTypeId !== undefined ? { env_type_id: properties.EnvTypeId } : {}),
  };
}

/** A rule's content; the API says "" where there is no filter. */
function contentOf(rule: RuleContent): RuleContent {
  return {
    runner_id: rule.runner_id,
    ...(rule.project_id ? { project_id: rule.project_id } : {}),
    ...(rule.env_type_id ? { env_type_id: rule.env_type_id } : {}),
  };
}

/** Whether a create that CloudFormation still waits for, or has just given up, can have made the rule. */
function isNew({ created_at: created = '' }: Rule): boolean {
  return Date.now() - Date.parse(created) < CREATE_AT_MOST;
}

function sameFilter(one: RuleContent, other: RuleContent): boolean {
  return (one.project_id || '') === (other.project_id || '') && (one.env_type_id || '') === (other.env_type_id || '');
}

function same(one: RuleContent, other: RuleContent): boolean {
  return one.runner_id === other.runner_id && sameFilter(one, other);
}
