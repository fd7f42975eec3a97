/**
 * Deployments on the local cloud that could mistake a registration or rule for another one: shifted lists, renames, removals, moves to another
 * organization, retries without a rollback, and takeovers.
 *
 * Run with `npx tsx --tsconfig tsconfig.dev.json test/e2e/ownership.ts [--json FILE]`.
 */
import { randomBytes } from 'node:crypto';
import type { HistoryTemplate } from './apps/history';
import { assemblyOf } from './assembly';
import { endToEnd } from './harness';
import { foreign } from './lifecycle-support';
import { deploy, destroy, lastAssembly, STACK } from '../../local/try/cdk';
import { ORG, SECOND_ORG, SECRET_NAME, type Cloud } from '../../local/try/cloud';
import { OrchestratorClient } from '../../local/try/orchestrator-client';
import { Output } from '../../local/try/output';
import type { Report } from '../../local/try/report';

type Add = Report['add'];
type Rules = HistoryTemplate['rules'];

const OTHER_SECRET = 'other-api-token';
const EXISTING_LOG_GROUP = '/my-org/exists-already';
const MAIN = { id: 'Main', orgId: ORG, secret: SECRET_NAME, runnerId: 'main' };
const OTHER = { id: 'Other', orgId: ORG, secret: OTHER_SECRET, runnerId: 'other' };
const TAKEN_OVER = { ...MAIN, id: 'TakenOver', runnerId: 'taken-over', adoptExisting: true, bucket: 'their-state' };

/** Rules of a list. Their construct ids contain the position in the list. */
const inOrder = (...envTypes: string[]): Rules => envTypes.map((envTypeId, index) => ({ id: `Rule${index}`, runner: 'Main', envTypeId }));

class Histories {
  private readonly output = new Output();
  private readonly otherToken = randomBytes(24).toString('hex');
  /** Ids of runners that somebody else registered. */
  private readonly ofOthers: string[] = [];

  constructor(private readonly cloud: Cloud, private readonly report: Report) {}

  public async play(): Promise<void> {
    await this.prepare();
    await this.listsThatShift();
    await this.removals();
    await this.retryWithoutRollback();
    await this.takeovers();
  }

  private async prepare(): Promise<void> {
    const { account, client, orchestrator, token } = this.cloud;
    orchestrator.setTokens([{ token, orgs: [ORG] }, { token: this.otherToken, orgs: [ORG, SECOND_ORG] }]);
    await account.createSecret(OTHER_SECRET, this.otherToken);
    for (const id of ['qa', 'staging']) await client.create('/env-types', { id });
    await account.createLogGroup(EXISTING_LOG_GROUP);
  }

  private async listsThatShift(): Promise<void> {
    const [all, shifted] = [inOrder('qa', 'development', 'production'), inOrder('development', 'production')];
    await this.step('rules of a list', { rules: all }, 'CREATE_COMPLETE');
    await this.step('a shift of the list that is rolled back', { rules: shifted, existingLogGroup: EXISTING_LOG_GROUP }, 'UPDATE_ROLLBACK_COMPLETE', all);
    await this.step('a shift of the list', { rules: shifted }, 'UPDATE_COMPLETE');
    await this.step('a swap of two rules', { rules: inOrder('production', 'development') }, 'UPDATE_COMPLETE');
    const renamed = shifted.map((rule) => ({ ...rule, id: `Renamed${rule.id}` }));
    await this.step('a rename', { rules: renamed }, 'UPDATE_COMPLETE');
    await this.step('a rename that is rolled back', { rules: shifted, existingLogGroup: EXISTING_LOG_GROUP }, 'UPDATE_ROLLBACK_COMPLETE', renamed);
    const unknown = [...shifted, { id: 'Unknown', runner: 'Main', envTypeId: 'unknown' }];
    await this.step('a rename together with a failing create', { rules: unknown }, 'UPDATE_ROLLBACK_COMPLETE', renamed);
    await this.destroyed();
  }

  /** Each API token has its own policy, which must be deleted after the resources that need it. */
  private async removals(): Promise<void> {
    const rule = { id: 'Rule', runner: 'Other', envTypeId: 'qa' };
    await this.step('a second runner with its own API token', { runners: [MAIN, OTHER], rules: [rule] }, 'CREATE_COMPLETE');
    const moved = { ...OTHER, orgId: SECOND_ORG };
    await this.step('a move to another organization', { runners: [MAIN, moved], rules: [] }, 'UPDATE_COMPLETE');
    await this.step('the removal of the runner with its own API token', { runners: [MAIN], rules: [] }, 'UPDATE_COMPLETE');
    await this.destroyed();
  }

  private async retryWithoutRollback(): Promise<void> {
    const rules = inOrder('development', 'later');
    // At that time, the other rule may or may not exist.
    await this.step('a create that fails without a rollback', { rules }, 'CREATE_FAILED', 'any', ['--no-rollback']);
    await this.cloud.client.create('/env-types', { id: 'later' });
    await this.step('the retry', { rules }, ['CREATE_COMPLETE', 'UPDATE_COMPLETE'], rules, ['--no-rollback']);
    await this.destroyed();
  }

