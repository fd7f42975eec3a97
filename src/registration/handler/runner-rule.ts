import type { RunnerRuleProperties } from '../wire';
import type { OrchestratorClient, Rule } from './client';
import { ApiError } from './client';
import type { Lifecycle, Outcome } from './event';
import { LifecycleError } from './event';
import { explain } from './explain';

/** What a create that left nothing behind gives as its id. */
const NOTHING_MADE = 'no-rule';
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Makes and removes a runner rule. The API has no change of one: a change is a new rule and the end of the old one. */
export class RunnerRuleLifecycle implements Lifecycle {
  private readonly wanted: Omit<Rule, 'id'>;

  constructor(
    private readonly properties: RunnerRuleProperties,
    private readonly client: () => Promise<OrchestratorClient>,
  ) {
    this.wanted = ruleOf(properties);
  }

  public async create(): Promise<Outcome> {
    try {
      return this.done(await this.make(await this.client()));
    } catch (error) {
      throw explain(error, `Creating the rule for runner '${this.wanted.runner_id}'`, this.properties, NOTHING_MADE);
    }
  }

  public async update(physicalId: string): Promise<Outcome> {
    try {
      const client = await this.client();
      const current = UUID.test(physicalId) ? await client.getRule(physicalId) : undefined;
      if (!current) {
        return this.done(await this.make(client));
      }
      if (same(current, this.wanted)) {
        return { physicalId };
      }
      if (!sameFilter(current, this.wanted)) {
        // CloudFormation deletes the old rule once everything else is done.
        return this.done(await this.make(client));
      }
      return this.done(await this.replace(client, current));
    } catch (error) {
      throw explain(error, `Changing the rule for runner '${this.wanted.runner_id}'`, this.properties);
    }
  }

  public async delete(physicalId: string): Promise<Outcome> {
    if (UUID.test(physicalId)) {
      try {
        await (await this.client()).deleteRule(physicalId);
      } catch (error) {
        throw explain(error, `Deleting rule ${physicalId} of runner '${this.wanted.runner_id}'`, this.properties);
      }
    }
    return { physicalId };
  }

  /** The orchestrator has one rule for a filter, whatever its runner: to point it at another one, the old rule goes first. */
  private async replace(client: OrchestratorClient, current: Rule): Promise<Rule> {
    await client.deleteRule(current.id);
    try {
      return await this.make(client);
    } catch (error) {
      // Without the old rule its deployments would go to whatever runner comes next.
      await client.createRule(contentOf(current)).catch(() => undefined);
      throw error;
    }
  }

  private async make(client: OrchestratorClient): Promise<Rule> {
    const before = (await client.listRules()).find(rule => sameFilter(rule, this.wanted));
    if (before) {
      throw new LifecycleError(`Creating the rule for runner '${this.wanted.runner_id}' was refused: rule ${before.id} has the same project and `
        + `environment type already, and points at runner '${before.runner_id}'. Delete that rule, or choose another filter.`);
    }
    try {
      return await client.createRule(this.wanted);
    } catch (error) {
      // There was none before, so what is there after a lost answer is what was asked for.
      const lost = error instanceof ApiError && (error.status === 409 || error.status === 0 || error.status >= 500);
      const made = lost ? (await client.listRules()).find(rule => same(rule, this.wanted)) : undefined;
      if (!made) {
        throw error;
      }
      return made;
    }
  }

  private done(rule: Rule): Outcome {
    return { physicalId: rule.id };
  }
}

function ruleOf(properties: RunnerRuleProperties): Omit<Rule, 'id'> {
  return {
    runner_id: properties.RunnerId,
    ...(properties.ProjectId !== undefined ? { project_id: properties.ProjectId } : {}),
    ...(properties.EnvTypeId !== undefined ? { env_type_id: properties.EnvTypeId } : {}),
  };
}

/** A rule's content; the API says "" where there is no filter. */
function contentOf(rule: Omit<Rule, 'id'>): Omit<Rule, 'id'> {
  return {
    runner_id: rule.runner_id,
    ...(rule.project_id ? { project_id: rule.project_id } : {}),
    ...(rule.env_type_id ? { env_type_id: rule.env_type_id } : {}),
  };
}

function sameFilter(one: Omit<Rule, 'id'>, other: Omit<Rule, 'id'>): boolean {
  return (one.project_id || '') === (other.project_id || '') && (one.env_type_id || '') === (other.env_type_id || '');
}

function same(one: Omit<Rule, 'id'>, other: Omit<Rule, 'id'>): boolean {
  return one.runner_id === other.runner_id && sameFilter(one, other);
}
