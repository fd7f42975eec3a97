import { readFileSync } from 'fs';
import { join } from 'path';

const ROOT = join(__dirname, '..');
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

test('users get no dependency but the peers', () => {
  expect(manifest.dependencies).toBeUndefined();
  expect(manifest.bundledDependencies).toBeUndefined();
  expect(manifest.bundleDependencies).toBeUndefined();
  expect(Object.keys(manifest.peerDependencies).sort()).toEqual(['aws-cdk-lib', 'constructs']);
});

test('the handler is small, and brings no SDK', () => {
  const bundle = readFileSync(join(ROOT, 'assets', 'registration', 'index.js'), 'utf8');
  expect(Buffer.byteLength(bundle)).toBeLessThan(20_000);
  expect(bundle).toContain('@aws-sdk/client-secrets-manager');
  expect(bundle).not.toContain('smithy');
});
