/**
 * The life of a registration on bad days, on the local cloud: an API that goes down, a token that is replaced, a runner that
 * somebody deletes or takes. Run with `npx tsx --tsconfig tsconfig.dev.json test/e2e/lifecycle.ts [--json FILE]`; the exit
 * code is 0 if everything was as it has to be.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { endToEnd } from './harness';
import {
  content, downFromRegistration, foreign, FOREIGN_ROLE, isRegistration, madeId, reasonOf, reset, Stage, tornDown, type Operation,
} from './lifecycle-support';
import { keepsTheOidcProvider } from './oidc-provider';
import type { Cloud } from '../../local/try/cloud';
import { Output } from '../../local/try/output';
import type { Report } from '../../local/try/report';
import { OUTAGE_BUDGET } from '../../src/registration/handler/limits';

type Add = Report['add'];

/** So soon a deployment has to fail. */
const PATIENCE_S = 120;
/** Later than the handler gives up on its POST, and sooner than it gives up on looking for what the POST created. */
const OUTAGE_MS = OUTAGE_BUDGET + 5_000;
const TAKEN_ID = 'taken-runner';

async function check(cloud: Cloud, report: Report): Promise<void> {
  const stage = new Stage(cloud, report, new Output());
  await downDuringCreate(stage);
  await changes(stage);
  await downDuringDelete(stage);
  await deletedBeforeDestroy(stage);
  await idTaken(stage);
  await idTakenLater(stage);
  await stage.scenario('OIDC provider', (add) => keepsTheOidcProvider(stage.cloud, add));
  report.add('the registration wrote a log', 'lines', `${stage.logged.size} lines`, stage.logged.size > 0);
}

async function downDuringCreate(stage: Stage): Promise<void> {
  const { orchestrator } = stage.cloud;
  const back = () => orchestrator.setFaults();

  await stage.scenario('POST is never heard', async (add) => {
    let posts = 0;
    orchestrator.setFaults((request) => {
      if (!isRegistration(request)) return undefined;
      posts++;
      return reset(false);
    });
    await failedCreate(stage, add);
    add('POST was tried', 'more than once', posts, posts > 1);
  });

  await stage.scenario('down after POST, back in time', async (add) => {
    const ended = new AbortController();
    void downFromRegistration(stage.cloud).then(() => pause(OUTAGE_MS, undefined, ended)).then(back, () => {});
    const deployed = await stage.deploy();
    ended.abort();
    add('cdk deploy', '0, CREATE_COMPLETE', `${deployed.code}, ${deployed.status}`);
    await destroyed(stage, add, madeId(deployed));
  });

  await stage.scenario('down after POST, back too late', async (add) => {
    const ended = new AbortController();
    void downFromRegistration(stage.cloud);
    void stage.runnerIs('CREATE_FAILED', ended.signal).then(back, back);
    await failedCreate(stage, add, ended);
  });
}

/** A deployment that fails at the registration. With an outage that ends, a POST was carried out. */
async function failedCreate(stage: Stage, add: Add, outage?: AbortController): Promise<void> {
  const { orchestrator } = stage.cloud;
  const requestsBefore = orchestrator.requests.length;
  const holdingsBefore = await stage.holdings();
  const deployed = await stage.deploy();
  outage?.abort();
  orchestrator.setFaults();

  const id = madeId(deployed);
  add('cdk deploy', 'an exit code other than 0', deployed.code, deployed.code !== 0);
  add('it fails', `within ${PATIENCE_S} s`, `after ${deployed.seconds} s`, deployed.seconds < PATIENCE_S);
  names(add, deployed, 'CREATE_FAILED', [id, orchestrator.url]);
  add('the rollback', 'ROLLBACK_COMPLETE or gone', ...rolledBack(deployed));

  const heard = orchestrator.requests.slice(requestsBefore).filter(({ method, status }) => method !== 'GET' && status < 300);
  add('carried out at the orchestrator', outage ? 'POST, DELETE' : 'none', heard.map(({ method }) => method));
  add('the runner', 404, (await stage.client.runner(id)).status);
  add('runners registered', 'none', await stage.client.runnerIds());
  await leftByRollback(stage, add, holdingsBefore);
  const { code, status } = await stage.destroy();
  add('cdk destroy', '0, gone', `${code}, ${status}`);
}

/** Not even the state bucket, which is kept otherwise. */
async function leftByRollback(stage: Stage, add: Add, before: string[]): Promise<void> {
  const left = (await stage.holdings()).filter((name) => !before.includes(name));
  add('left in the account', 'none', left);
}

async function changes(stage: Stage): Promise<void> {
  const { cloud } = stage;

  await stage.scenario('token rotated', async (add) => {
    const id = await created(stage, add);
    const before = await stage.registered(id);
    await stage.rotateToken();
    add('the old token is answered with', 401, (await cloud.client.runner(id)).status);
    const updated = await stage.deploy({ RUNNER_DESCRIPTION: 'with the new token' });
    add('cdk deploy', '0, UPDATE_COMPLETE', `${updated.code}, ${updated.status}`);
    const after = await stage.registered(id);
    add('the registered description', 'with the new token', after.description);
    add('the rest of the registration', content(before), content(after));
  });

  await stage.scenario('deleted before an update', async (add) => {
    const [id = 'no runner'] = await stage.client.runnerIds();
    const before = await stage.registered(id);
    add('deleted by hand', 204, await stage.client.remove(`/runners/${id}`));
    const updated = await stage.deploy({ RUNNER_DESCRIPTION: 'registered again' });
    add('cdk deploy', '0, UPDATE_COMPLETE', `${updated.code}, ${updated.status}`);
    add('runners registered', id, await stage.client.runnerIds());
    const after = await stage.registered(id);
    add('the registered description', 'registered again', after.description);
    add('the rest of the registration', content(before), content(after));
    add('it is a new registration', `later than ${before.created_at}`, after.created_at, after.created_at > before.created_at);
  });
}

