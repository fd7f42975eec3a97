/**
 * Packs the library as it is published, and looks at what came out: nothing but what users need, small, and working by itself.
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
/** What ships beside the compiled sources. The README's fixture lets Construct Hub compile the examples. */
const OTHERS = ['package.json', 'README.md', 'LICENSE', 'SECURITY.md', '.jsii', '.jsii.gz', 'rosetta/runner.ts-fixture', BUNDLE];
/** What npm runs when a package is installed. */
const INSTALLING = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish', 'preprepare', 'postprepare', 'dependencies'];
/** A user's first stack, written against the unpacked package; prints the template and the asset that it would upload. */
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
    // Its last words: Node.js shows the line of a library first, and those can be a hundred thousand characters long.
    const words = `${stdout}${stderr}`.trim().split('\n').filter(line => line.length < 500).slice(-12).join('\n');
    throw new Error(`\`${command} ${args[0]}\` failed: ${error?.message ?? words}`);
  }
  return stdout;
}

/** What has to be in the tarball, and nothing else. */
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
  return check('the tarball holds what users need and nothing else', [
    ...has.filter(file => !wants.includes(file)).map(file => `${file} is in it and should not`),
    ...wants.filter(file => !has.includes(file)).map(file => `${file} is missing`),
  ], 'Leave files out with `npmignore` in .projenrc.ts; what users do need belongs into the list of tools/tarball.ts.');
}

function small({ size, unpackedSize }: Packed): Check {
  console.log(`The tarball has ${size} bytes (at most ${MAX_PACKED}), unpacked ${unpackedSize} (at most ${MAX_UNPACKED}).`);
  return check('the tarball is small', [
    ...size > MAX_PACKED ? [`expected at most ${MAX_PACKED} bytes; it has ${size}`] : [],
    ...unpackedSize > MAX_UNPACKED ? [`expected at most ${MAX_UNPACKED} bytes unpacked; it has ${unpackedSize}`] : [],
  ], 'See with `npm pack --dry-run` what is large.');
}

/** Users get our code and the two peers that they have anyway, and nothing of ours runs when it is installed. */
function alone(directory: string): Check {
  const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const peers = Object.keys(manifest.peerDependencies ?? {}).sort().join(', ');
  return check('nothing comes or runs with it', [
    ...['dependencies', 'optionalDependencies', 'bundledDependencies', 'bundleDependencies'].filter(field => manifest[field] !== undefined)
      .map(field => `package.json has ${field}: ${JSON.stringify(manifest[field])}`),
    ...peers === 'aws-cdk-lib, constructs' ? [] : [`expected the peers aws-cdk-lib and constructs; got ${peers}`],
    ...INSTALLING.filter(script => manifest.scripts?.[script] !== undefined).map(script => `package.json has a script "${script}", which npm runs at installations`),
  ], 'Make it a development dependency in .projenrc.ts, or a task of another name.');
}

/** What goes with a release, and says what is in the package, has to be true. */
function billed(directory: string): Check {
  const { metadata: { component }, components } = sbom();
  const said = [component.name, ...components.map(({ name, hashes }) => `${name} ${hashes?.[0].content}`)].join(', ');
  const wanted = `cdk-humanitec-ecs-runner, ${BUNDLE} ${sha256(join(directory, BUNDLE))}`;
  return check('the SBOM names the library, the bundle by its hash, and nothing else', said === wanted ? [] : [`expected ${wanted}; got ${said}`],
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
    check('the unpacked package makes a runner', used.types.includes('Custom::HumanitecRunner') ? [] : [...unused, `expected a Custom::HumanitecRunner; got ${used.types.join(', ') || 'nothing'}`],
      'Something that lib/ needs is not in the tarball: see the list of tools/tarball.ts.'),
    check('what Lambda gets is the bundle of these sources', uploaded.includes(bundle) ? [] : [`expected an asset with index.js of SHA-256 ${bundle}; got ${uploaded.join(', ') || 'none'}`],
      'Run `npx projen bundle`, and see how src/registration/provider.ts finds it.'),
  ];
}

/** The command runs where only the package is: without the CDK, and without an AWS SDK. */
function commands(directory: string): Check {
  const { bin } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const program = join(directory, bin['cdk-humanitec-ecs-runner']);
  const { status, stderr } = spawnSync(process.execPath, [program, 'doctor', '--stack', '-'], { cwd: directory, encoding: 'utf8', env: { PATH: process.env.PATH } });
  return check('the command of the package runs', [
    ...status === 2 && stderr.startsWith('The value \'-\' of --stack is not valid') ? [] : [`expected exit code 2 and a message about --stack; got ${status}: ${stderr.slice(0, 300)}`],
    ...readFileSync(program, 'utf8').startsWith('#!/usr/bin/env node\n') ? [] : ['the program has no line #!/usr/bin/env node'],
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
    return [listed(unpacked), small(packed), alone(unpacked), billed(unpacked), commands(unpacked), ...works(unpacked), ...reproducible()];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

main(tarballChecks);
