import { awscdk, javascript } from 'projen';
import { secureRelease } from './projenrc/release';

/**
 * The lowest aws-cdk-lib that users may have, and the one that we compile and test against.
 *
 * We use `iam.OidcProviderNative` (absent in 2.193.0). A Go module that was made with less than 2.233.0 does not compile with a newer
 * awscdk, where `ResourceEnvironment` has moved; and we test with integ-tests-alpha, which has to match: 2.236.0 is the lowest pair from
 * there on. Raise it only for something that is used, and say here for what.
 */
const CDK_FLOOR = '2.236.0';

/** What the tests and packages of the other languages need, by the names that projen has for the actions. */
const LANGUAGES = [
  { name: 'Setup Python', uses: 'actions/setup-python@v7.0.0', with: { 'python-version': '3.x' } },
  { name: 'Setup Java', uses: 'actions/setup-java@v6.0.0', with: { 'distribution': 'corretto', 'java-version': '17' } },
  { name: 'Setup Go', uses: 'actions/setup-go@v7.0.0', with: { 'go-version': 'stable', 'cache': false } },
];

const project = new awscdk.AwsCdkConstructLibrary({
  name: 'cdk-humanitec-ecs-runner',
  description:
    'AWS CDK construct for a Platform Orchestrator (Humanitec) runner on Amazon ECS: IAM, OIDC trust, state bucket and registration in one stack',
  author: 'cdk-humanitec-ecs-runner contributors',
  authorAddress: 'maintainers@users.noreply.github.com',
  authorOrganization: true,
  repositoryUrl: 'https://github.com/my-org/cdk-humanitec-ecs-runner.git',
  license: 'Apache-2.0',
  defaultReleaseBranch: 'main',
  homepage: 'https://github.com/my-org/cdk-humanitec-ecs-runner#readme',
  bugsUrl: 'https://github.com/my-org/cdk-humanitec-ecs-runner/issues',
  // Construct Hub lists the package because of `aws-cdk`. It shows the other keywords as tags.
  keywords: ['aws', 'cdk', 'awscdk', 'aws-cdk', 'humanitec', 'platform-orchestrator', 'platform-engineering', 'ecs', 'fargate', 'opentofu', 'terraform', 'oidc'],
  // Releases are not announced by Construct Hub.
  catalog: { announce: false },
  stability: 'experimental',
  majorVersion: 0,

  cdkVersion: CDK_FLOOR,
  cdkVersionPinning: false,
  constructsVersion: '10.4.2',
  jsiiVersion: '~6.0.16',
  packageManager: javascript.NodePackageManager.NPM,
  minNodeVersion: '20.0.0',
  workflowNodeVersion: '24',
  projenrcTs: true,
  compat: true,
  compressAssembly: true,

  publishToPypi: { distName: 'cdk-humanitec-ecs-runner', module: 'cdk_humanitec_ecs_runner', trustedPublishing: true },
  publishToMaven: {
    mavenGroupId: 'io.github.my-org',
    mavenArtifactId: 'cdk-humanitec-ecs-runner',
    javaPackage: 'io.github.myorg.cdk.humanitec.ecsrunner',
    mavenServerId: 'central-ossrh',
  },
  publishToGo: { moduleName: 'github.com/my-org/cdk-humanitec-ecs-runner-go', packageName: 'humanitececsrunner' },
  npmTrustedPublishing: true,
  // Pins the publishing tool, like all other tools.
  jsiiReleaseVersion: '0.2.1061',
  // Version 13 requires Node.js 22.
  bumpPackage: 'commit-and-tag-version@^12',

  devDeps: [
    // The CLI with which `npm run try` deploys. Pinned, because npm's `latest` tag points at a release that cannot read current assemblies.
    'aws-cdk@~2.1148.1',
    `@aws-cdk/integ-tests-alpha@${CDK_FLOOR}-alpha.0`,
    '@aws-cdk/integ-runner@^2.197.10',
    '@aws-sdk/client-cloudformation',
    '@aws-sdk/client-cloudwatch-logs',
    '@aws-sdk/client-ecs',
    '@aws-sdk/client-iam',
    '@aws-sdk/client-s3',
    '@aws-sdk/client-secrets-manager',
    '@aws-sdk/client-ssm',
    '@aws-sdk/client-sts',
    // The tests compare the doctor's request signatures with this package's signatures.
    '@smithy/signature-v4',
    // Evaluates IAM policies offline. AGPL-3.0: never shipped. Pinned, because the results of the proof depend on its evaluation.
    '@cloud-copilot/iam-simulate@0.1.173',
    // The validator of fastify, in fastify's version range.
    '@fastify/ajv-compiler@^4',
    'esbuild',
    'fast-check',
    'fastify',
    'jose',
    'selfsigned',
    'tsx',
  ],
  tsconfigDevFile: 'tsconfig.dev.json',
  tsconfigDev: {
    include: ['src/**/*.ts', 'test/**/*.ts', 'integ/**/*.ts', 'local/**/*.ts', 'examples/typescript/**/*.ts', 'tools/**/*.ts', '.projenrc.ts'],
    exclude: ['node_modules', 'lib'],
    compilerOptions: {
      rootDir: '.',
      types: ['node', 'jest'],
      // Examples import the library by its package name, as users do.
      paths: { 'cdk-humanitec-ecs-runner': ['./src/index.ts'] },
    },
  },
  jestOptions: {
    // projen's default `--updateSnapshot` updates a wrong snapshot instead of failing.
    updateSnapshot: javascript.UpdateSnapshot.NEVER,
    jestVersion: '^29',
    jestConfig: {
      // A permanent directory: `npm test` removes its temporary directory.
      cacheDirectory: '<rootDir>/.local/caches/jest',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      moduleNameMapper: { '^cdk-humanitec-ecs-runner$': '<rootDir>/src' },
      testPathIgnorePatterns: ['/node_modules/'],
      modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.local/', '<rootDir>/lib/'],
      // A test on a busy machine can be slow. This limit only ends tests that hang.
      testTimeout: 600_000,
      testEnvironment: '<rootDir>/test/jest/outside-environment.js',
      transform: { '/node_modules/(aws-cdk-lib|constructs)/.+\\.js$': new javascript.Transform('<rootDir>/test/jest/outside-transform.js') },
      transformIgnorePatterns: ['/node_modules/(?!(aws-cdk-lib|constructs)/)'],
    },
    extraCliOptions: ['--ci'],
  },
  eslintOptions: {
    dirs: ['src'],
    devdirs: ['test', 'integ', 'local', 'tools', 'examples/typescript'],
    ignorePatterns: ['*.js', '*.d.ts', 'node_modules/', '*.generated.ts', 'coverage', 'cdk.out', '*.snapshot'],
  },
  gitignore: ['/assets/', '/.local/', 'cdk.out/', 'cdk.context.json', '/test-results/', '__pycache__/', '.venv/', '/examples/java/target/', '/lib/', '.jsii.gz', '*.log', '/integ/cdk-integ.out.*', '/integ/*.snapshot/asset.*'],
  depsUpgradeOptions: { workflowOptions: { schedule: javascript.UpgradeDependenciesSchedule.WEEKLY } },
  githubOptions: { mergify: false, pullRequestLintOptions: { semanticTitleOptions: { types: ['feat', 'fix', 'chore', 'docs', 'test', 'refactor', 'perf', 'ci', 'build'] } } },
  pullRequestTemplateContents: [
    'Fixes #',
    '',
    '<!-- What changes for users, and why. CONTRIBUTING.md has the format of the title and the list of files for a new input. -->',
    '',
    '- [ ] A test fails without this change.',
    '- [ ] `npm test` passes.',
    '- [ ] README.md, docstrings and examples say what is true now.',
  ],
  // Builds use the locked versions and never push changes to a pull request.
  buildWorkflowOptions: { preBuildSteps: LANGUAGES, mutableBuild: false },
  releaseWorkflowSetupSteps: LANGUAGES,
  releaseToNpm: true,
  autoMerge: false,
  integrationTestAutoDiscover: false,
  lambdaAutoDiscover: false,
  sampleCode: false,
});

