/** Task events and the log group that receives them. */
import { strict as assert } from 'node:assert';
import { CreateLogGroupCommand, DeleteResourcePolicyCommand, FilterLogEventsCommand, PutResourcePolicyCommand } from '@aws-sdk/client-cloudwatch-logs';
import { StopTaskCommand, SubmitTaskStateChangeCommand } from '@aws-sdk/client-ecs';
import { createCluster, registerTask, runTask } from './task-support';
import { policy, until, type Rule, type World } from './world';
import { sign } from '../../src/doctor/aws/signature';

interface TaskEvent {
  readonly 'source': string;
  readonly 'detail-type': string;
  readonly 'account': string;
  readonly 'region': string;
  readonly 'resources': string[];
  readonly 'detail': Record<string, unknown> & { readonly lastStatus: string; readonly version: number; readonly containers: { name: string; exitCode?: number }[] };
}

const SERVICES = ['events.amazonaws.com', 'delivery.logs.amazonaws.com'];

/** An event rule for the tasks of one family, and its log group. */
class EventLog {
  public static async create(world: World): Promise<EventLog> {
    const log = new EventLog(world, world.name('/aws/ecs/log'), world.name('family'));
    await world.logs.send(new CreateLogGroupCommand({ logGroupName: log.group }));
    await world.stack({
      Rule: {
        Type: 'AWS::Events::Rule',
        Properties: {
          EventPattern: { 'source': ['aws.ecs'], 'detail-type': ['ECS Task State Change'], 'detail': { group: [`family:${log.family}`] } },
          Targets: [{ Id: 'Log', Arn: log.arn }],
        },
      },
    });
    return log;
  }

  private constructor(private readonly world: World, public readonly group: string, public readonly family: string) {}

  public get arn(): string {
    return `arn:aws:logs:${this.world.region}:${this.world.account}:log-group:${this.group}`;
  }

  /** Creates the documented resource policy, or one with other principals or another rule. Returns a function that deletes it. */
  public async allow(Service: string[] = SERVICES, rule = `arn:aws:events:${this.world.region}:${this.world.account}:rule/*`): Promise<() => Promise<unknown>> {
    const statement = { Effect: 'Allow', Principal: { Service }, Resource: `${this.arn}:*` };
    const policyName = this.world.name('policy');
    await this.world.logs.send(new PutResourcePolicyCommand({
      policyName,
      policyDocument: policy(
        { ...statement, Action: 'logs:CreateLogStream' },
        { ...statement, Action: 'logs:PutLogEvents', Condition: { ArnLike: { 'aws:SourceArn': rule } } },
      ),
    }));
    return async () => this.world.logs.send(new DeleteResourcePolicyCommand({ policyName }));
  }

  public async events(): Promise<TaskEvent[]> {
    const { events = [] } = await this.world.logs.send(new FilterLogEventsCommand({ logGroupName: this.group }));
    return events.map(({ message }) => JSON.parse(message ?? '{}') as TaskEvent);
  }
}

/** The response of SQS to ReceiveMessage. */
async function messages(world: World, queueUrl: string): Promise<string> {
  const body = new URLSearchParams({ Action: 'ReceiveMessage', QueueUrl: queueUrl, Version: '2012-11-05' }).toString();
  const request = { method: 'POST', url: new URL(world.emulator.url), headers: { 'content-type': 'application/x-www-form-urlencoded' }, body };
  const { host, ...headers } = sign(request, 'sqs', world.region, world.settings.credentials);
  return (await fetch(request.url, { method: 'POST', headers, body })).text();
}

