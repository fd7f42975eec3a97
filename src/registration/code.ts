import { createHash } from 'crypto';
import { cpSync, mkdirSync, writeFileSync } from 'fs';
import { join } from 'path';
import { Stage } from 'aws-cdk-lib';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';

const HANDLER_DIRECTORY = join(__dirname, '..', '..', 'assets', 'registration');
const CERTIFICATES_FILE = 'extra-ca-certificates.pem';

/** Where Node.js finds the certificates in the Lambda: it reads them before the handler is loaded, and trusts them beside the public ones. */
export const TRUST_CERTIFICATES = { NODE_EXTRA_CA_CERTS: `/var/task/${CERTIFICATES_FILE}` };

/** What Lambda runs: the bundle, and beside it the certificates of private CAs. */
export function handlerCode(scope: Construct, certificates: ReadonlySet<string>): Asset {
  if (certificates.size === 0) {
    return new Asset(scope, 'Code', { path: HANDLER_DIRECTORY });
  }
  const pem = [...certificates].sort().join('\n');
  const hash = createHash('sha256').update(pem).digest('hex').slice(0, 16);
  // Made in the cloud assembly, so that nothing of it stays anywhere else.
  const path = join(Stage.of(scope)!.outdir, `registration-${hash}`);
  mkdirSync(path, { recursive: true });
  cpSync(HANDLER_DIRECTORY, path, { recursive: true });
  writeFileSync(join(path, CERTIFICATES_FILE), `${pem}\n`);
  return new Asset(scope, `Code-${hash}`, { path });
}
