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
  // Construct Hub finds the package by `aws-cdk`, and shows the others as its tags.
  keywords: ['aws', 'cdk', 'awscdk', 'aws-cdk', 'humanitec', 'platform-orchestrator', 'platform-engineering', 'ecs', 'fargate', 'opentofu', 'terraform', 'oidc'],
  // Nobody is told of a release but those who look.
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
  // What publishes is pinned like all else that runs.
  jsiiReleaseVersion: '0.2.1061',
  // 13 wants Node.js 22.
  bumpPackage: 'commit-and-tag-version@^12',

  devDeps: [
    // The CLI that `npm run try` deploys with. npm's `latest` tag points at a release that cannot read today's
    // assemblies, so the line is pinned.
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
    // Signs the requests that the doctor's own signatures are compared with.
    '@smithy/signature-v4',
    // Evaluates IAM policies offline. AGPL-3.0: never shipped, and pinned because the proof rests on how it evaluates.
    '@cloud-copilot/iam-simulate@0.1.173',
    // What fastify validates with, in its range.
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
      // Examples import the library as a user does.
      paths: { 'cdk-humanitec-ecs-runner': ['./src/index.ts'] },
    },
  },
  jestOptions: {
    // projen's default `--updateSnapshot` makes snapshots that cannot fail.
    updateSnapshot: javascript.UpdateSnapshot.NEVER,
    jestVersion: '^29',
    jestConfig: {
      // Not in the temporary directory, which `npm test` removes.
      cacheDirectory: '<rootDir>/.local/caches/jest',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      moduleNameMapper: { '^cdk-humanitec-ecs-runner$': '<rootDir>/src' },
      testPathIgnorePatterns: ['/node_modules/'],
      modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.local/', '<rootDir>/lib/'],
      // The start of a process takes more than the usual 5 seconds on a busy machine.
      testTimeout: 60_000,
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
  // What is locked is what is built, and nothing is pushed into a pull request.
  buildWorkflowOptions: { preBuildSteps: LANGUAGES, mutableBuild: false },
  releaseWorkflowSetupSteps: LANGUAGES,
  releaseToNpm: true,
  autoMerge: false,
  integrationTestAutoDiscover: false,
  lambdaAutoDiscover: false,
  sampleCode: false,
});

// Everything that is linted is in the development tsconfig; the project service looks at the nearest tsconfig.json only.
project.tryFindObjectFile('.eslintrc.json')?.addOverride('parserOptions.projectService', false);
project.tryFindObjectFile('.eslintrc.json')?.addOverride('settings.import/resolver.typescript.project', './tsconfig.dev.json');
project.tryFindObjectFile('.eslintrc.json')?.addOverride('parserOptions.project', './tsconfig.dev.json');
project.tryFindObjectFile('.eslintrc.json')?.addOverride('rules.@stylistic/max-len.1', { code: 165, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreComments: true, ignoreRegExpLiterals: true });

// `PolicyStatement.addResources()` and its siblings return nothing, so `map.get(key)?.addResources(arn) ?? map.set(key, statement)` always sets.
// The rule about void does not look at optional calls, so the second one does.
project.eslint?.addOverride({
  files: ['src/**/*.ts'],
  rules: { '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }] },
});
project.eslint?.addRules({
  // One concept, one file.
  'max-lines': ['error', 350],
  'no-restricted-syntax': ['error', {
    selector: 'ExpressionStatement > LogicalExpression[operator=/^(\\?\\?|\\|\\|)$/] > ChainExpression.left > CallExpression',
    message: 'A method that returns nothing looks like a missing value: use `if`.',
  }],
});

/**
 * The folders of `src`, from the lowest to the highest. A file may import its own folder and lower ones; files directly in `src`, the public face, may
 * import all of them. docs/ARCHITECTURE.md says what belongs where.
 */
const LAYERS = ['common', 'inputs', 'registration', 'parts', 'monitoring'];
const layerZones = LAYERS.map((layer, index) => {
  const allowed = LAYERS.slice(0, index + 1);
  return {
    target: `./src/${layer}`,
    from: './src',
    except: allowed.map(folder => `./${folder}`),
    message: `src/${layer} may import from ${allowed.join(', ')} only: move what both need into the lower folder.`,
  };
});
// The handler is bundled by itself: the rest of the library shares the wire format, the times and the orchestrator's facts with it.
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
    message: 'The handler is bundled by itself, and the constructs do not load it.',
  },
];
// The commands run without the CDK, and no construct loads them.
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
    // Types may refer to each other, such as a runner and its rules.
    'import/no-cycle': ['error', { ignoreExternal: true }],
  },
});
project.eslint?.addOverride({
  files: ['src/monitoring/conditions.ts', 'src/monitoring/failure-classes.ts'],
  rules: { 'no-restricted-imports': ['error', { patterns: [{ group: ['aws-cdk-lib*', 'constructs'], message: 'Programs without the CDK classify tasks with this file.' }] }] },
});