/** Of the stack that stands. */
async function downDuringDelete(stage: Stage): Promise<void> {
  const { account, orchestrator } = stage.cloud;
  await stage.scenario('down during the destroy', async (add) => {
    const [id = 'no runner'] = await stage.client.runnerIds();
    const before = await stage.registered(id);
    const { cluster } = before.runner_configuration.job;
    const holdings = await stage.holdings();
    const resources = await stage.resourceNames();

    orchestrator.setFaults(() => reset(false));
    const failed = await stage.destroy();
    orchestrator.setFaults();
    add('cdk destroy', 'an exit code other than 0', failed.code, failed.code !== 0);
    add('it fails', `within ${PATIENCE_S} s`, `after ${failed.seconds} s`, failed.seconds < PATIENCE_S);
    add('the stack', 'DELETE_FAILED', failed.status);
    names(add, failed, 'DELETE_FAILED', [id, orchestrator.url]);
    add('torn down', 'none', tornDown(failed));
    add('the stack\'s resources', resources, await stage.resourceNames());
    add('roles, buckets and log groups', holdings, await stage.holdings());
    add('the cluster', 'ACTIVE', (await account.cluster(cluster))?.status);
    add('the registration', JSON.stringify(before), JSON.stringify(await stage.registered(id)));

    await destroyed(stage, add, id);
  });
}

async function deletedBeforeDestroy(stage: Stage): Promise<void> {
  await stage.scenario('deleted before the destroy', async (add) => {
    const id = await created(stage, add);
    add('deleted by hand', 204, await stage.client.remove(`/runners/${id}`));
    await destroyed(stage, add, id);
  });
}

async function idTaken(stage: Stage): Promise<void> {
  await stage.scenario('id taken', async (add) => {
    await stage.client.create('/runners', foreign(TAKEN_ID));
    const before = JSON.stringify(await stage.registered(TAKEN_ID));
    const holdingsBefore = await stage.holdings();

    const settings = { RUNNER_ID: TAKEN_ID };
    const deployed = await stage.deploy(settings);
    add('cdk deploy', 'an exit code other than 0', deployed.code, deployed.code !== 0);
    names(add, deployed, 'CREATE_FAILED', [`'${TAKEN_ID}'`, 'this resource did not register it', FOREIGN_ROLE]);
    add('the rollback', 'ROLLBACK_COMPLETE or gone', ...rolledBack(deployed));
    add('the other runner', before, JSON.stringify(await stage.registered(TAKEN_ID)));
    await leftByRollback(stage, add, holdingsBefore);

    const { code, status } = await stage.destroy(settings);
    add('cdk destroy', '0, gone', `${code}, ${status}`);
    add('the other runner after the destroy', before, JSON.stringify(await stage.registered(TAKEN_ID)));
    add('deleted at the end', 204, await stage.client.remove(`/runners/${TAKEN_ID}`));
  });
}

async function idTakenLater(stage: Stage): Promise<void> {
  await stage.scenario('id taken after the create', async (add) => {
    const id = await created(stage, add);
    add('deleted by hand', 204, await stage.client.remove(`/runners/${id}`));
    await stage.client.create('/runners', foreign(id));
    const before = JSON.stringify(await stage.registered(id));

    const updated = await stage.deploy({ RUNNER_DESCRIPTION: 'not ours to change' });
    add('cdk deploy', 'an exit code other than 0', updated.code, updated.code !== 0);
    names(add, updated, 'UPDATE_FAILED', [`'${id}'`, 'this resource did not register it', FOREIGN_ROLE]);
    // CloudFormation sends the failed resource back too, and that is refused for the same reason.
    const ends = ['UPDATE_ROLLBACK_COMPLETE', 'UPDATE_ROLLBACK_FAILED'];
    add('the rollback', ends.join(' or '), updated.status, ends.includes(updated.status));
    add('the other runner', before, JSON.stringify(await stage.registered(id)));

    const buckets = await stage.cloud.account.bucketNames();
    const { code, status } = await stage.destroy();
    add('cdk destroy', '0, gone', `${code}, ${status}`);
    add('left in the account', buckets, await stage.holdings());
    add('the other runner after the destroy', before, JSON.stringify(await stage.registered(id)));
  });
}

/** Deploys the example; returns the runner's id. */
async function created(stage: Stage, add: Add): Promise<string> {
  const deployed = await stage.deploy();
  add('the first cdk deploy', '0, CREATE_COMPLETE', `${deployed.code}, ${deployed.status}`);
  const id = madeId(deployed);
  add('runners registered by it', id, await stage.client.runnerIds());
  return id;
}

/** Destroys the example: only state buckets are kept. */
async function destroyed(stage: Stage, add: Add, id: string): Promise<void> {
  const buckets = await stage.cloud.account.bucketNames();
  const { code, status } = await stage.destroy();
  add('cdk destroy without an outage', '0, gone', `${code}, ${status}`);
  add('left in the account', buckets, await stage.holdings());
  add('the runner after the destroy', 404, (await stage.client.runner(id)).status);
}

function names(add: Add, operation: Operation, status: string, named: string[]): void {
  const reason = reasonOf(operation, status);
  add('the reason names', named, reason, named.every((text) => reason.includes(text)));
  // It wraps long lines.
  const printed = operation.output.replace(/\s+/g, ' ');
  add('the CDK prints them', named, named.filter((text) => printed.includes(text)));
}

function rolledBack({ status }: Operation): [seen: string, ok: boolean] {
  return [status, ['ROLLBACK_COMPLETE', 'gone'].includes(status)];
}

endToEnd(check);
