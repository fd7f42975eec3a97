import type { RunnerRuleProperties } from '../wire';
import { isRuleLogicalId } from '../wire';
import type { OrchestratorClient, Rule, RuleContent } from './client';
import type { Lifecycle, Outcome, Request } from './event';
import { API_SERVICES, LifecycleError, UnfinishedError } from './event';
import { again } from './explain';
import { log } from './log';
import { formatPhysicalId, isWithin, Named, parsePhysicalId, Period, STAYS_MARK } from './physical-ids';
import { createOrFind, removeUntil, waitForCancelled } from './unanswered';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The rule that a request found or created. */
interface Found {
  readonly rule: Rule;
  readonly isAdopted?: boolean;
  /** A note for the user. */
  readonly note?: string;
}

/** Creates, replaces and deletes a runner rule. The API cannot change a rule, and has one rule per filter. */
export class RunnerRuleLifecycle implements Lifecycle {
  public readonly operation: string;
  public readonly services = API_SERVICES;
  private readonly wanted: RuleContent;
  private readonly previousRule?: RuleContent;
  /** Whether an update creates another rule instead of changing the runner of the same rule. */
  private readonly isReplacement: boolean;

  constructor(private readonly request: Request, private readonly properties: RunnerRuleProperties, private readonly previous?: RunnerRuleProperties) {
    this.wanted = ruleOf(properties);
    this.previousRule = previous && ruleOf(previous);
    this.operation = `${request.type.replace(/e$/, 'ing')} the rule for runner '${properties.RunnerId}'`;
    this.isReplacement = previous !== undefined && !(previous.OrgId === properties.OrgId && hasSameFilter(ruleOf(previous), this.wanted));
  }

  public unansweredId(createdIn: Period, was?: string): string {
    return formatPhysicalId({ name: 'rule', createdIn, was });
  }

  public async create(): Promise<Outcome> {
    const { rule, isAdopted } = await this.findOrCreate(await this.request.client(this.properties));
    return this.outcome(rule.id, formatPhysicalId({ name: rule.id, isAdopted }));
  }

  public async update(physicalId: string): Promise<Outcome> {
    const client = await this.request.client(this.properties);
    const named = parsePhysicalId(physicalId);
    let found = await this.findOrCreate(client, named);
    if (found.rule.id === named.name && !found.note && this.previousRule && !hasSameContent(this.previousRule, this.wanted)) {
      // Nothing has changed yet: the cancelled update that this one rolls back may still run.
      await waitForCancelled(this.request);
      found = await this.findOrCreate(client.withoutWriteWindow(), named);
    }
    return this.outcome(found.rule.id, this.updatedId(physicalId, found), found.note);
  }

  /** The physical ID after an update. */
  private updatedId(physicalId: string, { rule, isAdopted }: Found): string {
    const named = parsePhysicalId(physicalId);
    if (this.isNamed(rule, named)) {
      // With a new physical ID, CloudFormation would delete the rule by the old ID.
      return physicalId;
    }
    const former = (named.was ?? '').replace(STAYS_MARK, '');
    if (parsePhysicalId(former).name === rule.id) {
      // The rollback of a replacement.
      return former;
    }
    return formatPhysicalId(this.isReplacement ? { name: rule.id, isAdopted, was: this.predecessor(named) }
      : { name: rule.id, isAdopted: isAdopted || named.isAdopted });
  }

  /** The old physical ID of a replacement, as part of the new one. */
  private predecessor(named: Named): string {
    return (stays(named, this.previous) ? '!' : '') + formatPhysicalId(named);
  }

  public async delete(physicalId: string): Promise<Outcome> {
    const named = parsePhysicalId(physicalId);
    const { name, createdIn } = named;
    if (stays(named, this.properties)) {
      return { physicalId, note: `The rule for runner '${this.wanted.runner_id}' stays, because adoptExisting is set for the rule or its runner.` };
    }
    const client = await this.request.client(this.properties);
    if (UUID.test(name)) {
      await client.deleteRule(name);
      return { physicalId };
    }
    return { physicalId, note: await removeUntil(createdIn?.to ?? Infinity, this.request, () => this.removeUnanswered(client, createdIn)) };
  }