export const taskEvents: Rule[] = [
  {
    name: 'each state change of a task sends an event to the log group of a matching rule',
    async check(world) {
      const log = await EventLog.create(world);
      const revoke = await log.allow();
      const cluster = await createCluster(world);
      await runTask(world, await registerTask(world), cluster);
      const task = await runTask(world, await registerTask(world, { family: log.family }), cluster);
      await world.ecs.send(new StopTaskCommand({ cluster, task: task.taskArn, reason: 'told to' }));
      await until(async () => (await log.events()).length >= 5);
      const events = await log.events();
      assert.deepEqual(events.map(({ detail }) => detail.lastStatus), ['PROVISIONING', 'PENDING', 'RUNNING', 'DEPROVISIONING', 'STOPPED']);
      assert.deepEqual(events.map(({ detail }) => detail.desiredStatus), ['RUNNING', 'RUNNING', 'RUNNING', 'STOPPED', 'STOPPED']);
      const versions = events.map(({ detail }) => detail.version);
      assert.deepEqual(versions, [...new Set(versions)].sort((a, b) => a - b));
      assert.deepEqual(events.map(({ detail }) => 'startedAt' in detail), [false, false, true, true, true]);
      assert.deepEqual(events.map(({ detail }) => 'stoppedAt' in detail), [false, false, false, false, true]);
      const last = events[4]!;
      assert.deepEqual([last.source, last['detail-type'], last.account, last.region, last.resources],
        ['aws.ecs', 'ECS Task State Change', world.account, world.region, [task.taskArn]]);
      assert.deepEqual([last.detail.group, last.detail.stopCode, last.detail.stoppedReason, last.detail.launchType, last.detail.cpu, last.detail.memory],
        [`family:${log.family}`, 'UserInitiated', 'told to', 'FARGATE', '512', '1024']);
      assert.ok(!('tags' in last.detail));
      await revoke();
    },
  },
  {
    name: 'the event of a task that could not start contains the reason',
    async check(world) {
      const log = await EventLog.create(world);
      const revoke = await log.allow();
      const secrets = { A: `arn:aws:secretsmanager:${world.region}:${world.account}:secret:missing-AbCdEf` };
      const definition = await registerTask(world, { family: log.family, executionRole: (await world.role()).arn, secrets });
      await runTask(world, definition, await createCluster(world));
      await until(async () => (await log.events()).length >= 4);
      const events = await log.events();
      assert.deepEqual(events.map(({ detail }) => detail.lastStatus), ['PROVISIONING', 'PENDING', 'DEPROVISIONING', 'STOPPED']);
      const { detail } = events[3]!;
      assert.equal(detail.stopCode, 'TaskFailedToStart');
      assert.match(String(detail.stoppedReason), /^ResourceInitializationError: unable to pull secrets .* AccessDeniedException/);
      assert.ok(!('startedAt' in detail) && !('exitCode' in detail.containers[0]!));
      await revoke();
    },
  },
  {
    name: 'a task stops when its container stops, and reports the exit code',
    async check(world) {
      const log = await EventLog.create(world);
      const revoke = await log.allow();
      const cluster = await createCluster(world);
      const task = await runTask(world, await registerTask(world, { family: log.family }), cluster);
      await world.ecs.send(new SubmitTaskStateChangeCommand({ cluster, task: task.taskArn, status: 'STOPPED', containers: [{ containerName: 'main', exitCode: 3, status: 'STOPPED' }] }));
      await until(async () => (await log.events()).length >= 5);
      const { detail } = (await log.events())[4]!;
      assert.deepEqual([detail.stopCode, detail.stoppedReason, detail.containers[0]!.exitCode], ['EssentialContainerExited', 'Essential container in task exited', 3]);
      await revoke();
    },
  },
  {
    name: 'events are lost without a resource policy for both services and for the rule',
    async check(world) {
      const cluster = await createCluster(world);
      const delivered = async (...grant: Parameters<EventLog['allow']> | [false]) => {
        const log = await EventLog.create(world);
        const revoke = grant[0] === false ? undefined : await log.allow(...grant as Parameters<EventLog['allow']>);
        await runTask(world, await registerTask(world, { family: log.family }), cluster);
        const { length } = await log.events();
        await revoke?.();
        return length;
      };
      assert.equal(await delivered(false), 0);
      assert.equal(await delivered(SERVICES.slice(0, 1)), 0);
      assert.equal(await delivered(SERVICES, `arn:aws:events:eu-west-1:${world.account}:rule/*`), 0);
      assert.equal(await delivered(), 3);
    },
  },
  {
    name: 'a rule sends events to other types of targets, but not to log groups of another region',
    async check(world) {
      const log = await EventLog.create(world);
      const elsewhere = log.arn.replace(`:${world.region}:`, ':eu-west-1:');
      const Service = SERVICES;
      await world.logs.send(new PutResourcePolicyCommand({
        policyName: world.name('policy'), policyDocument: policy({ Effect: 'Allow', Principal: { Service }, Action: 'logs:*', Resource: `${elsewhere}:*` }),
      }));
      const EventPattern = { source: ['aws.ecs'], detail: { group: [`family:${log.family}`], lastStatus: ['RUNNING'] } };
      const { ids: { Queue } } = await world.stack({
        Queue: { Type: 'AWS::SQS::Queue', Properties: {} },
        Rule: { Type: 'AWS::Events::Rule', Properties: { EventPattern, Targets: [{ Id: 'Elsewhere', Arn: elsewhere }, { Id: 'Queue', Arn: { 'Fn::GetAtt': ['Queue', 'Arn'] } }] } },
      });
      await runTask(world, await registerTask(world, { family: log.family }), await createCluster(world));
      await until(async () => (await messages(world, Queue!)).includes(log.family));
      assert.deepEqual(await log.events(), []);
    },
  },
];
