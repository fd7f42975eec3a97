/** The start of tasks, and the reasons why it fails. */
import { strict as assert } from 'node:assert';
import { RegisterTaskDefinitionCommand, RunTaskCommand } from '@aws-sdk/client-ecs';
import { CreateRoleCommand } from '@aws-sdk/client-iam';
import { CreateSecretCommand, DeleteSecretCommand, PutResourcePolicyCommand } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand } from '@aws-sdk/client-ssm';
import { createCluster, createNetwork, describeTask, registerTask, runTask, startTask, type Network } from './task-support';
import { allow, deny, policy, refusal, until, type Rule, type World } from './world';

const START = 'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: ';

async function secret(world: World, { kmsKey, value = 'x' }: { kmsKey?: string; value?: string } = {}): Promise<string> {
  const { ARN } = await world.secrets.send(new CreateSecretCommand({ Name: world.name('secret'), SecretString: value, KmsKeyId: kmsKey }));
  return ARN!;
}

async function parameter(world: World, kmsKey?: string): Promise<string> {
  const Name = `/${world.name('parameter')}`;
  await world.ssm.send(new PutParameterCommand({ Name, Value: 'x', Type: 'SecureString', KeyId: kmsKey }));
  return `arn:aws:ssm:${world.region}:${world.account}:parameter${Name}`;
}

