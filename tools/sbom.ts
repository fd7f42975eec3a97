/** Writes `dist/sbom.cdx.json`, the CycloneDX list of the package's contents (SBOM). It is attached to each release. */
import { spawnSync } from 'child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'fs';
import { join } from 'path';
import { ROOT } from './assembly';
import { sha256 } from './reproducible';

const BUNDLE = 'assets/registration/index.js';

export interface Component {
  readonly type: string;
  readonly name: string;
  readonly hashes?: { readonly alg: string; readonly content: string }[];
}

/** npm's SBOM, which lists the shipped dependencies, plus the handler's bundle. */
export function sbom(): { readonly metadata: { readonly component: Component }; readonly components: Component[] } {
  const { status, stdout, stderr } = spawnSync('npm', ['sbom', '--package-lock-only', '--omit', 'dev', '--sbom-format', 'cyclonedx', '--sbom-type', 'library'], { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`npm sbom failed: ${stderr}`);
  }
  const bill = JSON.parse(stdout);
  const { name } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return {
    ...bill,
    // npm uses the name of the directory instead of the package name.
    metadata: { ...bill.metadata, component: { ...bill.metadata.component, name } },
    components: [...bill.components, {
      'type': 'file',
      'bom-ref': BUNDLE,
      'name': BUNDLE,
      'description': 'The Lambda function of the registration. It uses the AWS SDK of the Lambda runtime.',
      'hashes': [{ alg: 'SHA-256', content: sha256(join(ROOT, BUNDLE)) }],
    }],
  };
}

if (require.main === module) {
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  writeFileSync(join(ROOT, 'dist', 'sbom.cdx.json'), `${JSON.stringify(sbom(), undefined, 2)}\n`);
  console.log('Wrote dist/sbom.cdx.json');
}
