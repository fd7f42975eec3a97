/**
 * Packs the library as it is published and checks that the package has only the files that users need, is small, and works on its own.
 *
 *   tsx tools/tarball.ts [--json FILE]
 */
import { spawnSync } from 'child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'fs';
import { join } from 'path';
import { compile, ROOT } from './assembly';
import { check, Check, main } from './checks';
import { reproducible, sha256 } from './reproducible';
import { sbom } from './sbom';

const MAX_PACKED = 300_000;
const MAX_UNPACKED = 1_000_000;
const BUNDLE = 'assets/registration/index.js';
/** Published files besides the compiled sources. Construct Hub compiles the examples with the README's fixture. */
const OTHERS = ['package.json', 'README.md', 'LICENSE', 'SECURITY.md', '.jsii', '.jsii.gz', 'rosetta/runner.ts-fixture', BUNDLE];
/** The scripts that npm runs when a package is installed. */
const INSTALLING = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish', 'preprepare', 'postprepare', 'dependencies'];
/** A minimal app that uses the unpacked package. It prints the resource types and the assets. */
const USE = `
const { App, Stack } = require('aws-cdk-lib');
const secretsmanager = require('aws-cdk-lib/aws-secretsmanager');
const { ApiToken, EcsRunner, Orchestrator } = require(process.argv[1]);
// The CDK removes a directory of its own choice when the process ends.
const app = new App({ outdir: process.argv[2] });
const stack = new Stack(app, 'RunnerStack');
const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'ApiToken', 'humanitec-api-token');
new EcsRunner(stack, 'Runner', { orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken: ApiToken.fromSecretsManager(secret) }) });
const assembly = app.synth();
const { files } = JSON.parse(require('fs').readFileSync(require('path').join(assembly.directory, 'RunnerStack.assets.json'), 'utf8'));
const assets = Object.values(files).map(({ source }) => require('path').join(assembly.directory, source.path));
console.log(JSON.stringify({ types: Object.values(assembly.getStackByName('RunnerStack').template.Resources).map(({ Type }) => Type), assets }));
`;

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
}

function execute(command: string, args: string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 64_000_000 });
  if (status !== 0) {
    // The last lines of the output. Node.js prints the failing source line first, which can have 100,000 characters in a library.
    const words = `${stdout}${stderr}`.trim().split('\n').filter(line => line.length < 500).slice(-12).join('\n');
    throw new Error(`\`${command} ${args[0]}\` failed: ${error?.message ?? words}`);
  }
  return stdout;
}

/** The exact list of files in the tarball. */
function expected(): string[] {
  const sources = filesBelow(join(ROOT, 'src')).filter(file => !file.startsWith('registration/handler/'));
  return [...OTHERS, ...sources.flatMap(file => ['.js', '.d.ts'].map(ending => `lib/${file.replace(/\.ts$/, ending)}`))].sort();
}

function filesBelow(directory: string, below = ''): string[] {
  return readdirSync(join(directory, below), { withFileTypes: true }).flatMap(entry => {
    const path = below ? `${below}/${entry.name}` : entry.name;
    return entry.isDirectory() ? filesBelow(directory, path) : [path];
  });
}

function listed(directory: string): Check {
  const [has, wants] = [filesBelow(directory), expected()];
  return check('the tarball has exactly the files that users need', [
    ...has.filter(file => !wants.includes(file)).map(file => `${file} is unexpected`),
    ...wants.filter(file => !has.includes(file)).map(file => `${file} is missing`),
  ], 'Exclude files with `npmignore` in .projenrc.ts, or add files that users need to the list in tools/tarball.ts.');
}

function small({ size, unpackedSize }: Packed): Check {
  console.log(`The tarball has ${size} bytes (limit ${MAX_PACKED}), unpacked ${unpackedSize} (limit ${MAX_UNPACKED}).`);
  return check('the size of the tarball is within the limits', [
    ...size > MAX_PACKED ? [`expected at most ${MAX_PACKED} bytes; it has ${size}`] : [],
    ...unpackedSize > MAX_UNPACKED ? [`expected at most ${MAX_UNPACKED} bytes unpacked; it has ${unpackedSize}`] : [],
  ], 'Find large files with `npm pack --dry-run`.');
}

