import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { Linter } from 'eslint';

const ROOT = join(__dirname, '..');
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

test('the package depends only on its peers', () => {
  expect(manifest.dependencies).toBeUndefined();
  expect(manifest.bundledDependencies).toBeUndefined();
  expect(manifest.bundleDependencies).toBeUndefined();
  expect(Object.keys(manifest.peerDependencies).sort()).toEqual(['aws-cdk-lib', 'constructs']);
});

test('the bundle of the handler is at most 32 KB and contains no AWS SDK', () => {
  const bundle = readFileSync(join(ROOT, 'assets', 'registration', 'index.js'), 'utf8');
  expect(Buffer.byteLength(bundle)).toBeLessThanOrEqual(32_000);
  expect(bundle).toContain('@aws-sdk/client-secrets-manager');
  expect(bundle).not.toContain('smithy');
});

describe('the workflows', () => {
  const directory = join(ROOT, '.github', 'workflows');
  const workflows = readdirSync(directory).map(file => [file, readFileSync(join(directory, file), 'utf8')] as const);
  const release = readFileSync(join(directory, 'release.yml'), 'utf8');
  /** The text of one job in release.yml. */
  const job = (name: string) => release.split(new RegExp(`^  ${name}:$`, 'm'))[1].split(/^ {2}\w+:$/m)[0];

  test.each(workflows)('%s names each action by a commit or a whole version', (_, text) => {
    const actions = [...text.matchAll(/uses: (\S+)/g)].map(([, action]) => action);
    expect(actions).not.toEqual([]);
    expect(actions.filter(action => !/@([0-9a-f]{40}|v\d+\.\d+\.\d+)$/.test(action))).toEqual([]);
    // Tools that npx downloads must be pinned, too.
    expect([...text.matchAll(/npx .*publib\S*/g)].filter(([command]) => !/publib@\d+\.\d+\.\d+/.test(command))).toEqual([]);
  });

  test('release.yml fetches the tags, because it derives the version from them', () => {
    expect(release).toContain('fetch-depth: 0');
  });

  test.each(['release_npm', 'release_pypi', 'release_maven'])('%s signs its artifacts before it publishes them', (name) => {
    const text = job(name);
    expect(text).toMatch(/permissions:\n(?: {6}.*\n)* {6}attestations: write\n/);
    expect(text).toMatch(/permissions:\n(?: {6}.*\n)* {6}id-token: write\n/);
    expect(text.indexOf('uses: actions/attest@')).toBeGreaterThan(0);
    expect(text.indexOf('uses: actions/attest@')).toBeLessThan(text.indexOf('- name: Release\n'));
  });

  test('npm publishes without a token, with provenance and SBOM', () => {
    const text = job('release_npm');
    expect(text).toContain('NPM_CONFIG_PROVENANCE: "true"');
    expect(text).toContain('NPM_TRUSTED_PUBLISHER: "true"');
    expect(text).not.toMatch(/NPM_TOKEN|NPM_REGISTRY/);
    expect(text).toContain('sbom-path: dist.old/sbom.cdx.json');
    expect(job('release_github')).toContain('dist/sbom.cdx.json');
    expect(job('release_pypi')).toContain('PYPI_TRUSTED_PUBLISHER: "true"');
  });
});

test.each([
  ['refuses', 'merged.get(key)?.addResources(arn) ?? merged.set(key, statement);', 1],
  ['refuses', 'merged.get(key)?.addResources(arn) || merged.set(key, statement);', 1],
  ['accepts', 'const value = merged.get(key)?.copy() ?? statement;', 0],
])('the linter %s "%s"', (_, code, problems) => {
  const text = readFileSync(join(ROOT, '.eslintrc.json'), 'utf8');
  const { rules } = JSON.parse(text.slice(text.indexOf('{')));
  const found = new Linter({ configType: 'flat' }).verify(code, [{ languageOptions: { ecmaVersion: 2022 }, rules: { 'no-restricted-syntax': rules['no-restricted-syntax'] } }]);
  expect(found.length).toBe(problems);
});
