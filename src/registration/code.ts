import { createHash } from 'crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { join } from 'path';
import { Stage } from 'aws-cdk-lib';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { DISABLE_ASSET_STAGING_CONTEXT } from 'aws-cdk-lib/cx-api';
import type { Construct } from 'constructs';

const HANDLER_FILE = 'index.js';
const HANDLER = join(__dirname, '..', '..', 'assets', 'registration', HANDLER_FILE);
const CERTIFICATES_FILE = 'extra-ca-certificates.pem';
/** Lambda runs the code as another user than the owner of the files. */
const READABLE_BY_ALL = 0o644;
const DIRECTORY_READABLE_BY_ALL = 0o755;

/** Where Node.js finds the certificates in the Lambda: it reads them before the handler is loaded, and trusts them beside the public ones. */
export const TRUST_CERTIFICATES = { NODE_EXTRA_CA_CERTS: `/var/task/${CERTIFICATES_FILE}` };

/** What Lambda runs: the bundle, and beside it the certificates of private CAs. */
export function handlerCode(scope: Construct, certificates: ReadonlySet<string>): Asset {
  const pem = [...certificates].sort().join('\n');
  const suffix = pem && `-${createHash('sha256').update(pem).digest('hex').slice(0, 16)}`;
  const files = { [HANDLER_FILE]: readFileSync(HANDLER), ...pem && { [CERTIFICATES_FILE]: `${pem}\n` } };
  const path = writeReadable(join(Stage.of(scope)!.outdir, `registration${suffix}`), files);
  const asset = new Asset(scope, `Code${suffix}`, { path });
  if (!scope.node.tryGetContext(DISABLE_ASSET_STAGING_CONTEXT)) {
    // The CDK has made a copy of it.
    rmSync(path, { recursive: true });
  }
  return asset;
}

/**
 * Writes files into a new directory of the cloud assembly, with modes that depend neither on the umask of this process nor on that of the
 * package's installation: both can be 077, and the modes go into the Lambda's archive.
 */
function writeReadable(directory: string, files: Record<string, string | Buffer>): string {
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, DIRECTORY_READABLE_BY_ALL);
  for (const [name, content] of Object.entries(files)) {
    const path = join(directory, name);
    writeFileSync(path, content);
    chmodSync(path, READABLE_BY_ALL);
  }
  return directory;
}
