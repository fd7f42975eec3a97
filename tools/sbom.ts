/** Writes `dist/sbom.cdx.json`, which goes with a release: what is in the package, as CycloneDX. */
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

/** The bill: npm's own, which has the dependencies that ship, and the one file that is code of its own. */
export function sbom(): { readonly metadata: { readonly component: Component }; readonly components: Component[] } {
  const { status, stdout, stderr } = spawnSync('npm', ['sbom', '--package-lock-only', '--omit', 'dev', '--sbom-format', 'cyclonedx', '--sbom-type', 'library'], { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`npm should make an SBOM, but said: ${stderr}`);
  }
  const bill = JSON.parse(stdout);
  const { name } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return {
    ...bill,
    // npm takes the name of the directory.
    metadata: { ...bill.metadata, component: { ...bill.metadata.component, name } },
    components: [...bill.components, {
      'type': 'file',
      'bom-ref': BUNDLE,
      'name': BUNDLE,
      'description': 'The registration\'s Lambda function. The AWS SDK that it calls is the Lambda runtime\'s.',
      'hashes': [{ alg: 'SHA-256', content: sha256(join(ROOT, BUNDLE)) }],
    }],
  };
}

if (require.main === module) {
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  writeFileSync(join(ROOT, 'dist', 'sbom.cdx.json'), `${JSON.stringify(sbom(), undefined, 2)}\n`);
  console.log('dist/sbom.cdx.json: what is in the package');
}
