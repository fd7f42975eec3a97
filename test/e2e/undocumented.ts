/**
 * Deployments on the local cloud with each possible behaviour that the AWS documentation does not specify. The runner has a prefix in its state
 * bucket and several secrets.
 *
 * Run with `npm test -- --only undocumented`.
 */
import { randomUUID } from 'node:crypto';
import { ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { endToEnd } from './harness';
import type { Behaviour } from '../../local/emulator';
import type { Runner } from '../../local/orchestrator/model';
import { deploy } from '../../local/try/cdk';
import { ISSUER, ORG, type Cloud } from '../../local/try/cloud';
import { runFirstDeployment } from '../../local/try/deployments';
import { assumeTaskManagerRole } from '../../local/try/identity';
import { Output } from '../../local/try/output';
import { Report } from '../../local/try/report';
import { Trial } from '../../local/try/trial';

const APP = 'node_modules/.bin/tsx --tsconfig tsconfig.dev.json test/e2e/apps/prefix.ts';

/** The emulated behaviour, its settings, and the expected result for a task larger than the limit. */
const CASES: [meaning: string, settings: Partial<Behaviour>, large: string][] = [
  ['sizes such as ".5 vCPU" are text, and a grant for a prefix does not count for a missing state', {}, 'allowed'],
  ['sizes such as ".5 vCPU" are integers', { taskSizesAsIntegers: true }, 'AccessDenied'],
  ['a grant for a prefix counts for a missing state', { taskSizesAsIntegers: false, prefixGrantsShowMissingObjects: true }, 'allowed'],
];

async function check(cloud: Cloud, report: Report): Promise<void> {
  const { code, outputs, output } = await deploy({ ...cloud.cdkOptions(), app: APP });
  report.add('cdk deploy', 0, code === 0 ? code : output.split('\n').slice(-12).join('\n'));
  if (code !== 0) return;
  const runner = await Trial.withCloud(cloud, new Output(true), report).registered(outputs.RunnerId ?? '');
  report.add('registered secrets', 6, Object.keys((runner.runner_configuration.job as { secrets?: object }).secrets ?? {}).length);
  report.add('registered prefix', 'team-a/states', runner.state_storage_configuration.path_prefix);
  for (const [meaning, settings, large] of CASES) {
    await cloud.emulator.setBehaviour(settings);
    report.add(`a deployment where ${meaning}`, 'works', await deployment(cloud, runner));
    report.add(`a task of 512 CPU units and 1,024 MiB where ${meaning}`, 'allowed', await register(cloud, runner, '.5 vCPU', '1 GB'));
    report.add(`a task of 8,192 CPU units and 16 GB where ${meaning}`, large, await register(cloud, runner, '8 vCPU', '16 GB'));
  }
  report.add('a task of 8,192 CPU units in plain numbers', 'AccessDenied', await register(cloud, runner, '8192', '16384'));
}

async function deployment(cloud: Cloud, runner: Runner): Promise<string> {
  const seen = new Report();
  try {
    await runFirstDeployment(Trial.withCloud(cloud, new Output(true), seen), runner);
    return seen.failed === 0 && seen.passed > 5 ? 'works' : `${seen.passed} passed, ${seen.failed} failed`;
  } catch (error) {
    return String(error);
  }
}

/** Registers a task definition with the orchestrator's credentials. Returns the error code, or `allowed`. */
async function register(cloud: Cloud, runner: Runner, cpu: string, memory: string): Promise<string> {
  const ecs = new ECSClient(await assumeTaskManagerRole(runner, { issuer: ISSUER }, cloud.account.settings));
  const { job } = runner.runner_configuration;
  const answer = await ecs.send(new RegisterTaskDefinitionCommand({
    family: `platform_orchestrator_env_${ORG}_${randomUUID()}`,
    cpu,
    memory,
    networkMode: 'awsvpc',
    requiresCompatibilities: ['FARGATE'],
    executionRoleArn: job.execution_role_arn,
    taskRoleArn: job.task_role_arn,
    tags: [{ key: 'ManagedBy', value: 'PlatformOrchestrator' }],
    containerDefinitions: [{ name: 'main', image: 'registry.example.com/runner:latest' }],
  })).then(() => 'allowed', ({ name }: Error) => name.replace(/Exception$/, ''));
  ecs.destroy();
  return answer;
}

endToEnd(check);
