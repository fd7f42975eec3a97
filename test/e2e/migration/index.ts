/**
 * Follows docs/MIGRATING.md on the local cloud: a runner of the Terraform module with an environment, the takeover, and the way back.
 *
 * Run with `npx tsx --tsconfig tsconfig.dev.json test/e2e/migration/index.ts [--json FILE]`.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import { stateWithout, TerraformModule } from './module';
import type { Environment, Runner, RunnerRule } from '../../../local/orchestrator/model';
import { CHECKOUT, deploy, destroy } from '../../../local/try/cdk';
import { ISSUER, ORG, type Cloud } from '../../../local/try/cloud';
import { runOpenTofu, secretsOfTask, taskCredentials } from '../../../local/try/container';
import { DataPlane } from '../../../local/try/data-plane';
import { Output } from '../../../local/try/output';
import type { Report } from '../../../local/try/report';
import { moduleState, type ModuleSettings, type State } from '../../from-terraform/module-state';
import { endToEnd } from '../harness';

const STACK = 'ProdRunnerStack';
const TSX = ['node_modules/.bin/tsx', '--tsconfig', 'tsconfig.dev.json'];
const ENVIRONMENT = '/projects/shop/envs/production';
const DATABASE_PASSWORD = 'correct-horse';

class Migration {
  private readonly output = new Output();
  /** Inside the checkout, so that the app finds the CDK. */
  private readonly directory: string;
  private readonly appFile: string;
  private module!: TerraformModule;
  private state!: State;

  constructor(private readonly cloud: Cloud, private readonly report: Report) {
    mkdirSync(join(CHECKOUT, '.local'), { recursive: true });
    this.directory = mkdtempSync(join(CHECKOUT, '.local', 'migration-'));
    this.appFile = join(this.directory, 'app.ts');
  }

  public async play(): Promise<void> {
    try {
      await this.apply();
      const before = await this.inventory();
      await this.deployEnvironment('before the takeover', undefined);
      await this.takeOver(before);
      await this.goBack(before);
    } finally {
      rmSync(this.directory, { recursive: true, force: true });
    }
  }

  /** The resources of a user of the module: the module, a rule, a secret, and an environment. */
  private async apply(): Promise<void> {
    const { account, client, emulator } = this.cloud;
    this.output.step('terraform apply of the module');
    const secret = await account.createSecret('database', DATABASE_PASSWORD);
    const settings: ModuleSettings = {
      account: emulator.account,
      region: emulator.region,
      orgId: ORG,
      issuer: new URL(ISSUER).host,
      // Subnets of the default VPC.
      subnetIds: ['subnet-00000001', 'subnet-00000002'],
      securityGroupIds: ['sg-00000001'],
      environment: { TF_VAR_size: 'small' },
      secrets: { TF_VAR_database: secret },
      tags: { Team: 'platform' },
      rules: [{ env_type_id: 'production' }],
      taskPolicy: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' }] },
    };
    this.module = new TerraformModule(this.cloud, settings);
    await this.module.apply();
    // The module does not allow the execution role to read secrets, so its users add a policy.
    await this.module.putPolicy(this.module.names.execution, 'secrets', { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: secret }] });
    this.state = moduleState(settings);
    await client.create('/projects', { id: 'shop' });
    await client.create('/projects/shop/envs', { id: 'production', env_type_id: 'production' });
  }

  private async takeOver(before: Inventory): Promise<void> {
    const { report, cloud: { account }, module: { names } } = this;
    this.output.step('The takeover');
    const printed = await this.print();
    report.add('exit code of from-terraform', 0, printed.code);
    writeFileSync(this.appFile, printed.app);
    await this.runCdk('cdk deploy', deploy, 'CREATE_COMPLETE');
    const registered = await this.registered();
    report.add('the role of the runner is the one of the stack', true, registered.runner_configuration.auth.role_arn.includes(`/${STACK}-RunnerTaskManagerRole`));
    await this.nothingIsLost('after the takeover', before);
    await this.deployEnvironment('after the takeover', 1);
    const messages = await account.messages(names.eventLogGroup);
    report.add('the log group of the module contains the events of the task', 'events', `${messages.length} events`, messages.length > 0);

    this.output.step('terraform state rm, and terraform apply without the module');
    const rest = stateWithout(this.state, [...printed.app.matchAll(/terraform state rm '(.*)'/g)].map(([, address]) => address ?? ''));
    report.add('terraform apply deletes', 'random_id, aws_iam_role, aws_iam_role_policy', await this.module.deleteRest(rest));
    report.add('the old role', 'deleted', (await account.roleNames()).includes(names.manager) ? 'exists' : 'deleted');

    writeFileSync(this.appFile, printed.app.replace(/^ *adoptExisting: true,\n/m, ''));
    await this.runCdk('cdk deploy without adoptExisting', deploy, 'UPDATE_COMPLETE');
    await this.nothingIsLost('after the last step', before);
    await this.deployEnvironment('after the last step', 2);
    writeFileSync(this.appFile, printed.app);
  }

  private async goBack(before: Inventory): Promise<void> {
    const { report, module } = this;
    this.output.step('The way back');
    await this.runCdk('cdk deploy with adoptExisting', deploy, 'UPDATE_COMPLETE');
    await module.createTaskManagerRole();
    report.add('terraform apply with the old state', 200, await module.restoreRegistration());
    await this.runCdk('cdk destroy', destroy, 'gone');
    await this.nothingIsLost('after the way back', before);
    report.add('the registration after the way back', before.registration, await this.registration());
    await this.deployEnvironment('after the way back', 3);
  }

  /** Runs the command of the guide in a separate process. */
  private async print(): Promise<{ code: number | null; app: string }> {
    const [program = '', ...options] = TSX;
    const child = spawn(program, [...options, 'src/cli.ts', 'from-terraform', '--api-url', this.cloud.orchestrator.url], { cwd: CHECKOUT, stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(JSON.stringify(this.state));
    const [app, code] = await Promise.all([text(child.stdout), new Promise<number | null>((exited) => { child.once('close', exited); })]);
    return { code, app };
  }

  private async runCdk(name: string, command: typeof deploy | typeof destroy, expected: string): Promise<void> {
    const app = [...TSX, relative(CHECKOUT, this.appFile)].join(' ');
    const { code, output } = await command({ ...this.cloud.cdkOptions(), app });
    const status = await this.cloud.account.stackStatus(STACK);
    this.report.add(name, `0, ${expected}`, `${code}, ${status}`);
    if (code !== 0) throw new Error(`${name} failed:\n${output.split('\n').slice(-20).join('\n')}`);
  }

  /** Deploys the environment with the registered runner, and checks that the deployment finds the state of the previous one. */
  private async deployEnvironment(when: string, serial: number | undefined): Promise<void> {
    const { report, cloud: { account, client } } = this;
    const { body: environment } = await client.call<Environment>('GET', ENVIRONMENT);
    const runner = await this.registered(environment.runner_id);
    const deployment = { environmentUuid: environment.uuid, deploymentId: randomUUID(), projectId: 'shop', envId: 'production' };
    const dataPlane = new DataPlane(runner, `platform_orchestrator_env_${ORG}_`, { issuer: ISSUER }, account.settings);
    const { taskArn } = await dataPlane.start(deployment);
    const { TF_VAR_database: password } = await secretsOfTask(taskArn, account.settings);
    const credentials = await taskCredentials(taskArn, account.settings);
    const { found, key } = await runOpenTofu(runner, environment.uuid, credentials);
    await account.reportContainerExit(runner.runner_configuration.job.cluster, taskArn);
    const { state } = await dataPlane.checkStatus(deployment);
    this.output.show('deployment', `${state}, ${when}, found serial ${found}`);
    report.add(`the deployment ${when}`, 'completed', state);
    report.add(`the state that the deployment ${when} finds`, serial ?? 'none', found ?? 'none');
    report.add(`the state after the deployment ${when} is in the bucket of the module`, true, await account.hasObject(this.module.names.bucket, key));
    report.add(`the secret of the deployment ${when}`, DATABASE_PASSWORD, password);
  }

  private async nothingIsLost(when: string, before: Inventory): Promise<void> {
    const now = await this.inventory();
    const { registration: _changes, roles, logGroups, ...kept } = before;
    for (const [name, value] of Object.entries(kept)) this.report.add(`${name} ${when}`, value, now[name as keyof typeof kept]);
    // The stack adds roles and log groups; Terraform deletes the old role.
    const missing = roles.filter((role) => !now.roles.includes(role) && role !== this.module.names.manager);
    this.report.add(`roles missing ${when}`, 'none', missing);
    this.report.add(`log groups missing ${when}`, 'none', logGroups.filter((group) => !now.logGroups.includes(group)));
  }

  private async inventory() {
    const { account, client } = this.cloud;
    const { created_at, description, runner_configuration: { auth: _auth, job }, state_storage_configuration } = await this.registered();
    const { body: rules } = await client.call<{ items: RunnerRule[] }>('GET', '/runner-rules?per_page=100');
    return {
      'the runners': await client.runnerIds(),
      'the creation time of the registration': created_at,
      'the description': description,
      'the job': JSON.stringify(job),
      'the location of the state': JSON.stringify(state_storage_configuration),
      'the rules': rules.items.map(({ id, runner_id, env_type_id }) => `${id}: ${env_type_id} to ${runner_id}`),
      'the environment': JSON.stringify((await client.call<Environment>('GET', ENVIRONMENT)).body),
      'the OIDC providers': JSON.stringify(await account.oidcProviders()),
      'the buckets': await account.bucketNames(),
      'the cluster': (await account.cluster(this.module.names.cluster))?.status,
      'registration': await this.registration(),
      'roles': await account.roleNames(),
      'logGroups': await account.logGroupNames(),
    };
  }

  /** The registration without timestamps. */
  private async registration(): Promise<string> {
    const { created_at: _created, updated_at: _updated, ...content } = await this.registered();
    return JSON.stringify(content);
  }

  private async registered(id = this.module.names.id): Promise<Runner> {
    const { status, body } = await this.cloud.client.runner(id);
    if (status !== 200) throw new Error(`The orchestrator answers ${status} for the runner ${id}`);
    return body;
  }
}

type Inventory = Awaited<ReturnType<Migration['inventory']>>;

endToEnd((cloud, report) => new Migration(cloud, report).play());