// The handler's SDK clients are the Lambda runtime's: nothing that ships depends on them.
project.eslint?.addOverride({ files: ['src/registration/handler/oidc-provider.ts', 'src/registration/handler/token.ts'], rules: { 'import/no-extraneous-dependencies': 'off' } });

// `npx cdk-humanitec-ecs-runner doctor`.
project.addBins({ 'cdk-humanitec-ecs-runner': 'lib/cli.js' });

// What ships is the compiled library and the handler's bundle, nothing of how they are made and tested.
project.npmignore?.exclude('/local/', '/integ/', '/examples/', '/docs/', '/bench/', '/tools/', '/.local/', '/.ci/', '/test-results/', '/.projenrc.ts', '/.compatignore', '/CONTRIBUTING.md');
project.npmignore?.include('/assets/');
// Lambda gets the bundle; the API's reference is what Construct Hub makes of the assembly.
project.npmignore?.exclude('/lib/registration/handler/', '/API.md');

// What PyPI's own filter for the CDK's libraries goes by.
project.tryFindObjectFile('package.json')?.addOverride('jsii.targets.python.classifiers', ['Framework :: AWS CDK', 'Framework :: AWS CDK :: 2']);

// Source maps, with the sources in them, would be more than half of what every user downloads.
for (const option of ['inlineSourceMap', 'inlineSources']) {
  project.tryFindObjectFile('tsconfig.json')?.addOverride(`compilerOptions.${option}`, false);
}

// The handler is bundled before anything looks for it: jsii, tests, and the trial.
const bundle = project.addTask('bundle', { description: 'Bundle the registration handler into assets/', exec: 'tsx tools/bundle.ts' });
project.preCompileTask.spawn(bundle);

const trial = project.addTask('try', { description: 'Deploy a runner on this machine: no AWS account, no token' });
trial.spawn(bundle);
trial.exec('tsx --tsconfig tsconfig.dev.json local/try/index.ts', { receiveArgs: true });

const soak = project.addTask('soak', { description: 'Run random stack operations with injected faults against the handler' });
soak.spawn(bundle);
soak.exec('tsx --tsconfig tsconfig.dev.json test/soak/index.ts', { receiveArgs: true });

const prove = project.addTask('prove', { description: 'Prove least privilege: every real call passes, every hostile one fails, every condition counts' });
prove.spawn(bundle);
prove.exec('tsx --tsconfig tsconfig.dev.json test/proof/index.ts', { receiveArgs: true });

// One run for all languages that also looks at the result; the tasks for one language each stay for the release.
project.packageTask.reset('tsx --tsconfig tsconfig.dev.json tools/package.ts', { receiveArgs: true });
project.packageTask.exec('tsx tools/sbom.ts');

project.addTask('bindings', {
  description: 'Package, install and use the library in all four languages, and compare the templates',
  exec: 'tsx --tsconfig tsconfig.dev.json test/bindings/index.ts',
  receiveArgs: true,
});

// projen's own lets experimental APIs break, and all of ours are experimental.
project.tasks.tryFind('compat')?.reset('tsx tools/compat.ts');

project.addTask('licenses', { description: 'Write the list of what licenses the development dependencies have', exec: 'tsx tools/licenses.ts' });
project.addTask('readme', { description: 'Write the README\'s examples in the other languages', exec: 'tsx tools/readme.ts' });

project.addTask('pictures', { description: 'Draw the pictures of the documents', exec: 'tsx tools/pictures.ts' });
const documents = project.addTask('docs:check', { description: 'Check the documents: links, commands, messages and figures' });
documents.spawn(bundle);
documents.exec('jest --ci --coverage=false test/documents test/security', { receiveArgs: true });

project.addTask('integ', { description: 'Compare the integration tests with their snapshots', exec: 'tsx tools/integ.ts', receiveArgs: true });

// One command for all runners, with one count of their results; projen's own would know of jest alone.
project.testTask.reset();
project.testTask.spawn(bundle);
project.testTask.exec('tsx tools/test.ts', { receiveArgs: true });

project.addTask('bench', { description: 'Measure synthesis and templates beside typed L1 constructs', exec: 'tsx --tsconfig tsconfig.dev.json tools/bench.ts', receiveArgs: true });

const check = project.addTask('check', { description: 'Check types, style, constructs, handler and local orchestrator: for use after each change' });
check.spawn(bundle);
check.exec('tsx tools/test.ts --check', { receiveArgs: true });

secureRelease(project);

// What only checks need not write.
project.github?.tryFindWorkflow('build')?.file?.addOverride('jobs.build.permissions.contents', 'read');

// The platform packages of 1.13.0 are not all published, and `npm ci` then refuses the lock file.
project.package.addField('overrides', {
  'unrs-resolver': '1.12.2',
  // fastify takes any 6; what 6.8 brings wants Node.js 22.
  'light-my-request': '~6.6.0',
});

// Nothing that is installed runs code by that; both bring what they need as optional packages, too.
project.package.addField('allowScripts', { 'esbuild': false, 'unrs-resolver': false });

project.synth();
