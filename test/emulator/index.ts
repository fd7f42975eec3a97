/**
 * The rules of AWS that `local/emulator/bridge` adds to the emulator. Each check uses HTTP.
 *
 * Run with `npm test -- --only emulator`, or `npx tsx test/emulator/index.ts [--json FILE] [--only TEXT]`.
 */
import { parseArgs } from 'node:util';
import { clusters } from './clusters';
import { customResources } from './custom-resources';
import { ecsConditions } from './ecs-conditions';
import { existing } from './existing';
import { iamRules } from './iam';
import { keys } from './keys';
import { missingObjects } from './missing-objects';
import { network } from './network';
import { oidc } from './oidc';
import { policySimulation } from './policy-simulation';
import { resourceTypes } from './resource-types';
import { secretRules } from './secrets';
import { serviceLinkedRole } from './service-linked-role';
import { tagRules } from './tags';
import { taskCredentials } from './task-credentials';
import { taskEvents } from './task-events';
import { taskSizes } from './task-sizes';
import { tasks } from './tasks';
import { World, type Rule } from './world';
import { isolateThisProcess, startEmulator } from '../../local/emulator';
import { Output } from '../../local/try/output';
import { Report } from '../../local/try/report';

const RULES: Record<string, Rule[]> = {
  tasks,
  taskCredentials,
  taskEvents,
  taskSizes,
  clusters,
  customResources,
  ecsConditions,
  existing,
  iamRules,
  keys,
  missingObjects,
  network,
  oidc,
  policySimulation,
  resourceTypes,
  secretRules,
  serviceLinkedRole,
  tagRules,
};

async function main(): Promise<number> {
  const { values: { json, only } } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' } } });
  const report = new Report();
  const emulator = await startEmulator({ log: console.log });
  isolateThisProcess(emulator.url);
  const world = new World(emulator);
  try {
    for (const { name, check } of Object.values(RULES).flat()) {
      if (only !== undefined && !name.includes(only)) continue;
      const problem = await check(world).then(() => undefined, (error: unknown) => error instanceof Error ? error.stack ?? error.message : String(error));
      report.add(name, 'holds', problem ?? 'holds');
    }
  } finally {
    world.close();
    await emulator.close();
  }
  report.print(new Output());
  if (json !== undefined) report.writeJson(json);
  return report.failed > 0 ? 1 : 0;
}

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
main().then(
  (code) => { process.exitCode = code; },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
