/** The structs that users pass, and the reason for each input that is not validated or not sent to the orchestrator. */

export interface Struct {
  readonly name: string;
  /** The prefix of input names in problems, such as `orchestrator.` in `orchestrator.apiUrl: expected …`. */
  readonly problemPrefix: string;
  /** The functions, classes and inputs that accept the struct. */
  readonly passedTo: string[];
  readonly notValidated: Record<string, string>;
  /** Properties in `src/registration/wire.ts`. The default is the name of the input with an initial capital letter. */
  readonly registeredAs?: Record<string, string[]>;
  /** Reasons by input. Undefined if the whole struct only configures AWS resources. */
  readonly notRegistered?: Record<string, string>;
}

const ANY_VALUE = 'each value of its type is valid';
const AWS_ONLY = 'it configures AWS resources only';

export const STRUCTS: Struct[] = [
  {
    name: 'EcsRunnerProps',
    problemPrefix: '',
    passedTo: ['EcsRunner', 'runnerIn'],
    notValidated: {
      assignPublicIp: `${ANY_VALUE}; a warning says when it does not suit the subnets`,
      allowStateMove: ANY_VALUE,
      logRetention: ANY_VALUE,
      eventLogEnabled: 'the problem of `eventLogEnabled: false` with a log group names `eventLogGroup`',
      onInUse: ANY_VALUE,
    },
    registeredAs: {
      orchestrator: ['OrgId', 'Token'],
      vpc: ['Subnets'],
      vpcSubnets: ['Subnets'],
      subnetIds: ['Subnets'],
      assignPublicIp: ['IsPublicIpEnabled'],
      stateStorage: ['Bucket', 'PathPrefix'],
      taskRole: ['TaskRoleArn'],
      executionRole: ['ExecutionRoleArn'],
    },
    notRegistered: {
      containerInsights: AWS_ONLY,
      encryptionKey: AWS_ONLY,
      logRetention: AWS_ONLY,
      logRemovalPolicy: AWS_ONLY,
      eventLogEnabled: AWS_ONLY,
      eventLogGroup: AWS_ONLY,
      rolePath: AWS_ONLY,
      permissionsBoundary: AWS_ONLY,
      oidcProvider: AWS_ONLY,
      tags: AWS_ONLY,
      registrationNetwork: AWS_ONLY,
    },
  },
  {
    name: 'RunnerMonitoringProps',
    problemPrefix: '',
    passedTo: ['RunnerMonitoring', 'monitored'],
    notValidated: { alarmActions: ANY_VALUE, dashboardEnabled: ANY_VALUE },
  },
  {
    name: 'SelfHostedOrchestratorProps',
    problemPrefix: 'orchestrator.',
    passedTo: ['selfHosted'],
    notValidated: {},
    registeredAs: { apiToken: ['Token'], oidcIssuerUrl: ['IssuerUrl'] },
    notRegistered: {
      gatewayUrl: AWS_ONLY,
      taskFamilyPrefix: AWS_ONLY,
      apiUrl: 'it is an environment variable of the Lambda, so an event cannot choose where the API token is sent',
      extraCaCertificates: 'the certificates are part of the Lambda\'s code',
    },
  },
  {
    name: 'RunnerRuleProps',
    problemPrefix: '',
    passedTo: ['addRule', 'RunnerRule'],
    notValidated: {},
    registeredAs: { runner: ['RunnerId'] },
    notRegistered: { rolePath: AWS_ONLY, permissionsBoundary: AWS_ONLY, registrationNetwork: AWS_ONLY },
  },
  {
    name: 'NewBucketOptions',
    problemPrefix: 'stateStorage.',
    passedTo: ['newBucket', 'existingBucket'],
    notValidated: { versioned: ANY_VALUE },
    registeredAs: { prefix: ['PathPrefix'] },
    notRegistered: {
      versioned: AWS_ONLY,
      removalPolicy: AWS_ONLY,
      autoDeleteObjects: AWS_ONLY,
      serverAccessLogsPrefix: AWS_ONLY,
      serverAccessLogsBucket: AWS_ONLY,
    },
  },
  {
    name: 'AssetImageOptions',
    problemPrefix: 'image.',
    passedTo: ['fromAsset', 'built'],
    notValidated: {
      platform: 'a self-hosted orchestrator may use another platform, so there is only a warning',
      buildSecrets: 'Docker validates it when it builds the image',
      file: 'the problem of a missing file names `image`',
      target: 'Docker validates it when it builds the image',
      exclude: ANY_VALUE,
    },
  },
  {
    name: 'RegistrationNetwork',
    problemPrefix: 'registrationNetwork.',
    passedTo: ['registrationNetwork'],
    notValidated: {
      vpc: 'its subnets are validated, and the problems name `vpcSubnets`',
      createEndpoints: 'the problem of `createEndpoints` without an OIDC provider names `oidcProvider`',
    },
  },
  {
    name: 'RunnerOidcProviderProps',
    problemPrefix: '',
    passedTo: ['RunnerOidcProvider'],
    notValidated: {},
  },
];
