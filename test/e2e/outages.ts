/**
 * A deployment during an outage of the API, in the emulator: before the registration, after it, and until the handler gives up. Run with
 * `npx tsx --tsconfig tsconfig.dev.json test/e2e/outages.ts [--json FILE]`.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { endToEnd } from './harness';
import {
  type Add, checkReason, destroyed, downFromRegistration, isRegistration, leftByRollback, madeId, PATIENCE_S, reset, rolledBack, Stage,
} from './lifecycle-support';
import type { Cloud } from '../../local/try/cloud';
import { Output } from '../../local/try/output';
import type { Report } from '../../local/try/report';
import { OUTAGE_BUDGET } from '../../src/registration/handler/limits';

/** Later than the handler gives up on its POST, and sooner than it gives up on looking for what the POST created. */
const OUTAGE_MS = OUTAGE_BUDGET + 5_000;

async function check(cloud: Cloud, report: Report): Promise<void> {
  await downDuringCreate(new Stage(cloud, report, new Output()));
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
  checkReason(add, deployed, 'CREATE_FAILED', [id, orchestrator.url]);
  add('the rollback', 'ROLLBACK_COMPLETE or gone', ...rolledBack(deployed));

  const heard = orchestrator.requests.slice(requestsBefore).filter(({ method, status }) => method !== 'GET' && status < 300);
  add('carried out at the orchestrator', outage ? 'POST, DELETE' : 'none', heard.map(({ method }) => method));
  add('the runner', 404, (await stage.client.runner(id)).status);
  add('runners registered', 'none', await stage.client.runnerIds());
  await leftByRollback(stage, add, holdingsBefore);
  const { code, status } = await stage.destroy();
  add('cdk destroy', '0, gone', `${code}, ${status}`);
}

endToEnd(check);