  /** Finds the rule, takes it over, or creates it. Makes no call after the create, because the failure of an update would not name the rule. */
  private async findOrCreate(client: OrchestratorClient, named?: Named): Promise<Found> {
    const all = await client.listRules();
    const rules = all.filter(rule => hasSameFilter(rule, this.wanted));
    const own = rules.find(rule => this.owns(rule, named));
    const [existing] = own ? [own] : rules;
    const note = named && this.findFailedReplacement(all, named, own);
    if (!existing) {
      return { rule: await this.createRule(client, named), note };
    }
    const { AdoptExisting: adopt } = this.properties;
    if (!own && adopt !== 'true' && !(adopt === 'identical' && hasSameContent(existing, this.wanted))) {
      throw this.refusal(existing);
    }
    if (!own) {
      log('takes the rule over', { ...existing });
    }
    const rule = hasSameContent(existing, this.wanted) ? existing : await this.replace(client, existing, named);
    // An earlier delivery of a create may have taken over the rule that this delivery finds as its own.
    return { rule, isAdopted: adopt !== undefined && !(named && own), note };
  }

  private async createRule(client: OrchestratorClient, named?: Named): Promise<Rule> {
    const { object: rule, isFound } = await createOrFind(this.request,
      () => client.createRule(this.wanted), async () => (await client.listRules()).find(existing => hasSameFilter(existing, this.wanted)),
      createdIn => this.unansweredId(createdIn, named && this.predecessor(named)));
    if (isFound && !(hasSameContent(rule, this.wanted) && this.owns(rule, named))) {
      throw this.refusal(rule);
    }
    return rule;
  }

  /** Points a filter at another runner. The API accepts one rule per filter, so the old rule is deleted first. */
  private async replace(client: OrchestratorClient, current: Rule, named?: Named): Promise<Rule> {
    if (!await client.getRunner(this.wanted.runner_id)) {
      throw new LifecycleError(`this runner does not exist, so the rule that has the filter stays as it is. Register the runner, or correct runnerId; ${again(this.request.type)}`,
        { details: `rule ${current.id} points at runner '${current.runner_id}'` });
    }
    await client.deleteRule(current.id);
    try {
      return await this.createRule(client, named);
    } catch (error) {
      // Restores the old rule. Without it, its deployments would go to the runner of another rule. The rollback needs it, too.
      const restored = await client.withoutWriteWindow().createRule(contentOf(current)).catch(() => undefined);
      // The delete of a failed create must not delete the restored rule.
      throw new UnfinishedError(error, this.request.type === 'Create' ? undefined : restored?.id,
        restored ? 'The former rule was restored.' : `The former rule for runner '${current.runner_id}' is deleted, and could not be restored.`);
    }
  }

  /**
   * Whether a rule belongs to this resource: the physical ID names it, or this request created it. CloudFormation may not know the rule that a failed or cancelled
   * update created for the same filter, so a rollback also accepts such a rule, if it is young enough.
   */
  private owns(rule: Rule, named?: Named): boolean {
    const { request, wanted } = this;
    if (named && this.isFormer(rule, named)) {
      return true;
    }
    const former = this.isReplacement ? undefined : this.previousRule;
    return (hasSameContent(rule, wanted) || hasSameContent(rule, former ?? wanted))
      && isWithin(former ? request.recently : { from: request.since, to: Infinity }, rule.created_at);
  }

  /** Whether a physical ID names the rule, or its predecessor does. */
  private isFormer(rule: Rule, named: Named): boolean {
    return this.isNamed(rule, named) || rule.id === parsePhysicalId(named.was).name;
  }

