import { createHash } from 'crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'fs';
import { join, relative } from 'path';
import { CfnResource, FileAssetPackaging, Stack, Stage } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

const HANDLER_FILE = 'index.js';
const HANDLER = join(__dirname, '..', '..', 'assets', 'registration', HANDLER_FILE);
const CERTIFICATES_FILE = 'extra-ca-certificates.pem';
/** Mode of the files: all users can read them, because Lambda does not run the code as the owner of the files. */
const READABLE_BY_ALL = 0o644;
const DIRECTORY_READABLE_BY_ALL = 0o755;
/** The CDK CLI sets it. @see https://docs.aws.amazon.com/cdk/v2/guide/ref-cli-cmd-synth.html */
const ASSET_METADATA_ENABLED = 'aws:cdk:enable-asset-metadata';

/** Path of the CA certificates in the Lambda. Node.js reads them before it loads the handler, and trusts them in addition to the public CAs. */
export const TRUST_CERTIFICATES = { NODE_EXTRA_CA_CERTS: `/var/task/${CERTIFICATES_FILE}` };

/** The code of the Lambda, as an asset of the stack. */
export interface HandlerCode {
  readonly s3Bucket: string;
  readonly s3Key: string;
  readonly assetPath: string;
}

/**
 * Adds the code to the stack: the bundle, and the certificates of private CAs. Does not use the construct `Asset`, because loading it takes longer
 * than the synthesis of a runner.
 */
export function handlerCode(scope: Construct, certificates: ReadonlySet<string>): HandlerCode {
  const pem = [...certificates].sort().join('\n');
  const files = { [HANDLER_FILE]: readFileSync(HANDLER, 'utf8'), ...pem && { [CERTIFICATES_FILE]: `${pem}\n` } };
  const sourceHash = createHash('sha256').update(JSON.stringify(files)).digest('hex');
  const stage = Stage.of(scope)!;
  const directory = writeReadable(join(stage.assetOutdir, `asset.${sourceHash}`), files);
  const assetPath = relative(stage.outdir, directory);
  const { bucketName, objectKey } = Stack.of(scope).synthesizer.addFileAsset({ fileName: assetPath, packaging: FileAssetPackaging.ZIP_DIRECTORY, sourceHash });
  return { s3Bucket: bucketName, s3Key: objectKey, assetPath };
}

/** Adds the metadata with which tools such as `sam local` find the files of a Lambda. The CDK adds it to its own functions. */
export function describeCode(fn: CfnResource, { assetPath }: HandlerCode): void {
  if (fn.node.tryGetContext(ASSET_METADATA_ENABLED)) {
    fn.addMetadata('aws:asset:path', assetPath);
    fn.addMetadata('aws:asset:is-bundled', false);
    fn.addMetadata('aws:asset:property', 'Code');
  }
}

/**
 * Writes files into a new directory of the cloud assembly, with fixed modes. The modes become part of the Lambda's archive, and must depend neither on the umask of
 * this process nor on that of the package's installation: both can be 077.
 */
function writeReadable(directory: string, files: Record<string, string>): string {
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, DIRECTORY_READABLE_BY_ALL);
  for (const [name, content] of Object.entries(files)) {
    const path = join(directory, name);
    writeFileSync(path, content);
    chmodSync(path, READABLE_BY_ALL);
  }
  return directory;
}
