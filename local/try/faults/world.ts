/** The deployed runner for the doctor, and functions that run the doctor. */
import { main } from '../../../src/cli';
import { awsWith, type Aws } from '../../../src/doctor/aws';
import { runnersOf, type DeployedRunner } from '../../../src/doctor/runner';
import { readStack, type Stack } from '../../../src/doctor/stack';
import { isolateThisProcess } from '../../emulator';
import { STACK } from '../cdk';
import type { Cloud } from '../cloud';
import { Output } from '../output';
import { Report } from '../report';
import { prepareSecrets } from '../secrets';
import { Trial } from '../trial';

export interface World {
  readonly cloud: Cloud;
  readonly trial: Trial;
  /** Makes AWS calls as the root user of the account. */
  readonly aws: Aws;
  readonly stack: Stack;
  readonly runner: DeployedRunner;
  /** The environment variables of the app. */
  readonly settings: NodeJS.ProcessEnv;
}

export const REPOSITORY = 'platform/runner';
export const IMAGE_TAG = 'v1';

export async function putImage(aws: Aws): Promise<void> {
  const imageManifest = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', layers: [] });
  await aws('ecr', 'PutImage', { repositoryName: REPOSITORY, imageTag: IMAGE_TAG, imageManifest });
}

/** Deploys the trial's app with an image in Amazon ECR. Afterwards, this process can reach only the emulator. */
export async function deployedWorld(cloud: Cloud): Promise<World> {
  const trial = Trial.withCloud(cloud, new Output(true), new Report());
  const aws = awsWith(cloud.account.settings.credentials, cloud.emulator.region);
  isolateThisProcess(cloud.emulator.url);
  await aws('ecr', 'CreateRepository', { repositoryName: REPOSITORY });
  await putImage(aws);
  const settings = { ...await prepareSecrets(trial), TRIAL_IMAGE_REPOSITORY: REPOSITORY };
  await trial.deployApp(settings);
  return worldOf(trial, settings);
}

/** The runner that the trial deployed. Afterwards, this process can reach only the emulator. */
export async function worldOf(trial: Trial, settings: NodeJS.ProcessEnv): Promise<World> {
  const { cloud } = trial;
  isolateThisProcess(cloud.emulator.url);
  const aws = awsWith(cloud.account.settings.credentials, cloud.emulator.region);
  const stack = await readStack(aws, STACK, cloud.emulator.region);
  const [runner] = runnersOf(stack);
  return { cloud, trial, aws, stack, runner: runner!, settings };
}

export interface Answer {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs a command of the package in this process. */
export async function run(...args: string[]): Promise<Answer> {
  let output = '';
  let errors = '';
  const code = await main(args, {
    print: (text) => { output += text; },
    printError: (text) => { errors += text; },
    isColoured: false,
  });
  return { code, output, errors };
}

export interface Diagnosis {
  readonly code: number;
  readonly checks: readonly {
    readonly id: string;
    readonly result: 'ok' | 'problem' | 'unknown';
    readonly findings: readonly { readonly result: string; readonly found: string; readonly remedy?: string }[];
  }[];
}

export async function diagnose(...args: string[]): Promise<Diagnosis> {
  const { code, output, errors } = await run('doctor', '--stack', STACK, '--json', ...args);
  if (errors) throw new Error(`The doctor failed: ${errors}`);
  return { code, checks: (JSON.parse(output) as Diagnosis).checks };
}

/** The checks that are not ok, with their findings. */
export function complaints({ checks }: Diagnosis): string[] {
  return checks.filter(({ result }) => result !== 'ok').map(({ id, result, findings }) =>
    `${id} ${result}: ${findings.filter((finding) => finding.result !== 'ok').map(({ found }) => found).join(' ')}`);
}