  /** Whether a physical ID names the rule: by its UUID, or by the period of an unanswered create. */
  private isNamed(rule: Rule, { name, createdIn }: Named, content = this.wanted): boolean {
    return rule.id === name || createdIn !== undefined && hasSameContent(rule, content) && isWithin(createdIn, rule.created_at);
  }

  /**
   * Names the rule of a failed replacement whose physical ID CloudFormation does not use. The rule stays: another resource may have created a rule with the
   * same content, so the user decides.
   */
  private findFailedReplacement(rules: Rule[], named: Named, own?: Rule): string | undefined {
    const { previousRule, previous, properties } = this;
    if (!previousRule || !previous || !this.isReplacement) {
      return undefined;
    }
    if (previous.OrgId !== properties.OrgId) {
      return own && this.isFormer(own, named) ? `If the failed update left a rule for runner '${previous.RunnerId}' in organization '${previous.OrgId}', delete it there.` : undefined;
    }
    const left = findCreated(rules, previousRule, this.request.recently);
    // CloudFormation deletes the rule that the physical ID names.
    return left && !this.isNamed(left, named, previousRule) ? mayBeLeft('failed update', left) : undefined;
  }

  /** Deletes the rule of a create without an answer. Returns a note for the user. */
  private async removeUnanswered(client: OrchestratorClient, createdIn?: Period): Promise<string | undefined> {
    const created = findCreated(await client.listRules(), this.wanted, createdIn ?? this.request.recently);
    if (created && !createdIn && !isRuleLogicalId(this.request.logicalId)) {
      // Without the time of the create, another resource of the stack with the same filter may have created the rule.
      return mayBeLeft('cancelled create', created);
    }
    if (created) {
      await client.deleteRule(created.id);
    }
    return undefined;
  }

  private refusal({ id, runner_id: runner }: Rule): LifecycleError {
    return new LifecycleError(`rule ${id} has the same project and environment type, and this resource did not create it. Delete that rule, choose another filter, or set `
      + `adoptExisting on the rule to take it over; ${again(this.request.type)}`, { details: `it points at runner '${runner}'` });
  }

  private outcome(ruleId: string, physicalId = ruleId, note?: string): Outcome {
    return { physicalId, data: { RuleId: ruleId }, note };
  }
}

/**
 * Whether a delete leaves the rule, because it may have been taken over. A rule that the resource created is always deleted: it would keep its runner in use, and
 * the rollback of a first deployment would fail.
 */
function stays({ name, isAdopted }: Named, properties?: RunnerRuleProperties): boolean {
  return properties?.AdoptExisting !== undefined && (isAdopted || !UUID.test(name));
}

function findCreated(rules: Rule[], content: RuleContent, period: Period): Rule | undefined {
  return rules.find(rule => hasSameContent(rule, content) && isWithin(period, rule.created_at));
}

function mayBeLeft(by: string, { id, runner_id: runner }: Rule): string {
  return `The ${by} may have left rule ${id} for runner '${runner}': delete it, unless another resource created it.`;
}

function ruleOf({ RunnerId: runner, ProjectId: project, EnvTypeId: envType }: RunnerRuleProperties): RuleContent {
  return { runner_id: runner, ...project !== undefined && { project_id: project }, ...envType !== undefined && { env_type_id: envType } };
}

/** The content without the empty strings of the API. */
function contentOf({ runner_id, project_id, env_type_id }: RuleContent): RuleContent {
  return { runner_id, ...project_id && { project_id }, ...env_type_id && { env_type_id } };
}

function hasSameFilter(one: RuleContent, other: RuleContent): boolean {
  return (one.project_id ?? '') === (other.project_id ?? '') && (one.env_type_id ?? '') === (other.env_type_id ?? '');
}

function hasSameContent(one: RuleContent, other: RuleContent): boolean {
  return one.runner_id === other.runner_id && hasSameFilter(one, other);
}
