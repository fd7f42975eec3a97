/** Policies that IAM rejects, and the time until a policy takes effect. */
import { strict as assert } from 'node:assert';
import {
  AttachRolePolicyCommand, CreatePolicyCommand, CreatePolicyVersionCommand, CreateRoleCommand, DeleteRoleCommand, DeleteRolePolicyCommand, GetRoleCommand,
  PutRolePolicyCommand, UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { GetObjectCommand, PutObjectCommand, CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { allow, policy, refusal, until, type Rule, type Statement, type World } from './world';

/** A policy with exactly this number of characters, not counting white space. */
function policyOf(characters: number, base: object = allow('s3:GetObject', 'arn:aws:s3:::b/')): string {
  const filled = (length: number) => policy({ ...base, Sid: 'x'.repeat(length) });
  return filled(characters - filled(1).length + 1);
}

const TRUST = { Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' };
const twice = (statement: object) => policy({ ...statement, Sid: 'Same' }, { ...statement, Sid: 'Same' });
const parsed = (document: string) => JSON.parse(document) as object;
const role = (properties: object) => ({ Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: parsed(policy(TRUST)), ...properties } } });

async function put(world: World, RoleName: string, PolicyName: string, PolicyDocument: string): Promise<void> {
  await world.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }));
}

const said = async (call: () => Promise<unknown>) => {
  const { name, message } = await refusal(call);
  return `${name.replace(/Exception$/, '')}: ${message}`;
};

