/** GET and HEAD of objects that do not exist. */
import { strict as assert } from 'node:assert';
import { CreateBucketCommand, GetBucketPolicyCommand, GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { allow, deny, refusal, type Rule, type Statement, type World } from './world';

/** The status codes of HEAD and GET for a missing object, with a role that has these statements. */
async function statusesOf(world: World, statements: (bucket: string) => Statement[]): Promise<number[]> {
  const Bucket = world.name('bucket');
  await world.s3.send(new CreateBucketCommand({ Bucket }));
  await world.s3.send(new PutObjectCommand({ Bucket, Key: 'there', Body: 'x' }));
  const bucket = `arn:aws:s3:::${Bucket}`;
  const s3 = new S3Client({ ...await world.as(await world.role(allow('s3:GetObject', `${bucket}/*`), ...statements(bucket))), forcePathStyle: true });
  try {
    assert.equal(await status(s3.send(new GetObjectCommand({ Bucket, Key: 'there' })).then(async ({ Body }) => Body?.transformToString())), 200);
    return [await status(s3.send(new HeadObjectCommand({ Bucket, Key: 'missing' }))), await status(s3.send(new GetObjectCommand({ Bucket, Key: 'missing' })))];
  } finally {
    s3.destroy();
  }
}

async function status(call: Promise<unknown>): Promise<number> {
  return call.then(() => 200, ({ $metadata }: { $metadata: { httpStatusCode: number } }) => $metadata.httpStatusCode);
}

const onlyPrefix = (bucket: string) => [allow('s3:ListBucket', bucket, { StringEquals: { 's3:prefix': 'env:/' } })];
const NO_PREFIX = { Null: { 's3:prefix': 'true' } };

export const missingObjects: Rule[] = [
  {
    name: 'a missing object is a 404 for a role that can list the bucket, and a 403 for other roles',
    async check(world) {
      assert.deepEqual(await statusesOf(world, (bucket) => [allow('s3:ListBucket', bucket)]), [404, 404]);
      assert.deepEqual(await statusesOf(world, () => []), [403, 403]);
      assert.deepEqual(await statusesOf(world, () => [allow('s3:ListBucket', 'arn:aws:s3:::another')]), [403, 403]);
      assert.deepEqual(await statusesOf(world, (bucket) => [allow('s3:ListBucket', bucket), deny('s3:ListBucket', bucket)]), [403, 403]);
    },
  },
  {
    name: 'a missing bucket and a missing bucket policy are a 404 for a role that cannot list the bucket',
    async check(world) {
      const Bucket = world.name('bucket');
      await world.s3.send(new CreateBucketCommand({ Bucket }));
      const s3 = new S3Client({ ...await world.as(await world.role(allow(['s3:GetObject', 's3:GetBucketPolicy'], '*'))), forcePathStyle: true });
      const errors = [
        await refusal(async () => s3.send(new GetObjectCommand({ Bucket: 'no-such-bucket', Key: 'missing' }))),
        await refusal(async () => s3.send(new GetBucketPolicyCommand({ Bucket }))),
      ];
      s3.destroy();
      assert.deepEqual(errors.map(({ name }) => name), ['NoSuchBucket', 'NoSuchBucketPolicy']);
    },
  },
  {
    name: 'a grant to list a prefix is not sufficient for a missing object, but a grant without a prefix is',
    async check(world) {
      assert.deepEqual(await statusesOf(world, onlyPrefix), [403, 403]);
      assert.deepEqual(await statusesOf(world, (bucket) => [...onlyPrefix(bucket), allow('s3:ListBucket', bucket, NO_PREFIX)]), [404, 404]);
    },
  },
  {
    name: 'a grant to list a prefix is sufficient for a missing object if the emulator is configured accordingly',
    async check(world) {
      await world.emulator.setBehaviour({ prefixGrantsShowMissingObjects: true });
      try {
        assert.deepEqual(await statusesOf(world, onlyPrefix), [404, 404]);
        assert.deepEqual(await statusesOf(world, (bucket) => [allow('s3:ListBucket', bucket, NO_PREFIX)]), [404, 404]);
        assert.deepEqual(await statusesOf(world, () => []), [403, 403]);
      } finally {
        await world.emulator.setBehaviour({ prefixGrantsShowMissingObjects: false });
      }
    },
  },
];