/** Checks that the package installs no dependency except the two peers, and runs no script when it is installed. */
function dependenciesAndScripts(directory: string): Check {
  const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const peers = Object.keys(manifest.peerDependencies ?? {}).sort().join(', ');
  return check('the package installs no dependency and runs no install script', [
    ...['dependencies', 'optionalDependencies', 'bundledDependencies', 'bundleDependencies'].filter(field => manifest[field] !== undefined)
      .map(field => `package.json has ${field}: ${JSON.stringify(manifest[field])}`),
    ...peers === 'aws-cdk-lib, constructs' ? [] : [`expected the peers aws-cdk-lib and constructs; got ${peers}`],
    ...INSTALLING.filter(script => manifest.scripts?.[script] !== undefined).map(script => `package.json has a script "${script}", which npm runs when a package is installed`),
  ], 'Make the dependency a development dependency in .projenrc.ts, or rename the script.');
}

/** Checks the SBOM that is attached to each release. */
function sbomContent(directory: string): Check {
  const { metadata: { component }, components } = sbom();
  const said = [component.name, ...components.map(({ name, hashes }) => `${name} ${hashes?.[0].content}`)].join(', ');
  const wanted = `cdk-humanitec-ecs-runner, ${BUNDLE} ${sha256(join(directory, BUNDLE))}`;
  return check('the SBOM lists only the library and the bundle with its hash', said === wanted ? [] : [`expected ${wanted}; got ${said}`],
    'Nothing but our code may ship: make it a development dependency in .projenrc.ts.');
}

function works(directory: string): Check[] {
  const unused: string[] = [];
  let used: { types: string[]; assets: string[] } = { types: [], assets: [] };
  try {
    used = JSON.parse(execute(process.execPath, ['-e', USE, directory, join(directory, '..', 'cdk.out')], directory).trim().split('\n').pop()!);
  } catch (error) {
    unused.push((error as Error).message);
  }
  const uploaded = used.assets.flatMap(asset => (existsSync(join(asset, 'index.js')) ? [sha256(join(asset, 'index.js'))] : []));
  const bundle = sha256(join(ROOT, BUNDLE));
  return [
    check('the unpacked package synthesizes a runner', used.types.includes('Custom::HumanitecRunner') ? [] : [...unused, `expected a Custom::HumanitecRunner; got ${used.types.join(', ') || 'nothing'}`],
      'A file that lib/ needs is missing in the tarball: add it to the list in tools/tarball.ts.'),
    check('the Lambda asset is the bundle of these sources', uploaded.includes(bundle) ? [] : [`expected an asset with index.js of SHA-256 ${bundle}; got ${uploaded.join(', ') || 'none'}`],
      'Run `npx projen bundle`. If it still fails, check the asset path in src/registration/provider.ts.'),
  ];
}

/** Runs the command without the CDK and the AWS SDK installed. */
function commands(directory: string): Check {
  const { bin } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const program = join(directory, bin['cdk-humanitec-ecs-runner']);
  const { status, stderr } = spawnSync(process.execPath, [program, 'doctor', '--stack', '-'], { cwd: directory, encoding: 'utf8', env: { PATH: process.env.PATH } });
  return check('the command of the package works without the CDK and an AWS SDK', [
    ...status === 2 && stderr.startsWith('The value \'-\' of --stack is not valid') ? [] : [`expected exit code 2 and a message about --stack; got ${status}: ${stderr.slice(0, 300)}`],
    ...readFileSync(program, 'utf8').startsWith('#!/usr/bin/env node\n') ? [] : ['the first line of the program is not #!/usr/bin/env node'],
  ], 'See `bin` in package.json and src/cli.ts.');
}

function tarballChecks(): Check[] {
  compile();
  const directory = join(ROOT, '.local', `packed-${process.pid}`);
  mkdirSync(directory, { recursive: true });
  try {
    const [packed]: Packed[] = JSON.parse(execute('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', directory], ROOT));
    execute('tar', ['-xzf', packed.filename], directory);
    const unpacked = join(directory, 'package');
    return [listed(unpacked), small(packed), dependenciesAndScripts(unpacked), sbomContent(unpacked), commands(unpacked), ...works(unpacked), ...reproducible()];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

main(tarballChecks);