// The development tsconfig includes all linted files; the project service would use the nearest tsconfig.json.
project.tryFindObjectFile('.eslintrc.json')?.addOverride('parserOptions.projectService', false);
project.tryFindObjectFile('.eslintrc.json')?.addOverride('settings.import/resolver.typescript.project', './tsconfig.dev.json');
project.tryFindObjectFile('.eslintrc.json')?.addOverride('parserOptions.project', './tsconfig.dev.json');
project.tryFindObjectFile('.eslintrc.json')?.addOverride('rules.@stylistic/max-len.1', { code: 165, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreComments: true, ignoreRegExpLiterals: true });

// `PolicyStatement.addResources()` and similar methods return nothing, so `map.get(key)?.addResources(arn) ?? map.set(key, statement)` always calls
// `set`.
// The rule about void expressions ignores optional calls; the syntax rule below finds them.
project.eslint?.addOverride({
  files: ['src/**/*.ts'],
  rules: { '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }] },
});
project.eslint?.addRules({
  // Keeps one concept per file.
  'max-lines': ['error', 350],
  'no-restricted-syntax': ['error', {
    selector: 'ExpressionStatement > LogicalExpression[operator=/^(\\?\\?|\\|\\|)$/] > ChainExpression.left > CallExpression',
    message: 'A method that returns nothing looks like a missing value: use `if`.',
  }],
});

/**
 * The folders of `src`, from the lowest to the highest layer. A file can import its own folder and lower ones. Files directly in `src` (the public API)
 * can import all folders. docs/ARCHITECTURE.md describes the contents of each folder.
 */
const LAYERS = ['common', 'inputs', 'registration', 'parts', 'monitoring'];
const layerZones = LAYERS.map((layer, index) => {
  const allowed = LAYERS.slice(0, index + 1);
  return {
    target: `./src/${layer}`,
    from: './src',
    except: allowed.map(folder => `./${folder}`),
    message: `src/${layer} can import only from ${allowed.join(', ')}: move shared code into the lower folder.`,
  };
});
// The handler is bundled separately. It shares only the wire format, the timing constants and the API's constants with the rest of the library.
const handlerZones = [
  {
    target: './src/registration/handler',
    from: './src',
    except: ['./registration/handler', ...['wire', 'runner-body', 'differences', 'delivery-times'].map(file => `./registration/${file}.ts`), './common/contract.ts'],
    message: 'The handler runs in Lambda, without the CDK: share types and values by the files of src/registration that need no CDK, or by common/contract.ts.',
  },
  {
    target: ['./src/*.ts', './src/{common,inputs,parts,monitoring}/**/*', './src/registration/*.ts'],
    from: './src/registration/handler',
    message: 'The handler is bundled separately, and the constructs do not import it.',
  },
];
// The commands run without the CDK, and no construct imports them.
const commandZones = [
  {
    target: './src/doctor',
    from: './src',
    except: ['./doctor', ...['wire', 'runner-body', 'differences'].map(file => `./registration/${file}.ts`), './common/contract.ts', './monitoring/failure-classes.ts'],
    message: 'The doctor runs without the CDK: share types and values by the files of src/registration that need no CDK, or by common/contract.ts.',
  },
  {
    target: './src/from-terraform',
    from: './src',
    except: ['./from-terraform', './common/contract.ts'],
    message: 'The command runs without the CDK: share values by common/contract.ts.',
  },
  ...['./src/doctor', './src/from-terraform'].map(from => ({
    target: ['./src/!(cli).ts', './src/{common,inputs,parts,registration}/**/*'],
    from,
    message: 'Synthesis does not load the commands.',
  })),
];
project.eslint?.addOverride({
  files: ['src/doctor/**/*.ts', 'src/from-terraform/**/*.ts', 'src/cli.ts'],
  rules: { 'no-restricted-imports': ['error', { patterns: ['aws-cdk-lib', 'aws-cdk-lib/*', 'constructs', '@aws-sdk/*'] }] },
});
project.eslint?.addOverride({
  files: ['src/**/*.ts'],
  rules: {
    'import/no-restricted-paths': ['error', { zones: [...layerZones, ...handlerZones, ...commandZones] }],
    // Type imports may be circular, for example between a runner and its rules.
    'import/no-cycle': ['error', { ignoreExternal: true }],
  },
});
project.eslint?.addOverride({
  files: ['src/monitoring/conditions.ts', 'src/monitoring/failure-classes.ts'],
  rules: { 'no-restricted-imports': ['error', { patterns: [{ group: ['aws-cdk-lib*', 'constructs'], message: 'Programs without the CDK classify tasks with this file.' }] }] },
});

// The Lambda runtime includes the AWS SDK clients of the handler, so they are not dependencies of the package.
project.eslint?.addOverride({ files: ['src/registration/handler/oidc-provider.ts', 'src/registration/handler/token.ts'], rules: { 'import/no-extraneous-dependencies': 'off' } });

project.addBins({ 'cdk-humanitec-ecs-runner': 'lib/cli.js' });

// The package contains the compiled library and the handler's bundle, but no build tools or tests.
project.npmignore?.exclude('/local/', '/integ/', '/examples/', '/docs/', '/bench/', '/tools/', '/.local/', '/.ci/', '/test-results/', '/.projenrc.ts', '/.compatignore', '/CONTRIBUTING.md');
project.npmignore?.include('/assets/');
// Lambda runs the bundle, so the compiled handler is not needed. Construct Hub generates the API reference from the jsii assembly.
project.npmignore?.exclude('/lib/registration/handler/', '/API.md');

// PyPI lists CDK libraries by these classifiers.
project.tryFindObjectFile('package.json')?.addOverride('jsii.targets.python.classifiers', ['Framework :: AWS CDK', 'Framework :: AWS CDK :: 2']);

// Source maps with inlined sources would more than double the download size.
for (const option of ['inlineSourceMap', 'inlineSources']) {
  project.tryFindObjectFile('tsconfig.json')?.addOverride(`compilerOptions.${option}`, false);
}

// jsii, the tests and the trial need the bundle.
const bundle = project.addTask('bundle', { description: 'Bundle the registration handler into assets/', exec: 'tsx tools/bundle.ts' });
project.preCompileTask.spawn(bundle);

const trial = project.addTask('try', { description: 'Deploy a runner on this machine, without an AWS account and an API token' });
trial.spawn(bundle);
trial.exec('tsx --tsconfig tsconfig.dev.json local/try/index.ts', { receiveArgs: true });

const soak = project.addTask('soak', { description: 'Run random stack operations with injected faults against the handler' });
soak.spawn(bundle);
soak.exec('tsx --tsconfig tsconfig.dev.json test/soak/index.ts', { receiveArgs: true });

const prove = project.addTask('prove', { description: 'Prove least privilege: policies allow all real calls and deny all hostile requests, and every condition is needed' });
prove.spawn(bundle);
prove.exec('tsx --tsconfig tsconfig.dev.json test/proof/index.ts', { receiveArgs: true });

// Packages all languages in one run and checks the result. The release uses projen's tasks for the single languages.
project.packageTask.reset('tsx --tsconfig tsconfig.dev.json tools/package.ts', { receiveArgs: true });
project.packageTask.exec('tsx tools/sbom.ts');

project.addTask('bindings', {
  description: 'Package, install and use the library in all four languages, and compare the templates',
  exec: 'tsx --tsconfig tsconfig.dev.json test/bindings/index.ts',
  receiveArgs: true,
});

// projen's default task allows breaking changes of experimental APIs, and all our APIs are experimental.
project.tasks.tryFind('compat')?.reset('tsx tools/compat.ts');

project.addTask('licenses', { description: 'Write docs/LICENSES.md, the list of the licenses of all development dependencies', exec: 'tsx tools/licenses.ts' });
project.addTask('readme', { description: 'Translate the README\'s examples into Python, Java and Go', exec: 'tsx tools/readme.ts' });

project.addTask('pictures', { description: 'Draw the pictures of the documents', exec: 'tsx tools/pictures.ts' });
const documents = project.addTask('docs:check', { description: 'Check the documents: links, commands, messages and figures' });
documents.spawn(bundle);
documents.exec('jest --ci --coverage=false test/documents test/security', { receiveArgs: true });

project.addTask('integ', { description: 'Compare the integration test with its snapshot', exec: 'tsx tools/integ.ts', receiveArgs: true });

// Runs all kinds of tests and prints one total. projen's default task runs only Jest.
project.testTask.reset();
project.testTask.spawn(bundle);
project.testTask.exec('tsx tools/test.ts', { receiveArgs: true });

project.addTask('bench', { description: 'Measure synthesis and templates in comparison with typed L1 constructs', exec: 'tsx --tsconfig tsconfig.dev.json tools/bench.ts', receiveArgs: true });

const check = project.addTask('check', { description: 'Check types, style, constructs and handler (use it after each change)' });
check.spawn(bundle);
check.exec('tsx tools/test.ts --check', { receiveArgs: true });

secureRelease(project);

// The build workflow only reads the repository.
project.github?.tryFindWorkflow('build')?.file?.addOverride('jobs.build.permissions.contents', 'read');

// Some platform packages of 1.13.0 were never published, so `npm ci` rejects the lock file.
project.package.addField('overrides', {
  'unrs-resolver': '1.12.2',
  // fastify accepts any version 6; dependencies of 6.8 require Node.js 22.
  'light-my-request': '~6.6.0',
});

// No dependency runs install scripts. These two get their binaries from optional packages instead.
project.package.addField('allowScripts', { 'esbuild': false, 'unrs-resolver': false });

project.synth();