/** A customer managed key whose policy delegates to IAM. */
async function key(world: World): Promise<string> {
  const KeyPolicy = JSON.parse(policy({ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${world.account}:root` }, Action: 'kms:*', Resource: '*' })) as object;
  const { ids } = await world.stack({ Key: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy } } });
  return `arn:aws:kms:${world.region}:${world.account}:key/${ids.Key}`;
}

async function starts(world: World, secrets: Record<string, string>, ...statements: Parameters<World['role']>): Promise<void> {
  const task = await startTask(world, { executionRole: (await world.role(...statements)).arn, secrets });
  assert.deepEqual([task.lastStatus, task.stoppedReason ?? ''], ['RUNNING', '']);
}

/** The reason why the task did not start. */
async function failsToStart(world: World, secrets: Record<string, string>, ...statements: Parameters<World['role']>): Promise<string> {
  const role = await world.role(...statements);
  const task = await startTask(world, { executionRole: role.arn, secrets });
  assert.deepEqual([task.lastStatus, task.stopCode], ['STOPPED', 'TaskFailedToStart']);
  assert.equal(task.startedAt, undefined);
  assert.equal(task.containers![0]!.exitCode, undefined);
  return task.stoppedReason!.replace(role.name, 'ROLE').replace(/ROLE\/[0-9a-f-]+/g, 'ROLE/TASK').replace(/request id: [0-9a-f-]+$/, 'request id: UUID');
}

export const tasks: Rule[] = [
  {
    name: 'a task with several readable secrets and parameters starts',
    async check(world) {
      const [first, second, third] = [await secret(world), await secret(world), await parameter(world)];
      await starts(world, { A: first, B: second, C: third },
        allow('secretsmanager:GetSecretValue', [first, second]), allow('ssm:GetParameters', third));
    },
  },
  {
    name: 'a task with a secret that the execution role cannot read stops with the reason that AWS gives',
    async check(world) {
      const [readable, other] = [await secret(world), await secret(world)];
      for (const secrets of [{ A: readable, B: other }, { A: other, B: readable }]) {
        const reason = await failsToStart(world, secrets, allow('secretsmanager:GetSecretValue', readable));
        assert.equal(reason, `${START}unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret ${other} from secrets manager: `
          + `AccessDeniedException: User: arn:aws:sts::${world.account}:assumed-role/ROLE/TASK is not authorized to perform: secretsmanager:GetSecretValue on resource: ${other} `
          + 'because no identity-based policy allows the secretsmanager:GetSecretValue action status code: 400, request id: UUID');
      }
    },
  },
  {
    name: 'a task with a parameter that the execution role cannot read stops with the reason that AWS gives',
    async check(world) {
      const [readable, other] = [await parameter(world), await parameter(world)];
      const reason = await failsToStart(world, { A: readable, B: other }, allow('ssm:GetParameters', readable));
      assert.match(reason, /unable to retrieve secrets from ssm: service call has been retried 1 time\(s\): AccessDeniedException: .* not authorized to perform: ssm:GetParameters on resource: /);
      assert.ok(reason.includes(other));
    },
  },
  {
    name: 'an explicit deny of a secret stops the task',
    async check(world) {
      const arn = await secret(world);
      const reason = await failsToStart(world, { A: arn }, allow('secretsmanager:GetSecretValue', '*'), deny('secretsmanager:*', arn));
      assert.match(reason, /with an explicit deny in an identity-based policy/);
    },
  },
  {
    name: 'the resource policy of a secret can deny the execution role',
    async check(world) {
      const arn = await secret(world);
      const readable = allow('secretsmanager:GetSecretValue', '*');
      await starts(world, { A: arn }, readable);
      const ResourcePolicy = policy({ Effect: 'Deny', Principal: '*', Action: 'secretsmanager:GetSecretValue', Resource: '*' });
      await world.secrets.send(new PutResourcePolicyCommand({ SecretId: arn, ResourcePolicy }));
      assert.match(await failsToStart(world, { A: arn }, readable), /not authorized to perform: secretsmanager:GetSecretValue/);
    },
  },
  {
    name: 'a missing secret or parameter, a deleted secret and a missing JSON field stop the task',
    async check(world) {
      const statements = [allow(['secretsmanager:GetSecretValue', 'ssm:GetParameters'], '*')];
      const missing = `arn:aws:secretsmanager:${world.region}:${world.account}:secret:missing-AbCdEf`;
      assert.match(await failsToStart(world, { A: missing }, ...statements), /ResourceNotFoundException: Secrets Manager can't find the specified secret\./);
      const parameterArn = `arn:aws:ssm:${world.region}:${world.account}:parameter/missing`;
      assert.match(await failsToStart(world, { A: parameterArn }, ...statements), /unable to retrieve secrets from ssm: .* invalid parameters: .*parameter\/missing/);
      const deleted = await secret(world);
      await world.secrets.send(new DeleteSecretCommand({ SecretId: deleted }));
      assert.match(await failsToStart(world, { A: deleted }, ...statements), /ResourceNotFoundException/);
      const json = await secret(world, { value: '{"a":"b"}' });
      assert.match(await failsToStart(world, { A: `${json}:c::` }, ...statements), /did not contain json key c/);
      await starts(world, { A: `${json}:a::` }, ...statements);
    },
  },
  {
    name: 'a partial secret ARN whose name ends in a hyphen and six characters is not found',
    async check(world) {
      const { ARN } = await world.secrets.send(new CreateSecretCommand({ Name: 'orchestrator-secret', SecretString: 'x' }));
      const partial = ARN!.slice(0, -7);
      assert.match(await failsToStart(world, { A: partial }, allow('secretsmanager:GetSecretValue', '*')), /ResourceNotFoundException/);
      const plain = await secret(world);
      await starts(world, { A: plain.slice(0, -7) }, allow('secretsmanager:GetSecretValue', '*'));
    },
  },
  {
    name: 'a secret or parameter with a customer managed key needs kms:Decrypt for its own encryption context',
    async check(world) {
      const keyArn = await key(world);
      const [secretArn, parameterArn] = [await secret(world, { kmsKey: keyArn }), await parameter(world, keyArn)];
      const read = [allow('secretsmanager:GetSecretValue', secretArn), allow('ssm:GetParameters', parameterArn)];
      const decrypt = (service: string, name: string, value: string) => allow('kms:Decrypt', keyArn, {
        StringEquals: { 'kms:ViaService': `${service}.${world.region}.amazonaws.com`, [`kms:EncryptionContext:${name}`]: value },
      });
      assert.match(await failsToStart(world, { A: secretArn }, ...read), /AccessDeniedException: Access to KMS is not allowed/);
      assert.match(await failsToStart(world, { A: parameterArn }, ...read), /The ciphertext refers to a customer master key that does not exist/);
      const forAnother = decrypt('secretsmanager', 'SecretARN', `${secretArn}-other`);
      assert.match(await failsToStart(world, { A: secretArn }, ...read, forAnother), /Access to KMS is not allowed/);
      const [forSecret, forParameter] = [decrypt('secretsmanager', 'SecretARN', secretArn), decrypt('ssm', 'PARAMETER_ARN', parameterArn)];
      await starts(world, { A: secretArn, B: parameterArn }, ...read, forSecret, forParameter);
    },
  },
  {
    name: 'RunTask returns a task in PROVISIONING, which runs later',
    async check(world) {
      await world.emulator.setBehaviour({ taskStartMs: 1_500 });
      const task = await runTask(world, await registerTask(world), await createCluster(world)).finally(async () => world.emulator.setBehaviour({ taskStartMs: 0 }));
      assert.equal(task.lastStatus, 'PROVISIONING');
      assert.equal((await describeTask(world, task)).lastStatus, 'PROVISIONING');
      await until(async () => (await describeTask(world, task)).lastStatus === 'PENDING');
      await until(async () => (await describeTask(world, task)).lastStatus === 'RUNNING');
    },
  },
  {
    name: 'RunTask rejects a cluster that does not exist',
    async check(world) {
      const definition = await registerTask(world);
      assert.deepEqual(await refusal(async () => runTask(world, definition, 'no-such-cluster')),
        { name: 'ClusterNotFoundException', message: 'Cluster not found.', status: 400 });
    },
  },
  {
    name: 'RunTask rejects a role that does not trust ECS tasks of the account and region',
    async check(world) {
      const cluster = await createCluster(world);
      const trusting = async (Principal: object, Condition?: object) => {
        const { Role } = await world.iam.send(new CreateRoleCommand({
          RoleName: world.name('role'), AssumeRolePolicyDocument: policy({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', Condition }),
        }));
        return Role!.Arn!;
      };
      const tasksOf = (region: string) => ({ ArnLike: { 'aws:SourceArn': `arn:aws:ecs:${region}:${world.account}:*` } });
      const ecs = { Service: 'ecs-tasks.amazonaws.com' };
      for (const arn of [await trusting({ Service: 'lambda.amazonaws.com' }), await trusting(ecs, tasksOf('eu-west-1'))]) {
        for (const options of [{ taskRole: arn }, { executionRole: arn }]) {
          const definition = await registerTask(world, options);
          const { name, message } = await refusal(async () => runTask(world, definition, cluster));
          assert.deepEqual([name, message.split('. ')[0]], ['ClientException', `ECS was unable to assume the role '${arn}' that was provided for this task`]);
        }
      }
      const right = await trusting(ecs, tasksOf(world.region));
      await runTask(world, await registerTask(world, { taskRole: right, executionRole: right }), cluster);
    },
  },
  {
    name: 'RunTask rejects subnets and security groups that do not exist or are in different VPCs',
    async check(world) {
      const [one, other] = [await createNetwork(world), await createNetwork(world)];
      const cluster = await createCluster(world);
      const definition = await registerTask(world);
      const run = async (network?: Network) => runTask(world, definition, cluster, { networkConfiguration: network && { awsvpcConfiguration: network } });
      const refused = async (network?: Network) => (await refusal(async () => run(network))).message;
      assert.equal(await refused(), 'Network Configuration must be provided when networkMode \'awsvpc\' is specified.');
      assert.match(await refused({ ...one, subnets: ['subnet-1'] }), /^Error retrieving subnet information for \[subnet-1\]: The subnet ID 'subnet-1' does not exist/);
      assert.match(await refused({ ...one, securityGroups: ['sg-1'] }), /^Error retrieving security group information for \[sg-1\]: The security group 'sg-1' does not exist/);
      assert.match(await refused({ ...one, securityGroups: other.securityGroups }), /does not appear to belong to the same VPC as the input subnets/);
      assert.match(await refused({ ...one, subnets: [...one.subnets, ...other.subnets] }), /^The subnets are in different VPCs/);
      assert.match(await refused({ ...one, securityGroups: Array.from({ length: 6 }, () => one.securityGroups[0]!) }), /^securityGroups can have at most 5 items/);
      await run(other);
      // Tasks in other network modes have no network configuration.
      const { taskDefinition } = await world.ecs.send(new RegisterTaskDefinitionCommand({
        family: world.name('family'), networkMode: 'bridge', containerDefinitions: [{ name: 'main', image: 'x', memory: 128 }],
      }));
      await world.ecs.send(new RunTaskCommand({ cluster, taskDefinition: taskDefinition!.taskDefinitionArn }));
    },
  },
];
