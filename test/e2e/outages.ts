/**
 * Deployments during an API outage on the local cloud: before the registration, after it, and until the handler gives up.
 *
 * Run with `npx tsx --tsconfig tsconfig.dev.json test/e2e/outages.ts [--json FILE]`.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { endToEnd } from './harness';
import {
  type Add, checkReason, destroyed, downFromRegistration, isRegistration, leftByRollback, generatedId, MAX_FAILURE_SECONDS, reset, rolledBack, Stage,
} from './lifecycle-support';
import type { Cloud } from '../../local/try/cloud';
import { Output } from '../../local/try/output';
import type { Report } from '../../local/try/report';
import { OUTAGE_BUDGET } from '../../src/registration/handler/limits';

/** Ends after the handler gives up its POST, but before it gives up looking for the runner that the POST created. */
const OUTAGE_MS = OUTAGE_BUDGET + 5_000;

async function check(cloud: Cloud, report: Report): Promise<void> {
  await downDuringCreate(new Stage(cloud, report, new Output()));
}

async function downDuringCreate(stage: Stage): Promise<void> {
  const { orchestrator } = stage.cloud;
  const back = () => orchestrator.setFaults();

  await stage.scenario('API outage before the registration', async (add) => {
    let posts = 0;
    orchestrator.setFaults((request) => {
      if (!isRegistration(request)) return undefined;
      posts++;
      return reset(false);
    });
    await failedCreate(stage, add);
    add('POST was tried', 'more than once', posts, posts > 1);
  });

  await stage.scenario('API outage after the registration that ends early', async (add) => {
    const ended = new AbortController();
    void downFromRegistration(stage.cloud).then(() => pause(OUTAGE_MS, undefined, ended)).then(back, () => {});
    const deployed = await stage.deploy();
    ended.abort();
    add('cdk deploy', '0, CREATE_COMPLETE', `${deployed.code}, ${deployed.status}`);
    await destroyed(stage, add, generatedId(deployed));
  });

  await stage.scenario('API outage after the registration that ends late', async (add) => {
    const ended = new AbortController();
    void downFromRegistration(stage.cloud);
    void stage.runnerIs('CREATE_FAILED', ended.signal).then(back, back);
    await failedCreate(stage, add, ended);
  });
}

/** A deployment whose registration fails. If `outage` is given, the orchestrator carried a POST out. */
async function failedCreate(stage: Stage, add: Add, outage?: AbortController): Promise<void> {
  const { orchestrator } = stage.cloud;
  const requestsBefore = orchestrator.requests.length;
  const holdingsBefore = await stage.holdings();
  const deployed = await stage.deploy();
  outage?.abort();
  orchestrator.setFaults();

  const id = generatedId(deployed);
  add('cdk deploy', 'an exit code other than 0', deployed.code, deployed.code !== 0);
  add('it fails', `within ${MAX_FAILURE_SECONDS} s`, `after ${deployed.seconds} s`, deployed.seconds < MAX_FAILURE_SECONDS);
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