  private async takeovers(): Promise<void> {
    const { client } = this.cloud;
    const { runnerId } = TAKEN_OVER;
    await client.create('/runners', foreign(runnerId));
    const before = (await client.runner(runnerId)).body;
    const roleOf = async () => (await client.runner(runnerId)).body.runner_configuration.auth?.role_arn ?? 'none';

    this.ofOthers.push(runnerId);
    const restore = async () => client.call('PATCH', `/runners/${runnerId}`, {
      runner_configuration: before.runner_configuration, state_storage_configuration: before.state_storage_configuration,
    });

    // CloudFormation deletes the resources that it created. The delete keeps the registration with the stack's configuration: docs/ARCHITECTURE.md.
    await this.step('a first deployment that fails after a takeover', { runners: [TAKEN_OVER], existingLogGroup: EXISTING_LOG_GROUP }, 'ROLLBACK_COMPLETE', [], [], []);
    await this.destroy();
    await restore();

    await this.step('a first deployment', {}, 'CREATE_COMPLETE');
    await this.step('a takeover that is rolled back', { runners: [MAIN, TAKEN_OVER], existingLogGroup: EXISTING_LOG_GROUP }, 'UPDATE_ROLLBACK_COMPLETE', [], [], [MAIN]);
    await restore();
    this.ofOthers.pop();
    await this.step('a takeover', { runners: [MAIN, TAKEN_OVER] }, 'UPDATE_COMPLETE');
    this.add('a takeover')('the role of the runner is the one of the stack', true, (await roleOf()).includes('TakenOverTaskManagerRole'));
    await this.step('an update without adoptExisting', { runners: [MAIN, { ...TAKEN_OVER, adoptExisting: undefined }] }, 'UPDATE_COMPLETE');
    await this.destroyed();
  }

  /** Deploys a template and checks that the orchestrator has exactly the declared runners and rules. */
  private async step(name: string, change: Partial<HistoryTemplate>, statuses: string | string[], rules?: Rules | 'any', options?: string[], declared?: HistoryTemplate['runners']): Promise<void> {
    const template: HistoryTemplate = { runners: [MAIN], rules: [], ...change };
    const add = this.add(name);
    const { code, status } = await this.deploy(template, options);
    const isComplete = /^(CREATE|UPDATE)_COMPLETE$/.test(status);
    add('the stack', [statuses].flat().join(' or '), status, [statuses].flat().includes(status));
    add('the exit code of cdk deploy is 0', isComplete, code === 0);
    if (rules !== 'any') await this.checkRules(add, rules ?? template.rules, template);
    for (const org of [ORG, SECOND_ORG]) {
      const expected = (declared ?? template.runners).filter(({ orgId }) => orgId === org).map(({ runnerId }) => runnerId);
      add(`the runners in ${org}`, [...expected, ...org === ORG ? this.ofOthers : []].sort(), (await this.clientOf(org).runnerIds()).sort());
    }
  }

  private async checkRules(add: Add, declared: Rules, { runners }: HistoryTemplate): Promise<void> {
    const idOf = (runner: string) => runners.find(({ id }) => id === runner)!.runnerId;
    const { body } = await this.clientOf(ORG).call<{ items: { runner_id: string; env_type_id: string }[] }>('GET', '/runner-rules?per_page=100');
    add('the rules', declared.map(({ envTypeId, runner }) => `${envTypeId} to ${idOf(runner)}`).sort(),
      body.items.map((rule) => `${rule.env_type_id} to ${rule.runner_id}`).sort());
  }

  private async destroyed(): Promise<void> {
    const { code } = await this.destroy();
    const add = this.add('the destroy');
    add('cdk destroy', '0, gone', `${code}, ${await this.cloud.account.stackStatus(STACK)}`);
    add('runners', 'none', [...await this.clientOf(ORG).runnerIds(), ...await this.clientOf(SECOND_ORG).runnerIds()]);
    await this.checkRules(add, [], { runners: [], rules: [] });
  }

  private async deploy(template: HistoryTemplate, options: string[] = []): Promise<{ code: number; status: string }> {
    const begin = Date.now();
    const cdkOptions = this.cloud.cdkOptions({ TEMPLATE: JSON.stringify(template) });
    const { code } = await deploy({ ...cdkOptions, app: assemblyOf('history', cdkOptions), arguments: options });
    const status = await this.cloud.account.stackStatus(STACK);
    this.output.show('cdk deploy', `${code} after ${Math.round((Date.now() - begin) / 1000)} s, ${status}`);
    return { code, status };
  }

  private async destroy(): Promise<{ code: number }> {
    return destroy({ ...this.cloud.cdkOptions(), app: lastAssembly(this.cloud.scratch) });
  }

  private add(name: string): Add {
    return (check, ...rest) => this.report.add(`${name}: ${check}`, ...rest);
  }

  private clientOf(org: string): OrchestratorClient {
    return new OrchestratorClient(this.cloud.orchestrator.url, org, this.otherToken);
  }
}

endToEnd((cloud, report) => new Histories(cloud, report).play());
