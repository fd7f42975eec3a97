import { execFile } from 'child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';
import { promisify } from 'util';
import { App, Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { selfSigned } from '../certificates';
import { newStack, only, runnerIn } from '../support';

const ROOT = join(__dirname, '..', '..');
const run = promisify(execFile);

/** One stack whose Lambda contains only the handler, and one whose Lambda also trusts a private CA. */
const APP = `
import { App, Stack } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { ApiToken, EcsRunner, Orchestrator } from './src';
const app = new App();
for (const [id, extraCaCertificates] of [['Plain'], ['PrivateCa', process.env.CA]] as const) {
  const stack = new Stack(app, id, { env: { account: '123456789012', region: 'us-east-1' } });
  const apiToken = ApiToken.fromSecretsManager(secretsmanager.Secret.fromSecretNameV2(stack, 'Token', 'humanitec-api-token'));
  new EcsRunner(stack, 'Runner', {
    subnetIds: ['subnet-11111111'],
    orchestrator: Orchestrator.selfHosted({
      orgId: 'my-org', apiToken, apiUrl: 'https://orchestrator.example.com', oidcIssuerUrl: \`https://\${id.toLowerCase()}.example.com\`, extraCaCertificates,
    }),
  });
}
app.synth();
`;

interface Synthesized {
  /** The file modes of the Lambda's code, by stack and file. */
  readonly modes: Record<string, Record<string, string>>;
  /** The object keys of the Lambda's code, by stack. */
  readonly keys: Record<string, string>;
}

/** The directory that the CDK packs into the Lambda's archive. */
function codeOf(outdir: string, stack: string, key: string): string {
  const { files } = JSON.parse(readFileSync(join(outdir, `${stack}.assets.json`), 'utf8'));
  return resolve(outdir, files[key.replace('.zip', '')].source.path);
}

/** Installs the library and synthesizes the app with the umask, in the given directory. */
async function synthesizeWith(umask: string, directory: string, certificate: string): Promise<Synthesized> {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'app.ts'), APP);
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  const outdir = join(directory, 'cdk.out');
  const commands = 'umask "$1" && cp -R "$2/src" "$2/assets" "$2/package.json" "$2"/tsconfig*.json . && exec node_modules/.bin/tsx --tsconfig tsconfig.dev.json app.ts';
  await run('sh', ['-c', commands, 'sh', umask, ROOT], {
    cwd: directory, env: { PATH: process.env.PATH, CDK_OUTDIR: outdir, CDK_VALIDATION: 'false', CA: certificate },
  });
  const modes: Synthesized['modes'] = {};
  const keys: Synthesized['keys'] = {};
  for (const stack of ['Plain', 'PrivateCa']) {
    const { Resources: resources } = JSON.parse(readFileSync(join(outdir, `${stack}.template.json`), 'utf8'));
    const [{ Properties: { Code: { S3Key: key } } }] = Object.values<any>(resources).filter(({ Type: type }) => type === 'AWS::Lambda::Function');
    const code = codeOf(outdir, stack, key);
    keys[stack] = key;
    modes[stack] = Object.fromEntries(readdirSync(code).sort().map(file => [file, statSync(join(code, file)).mode.toString(8)]));
  }
  return { modes, keys };
}

describe('the code of the registration\'s Lambda', () => {
  let directory: string;
  let usual: Synthesized;
  let restrictive: Synthesized;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'registration-code-'));
    const { certificate } = await selfSigned({ dns: 'orchestrator.example.com' });
    [usual, restrictive] = await Promise.all([
      synthesizeWith('022', join(directory, 'usual'), certificate),
      synthesizeWith('077', join(directory, 'another place', 'restrictive'), certificate),
    ]);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test('is readable by Lambda if umask 077 is used for installation and synthesis', () => {
    expect(restrictive.modes).toEqual({
      Plain: { 'index.js': '100644' },
      PrivateCa: { 'extra-ca-certificates.pem': '100644', 'index.js': '100644' },
    });
  });

  test('has the same modes and hashes for every umask and directory', () => {
    expect(restrictive).toEqual(usual);
    expect(usual.keys.Plain).not.toBe(usual.keys.PrivateCa);
  });

  test('is in the cloud assembly without asset staging, with metadata for tools that run Lambdas locally', () => {
    const stack = newStack(undefined, 'Stack', new App({ context: { 'aws:cdk:disable-asset-staging': true, 'aws:cdk:enable-asset-metadata': true } }));
    runnerIn(stack);
    const { directory: outdir, stacks: [{ template }] } = (stack.node.root as App).synth();
    const { Properties: { Code: { S3Key: key } }, Metadata: metadata } = only(Template.fromJSON(template), 'AWS::Lambda::Function');
    expect(readdirSync(codeOf(outdir, 'Stack', key))).toEqual(['index.js']);
    expect(metadata).toMatchObject({ 'aws:asset:property': 'Code', 'aws:asset:is-bundled': false });
    expect(readdirSync(resolve(outdir, metadata['aws:asset:path']))).toEqual(['index.js']);
  });

  test('has metadata for tools that run Lambdas locally only if the CDK enables asset metadata', () => {
    const stack = newStack();
    runnerIn(stack);
    expect(Object.keys(only(Template.fromStack(stack), 'AWS::Lambda::Function').Metadata).filter(name => name.startsWith('aws:asset'))).toEqual([]);
  });

  test('is found in the assembly of a stage', () => {
    const app = new App();
    const stack = new Stack(new Stage(app, 'Stage'), 'Stack', { env: { account: '123456789012', region: 'us-east-1' } });
    runnerIn(stack);
    const { directory: outdir, stacks: [{ template, templateFile }] } = app.synth().getNestedAssembly('assembly-Stage');
    const { S3Key: key } = only(Template.fromJSON(template), 'AWS::Lambda::Function').Properties.Code;
    expect(readdirSync(codeOf(outdir, templateFile.replace('.template.json', ''), key))).toEqual(['index.js']);
  });
});
