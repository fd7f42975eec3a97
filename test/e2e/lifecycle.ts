/**
 * The lifecycle of a registration on the local cloud during an API outage and changes by others: the API token is replaced, or somebody deletes the
 * runner or registers its id.
 *
 * Run with `npx tsx --tsconfig tsconfig.dev.json test/e2e/lifecycle.ts [--json FILE]`.
 */
import { endToEnd } from './harness';
import {
  type Add, checkReason, content, destroyed, foreign, FOREIGN_ROLE, leftByRollback, generatedId, MAX_FAILURE_SECONDS, reset, rolledBack, Stage, deletedResources,
} from './lifecycle-support';
import { keepsTheOidcProvider } from './oidc-provider';
import type { Cloud } from '../../local/try/cloud';
import { Output } from '../../local/try/output';
import type { Report } from '../../local/try/report';

const TAKEN_ID = 'taken-runner';

async function check(cloud: Cloud, report: Report): Promise<void> {
  const stage = new Stage(cloud, report, new Output());
  await changes(stage);
  await downDuringDelete(stage);
  await deletedBeforeDestroy(stage);
  await idTaken(stage);
  await idTakenLater(stage);
  await stage.scenario('OIDC provider', (add) => keepsTheOidcProvider(stage.cloud, add));
  report.add('the registration wrote a log', 'lines', `${stage.logged.size} lines`, stage.logged.size > 0);
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

/** Uses the stack of the previous scenarios. */
async function downDuringDelete(stage: Stage): Promise<void> {
  const { account, orchestrator } = stage.cloud;
  await stage.scenario('API outage during cdk destroy', async (add) => {
    const [id = 'no runner'] = await stage.client.runnerIds();
    const before = await stage.registered(id);
    const { cluster } = before.runner_configuration.job;
    const holdings = await stage.holdings();
    const resources = await stage.resourceNames();

    orchestrator.setFaults(() => reset(false));
    const failed = await stage.destroy();
    orchestrator.setFaults();
    add('cdk destroy', 'an exit code other than 0', failed.code, failed.code !== 0);
    add('it fails', `within ${MAX_FAILURE_SECONDS} s`, `after ${failed.seconds} s`, failed.seconds < MAX_FAILURE_SECONDS);
    add('the stack', 'DELETE_FAILED', failed.status);
    checkReason(add, failed, 'DELETE_FAILED', [id, orchestrator.url]);
    add('deleted resources', 'none', deletedResources(failed));
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
    checkReason(add, deployed, 'CREATE_FAILED', [`'${TAKEN_ID}'`, 'this resource did not register it', FOREIGN_ROLE]);
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
    checkReason(add, updated, 'UPDATE_FAILED', [`'${id}'`, 'this resource did not register it', FOREIGN_ROLE]);
    // The rollback of the failed resource is rejected for the same reason.
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

/** Deploys the app and returns the id of the runner. */
async function created(stage: Stage, add: Add): Promise<string> {
  const deployed = await stage.deploy();
  add('the first cdk deploy', '0, CREATE_COMPLETE', `${deployed.code}, ${deployed.status}`);
  const id = generatedId(deployed);
  add('runners registered by it', id, await stage.client.runnerIds());
  return id;
}

endToEnd(check);