export const iamRules: Rule[] = [
  {
    name: 'the inline policies of a role have at most 10,240 characters together, without white space',
    async check(world) {
      const { name } = await world.role();
      await put(world, name, 'First', policyOf(6_000));
      await put(world, name, 'Second', JSON.stringify(parsed(policyOf(4_240)), undefined, 8));
      const expected = `LimitExceeded: Maximum policy size of 10240 bytes exceeded for role ${name}`;
      assert.equal(await said(async () => put(world, name, 'Second', policyOf(4_241))), expected);
      assert.equal(await said(async () => put(world, name, 'Third', policyOf(200))), expected);
      await put(world, name, 'First', policyOf(5_999));
    },
  },
  {
    name: 'CloudFormation fails to create a role whose inline policies exceed 10,240 characters together',
    async check(world) {
      const inline = (...sizes: number[]) => role({ Policies: sizes.map((size, index) => ({ PolicyName: `P${index}`, PolicyDocument: parsed(policyOf(size)) })) });
      await world.stack(inline(6_000, 4_240));
      assert.match(await world.failingStack(inline(6_000, 4_241)), /^Maximum policy size of 10240 bytes exceeded for role/);
      const separate = (size: number) => ({
        ...inline(6_000),
        Policy: { Type: 'AWS::IAM::Policy', Properties: { PolicyName: 'Separate', PolicyDocument: parsed(policyOf(size)), Roles: [{ Ref: 'Role' }] } },
      });
      await world.stack(separate(4_240));
      assert.match(await world.failingStack(separate(4_241)), /Maximum policy size of 10240 bytes exceeded for role/);
    },
  },
  {
    name: 'a trust policy has at most 2,048 characters',
    async check(world) {
      const create = async (document: string) => world.iam.send(new CreateRoleCommand({ RoleName: world.name('role'), AssumeRolePolicyDocument: document }));
      await create(policyOf(2_048, TRUST));
      const expected = 'LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048';
      assert.equal(await said(async () => create(policyOf(2_049, TRUST))), expected);
      const { name } = await world.role();
      assert.equal(await said(async () => world.iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: name, PolicyDocument: policyOf(2_049, TRUST) }))), expected);
      await world.stack(role({ AssumeRolePolicyDocument: parsed(policyOf(2_048, TRUST)) }));
      assert.match(await world.failingStack(role({ AssumeRolePolicyDocument: parsed(policyOf(2_049, TRUST)) })), /^Cannot exceed quota for ACLSizePerRole: 2048/);
    },
  },
  {
    name: 'a managed policy has at most 6,144 characters, and a role at most ten of them',
    async check(world) {
      const create = async (size: number) => world.iam.send(new CreatePolicyCommand({ PolicyName: world.name('policy'), PolicyDocument: policyOf(size) }));
      const { Policy } = await create(6_144);
      const expected = 'LimitExceeded: Cannot exceed quota for PolicySize: 6144';
      assert.equal(await said(async () => create(6_145)), expected);
      assert.equal(await said(async () => world.iam.send(new CreatePolicyVersionCommand({ PolicyArn: Policy!.Arn, PolicyDocument: policyOf(6_145) }))), expected);
      const managed = (size: number) => ({ Policy: { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument: parsed(policyOf(size)) } } });
      await world.stack(managed(6_144));
      assert.match(await world.failingStack(managed(6_145)), /^Cannot exceed quota for PolicySize: 6144/);

      const { name } = await world.role();
      const attach = async () => {
        const created = await create(200);
        await world.iam.send(new AttachRolePolicyCommand({ RoleName: name, PolicyArn: created.Policy!.Arn }));
      };
      for (let count = 0; count < 10; count++) await attach();
      assert.equal(await said(attach), 'LimitExceeded: Cannot exceed quota for PoliciesPerRole: 10');
    },
  },
  {
    name: 'a Sid must be unique in its policy and can contain only letters and digits',
    async check(world) {
      const { name } = await world.role();
      const statement = allow('s3:GetObject', '*');
      const expected = 'MalformedPolicyDocument: Statement IDs (SID) in a single policy must be unique.';
      assert.equal(await said(async () => put(world, name, 'P', twice(statement))), expected);
      assert.equal(await said(async () => world.iam.send(new CreatePolicyCommand({ PolicyName: world.name('policy'), PolicyDocument: twice(statement) }))), expected);
      assert.equal(await said(async () => world.iam.send(new CreateRoleCommand({ RoleName: world.name('role'), AssumeRolePolicyDocument: twice(TRUST) }))), expected);
      for (const resources of [
        role({ Policies: [{ PolicyName: 'P', PolicyDocument: parsed(twice(statement)) }] }),
        role({ AssumeRolePolicyDocument: parsed(twice(TRUST)) }),
        { ...role({}), Policy: { Type: 'AWS::IAM::Policy', Properties: { PolicyName: 'P', PolicyDocument: parsed(twice(statement)), Roles: [{ Ref: 'Role' }] } } },
      ]) assert.match(await world.failingStack(resources), /Statement IDs \(SID\) in a single policy must be unique\./);
      assert.match(await said(async () => put(world, name, 'P', policy({ ...statement, Sid: 'no-hyphens' }))), /^MalformedPolicyDocument: Statement IDs \(SID\) must be alpha-numeric\./);
      // Different policies of a role can have the same Sid.
      for (const PolicyName of ['A', 'B']) await put(world, name, PolicyName, policy({ ...statement, Sid: 'Same' }));
    },
  },
  {
    name: 'the resources of a policy must be ARNs',
    async check(world) {
      const { name } = await world.role();
      assert.equal(await said(async () => put(world, name, 'P', policy(allow('s3:GetObject', ['arn:aws:s3:::b/*', 'bucket'])))),
        'MalformedPolicyDocument: Resource bucket must be in ARN format or "*".');
    },
  },
  {
    name: 'CloudFormation fails to create a role with an existing name',
    async check(world) {
      const { name } = await world.role(allow('s3:GetObject', '*'));
      assert.equal(await world.failingStack(role({ RoleName: name })), `Role with name ${name} already exists. (Service: Iam, Status Code: 409)`);
      assert.ok((await world.iam.send(new GetRoleCommand({ RoleName: name }))).Role, 'the rollback deleted the existing role');
    },
  },
  {
    name: 'a new or changed policy takes effect after some seconds if the emulator has a policy delay',
    async check(world) {
      const Bucket = world.name('bucket');
      await world.s3.send(new CreateBucketCommand({ Bucket }));
      await world.s3.send(new PutObjectCommand({ Bucket, Key: 'object', Body: 'x' }));
      const reader = async (...statements: Statement[]) => {
        const created = await world.role(...statements);
        const s3 = new S3Client({ ...await world.as(created), forcePathStyle: true });
        const read = async () => s3.send(new GetObjectCommand({ Bucket, Key: 'object' })).then(async ({ Body }) => Body?.transformToString());
        return { ...created, read, reads: async () => read().then(() => true, () => false) };
      };
      const readable = allow('s3:GetObject', `arn:aws:s3:::${Bucket}/*`);
      const before = await reader(readable);
      const changed = await reader(readable);
      await world.emulator.setBehaviour({ policyDelayMs: 1_000 });
      try {
        assert.equal(await before.reads(), true);
        await world.putPolicy(changed.name, allow('s3:PutObject', '*'));
        const created = await reader(readable);
        assert.deepEqual([await changed.reads(), await created.reads()], [true, false]);
        await until(async () => await created.reads() && !await changed.reads());
        await world.iam.send(new DeleteRolePolicyCommand({ RoleName: before.name, PolicyName: 'Policy' }));
        await world.iam.send(new DeleteRoleCommand({ RoleName: before.name }));
        assert.equal((await refusal(before.read)).status, 403);
      } finally {
        await world.emulator.setBehaviour({ policyDelayMs: 0 });
      }
    },
  },
];
