import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Row } from './row';
import { ApiToken, EcsRunner, Orchestrator, RunnerImage, RunnerOidcProvider, RunnerRule, StateStorage } from '../../src';
import { ACCOUNT, importedVpc, minimal, orchestratorOf } from '../support';

/** Plain JavaScript can pass values of any type. */
const any = (value: unknown): any => value;
const TYPE = 'Give a value of this type.';
const MAKE = 'Make it with Orchestrator.humanitec() or Orchestrator.selfHosted().';

/** Values of wrong types, which the compilers of typed languages reject. */
export const ROWS: Row[] = [
  ['a missing orchestrator', () => ({ orchestrator: any(undefined) }), [`orchestrator: expected an Orchestrator; got undefined. ${MAKE}`]],
  ['a plain object for the orchestrator', () => ({ orchestrator: any({ orgId: 'my-org' }) }), [`orchestrator: expected an Orchestrator; got an object of type Object. ${MAKE}`]],
  ['an orchestrator without inputs', () => ({ orchestrator: Orchestrator.selfHosted(any(undefined)) }), [
    'orchestrator.orgId: expected a string; got undefined. Give a value of this type.',
    'orchestrator.apiToken: expected an ApiToken; got undefined. Make it with ApiToken.fromSecretsManager() or ApiToken.fromSsmParameter().',
    'orchestrator.apiUrl: expected a string; got undefined. Give a value of this type.',
    'orchestrator.oidcIssuerUrl: expected a string; got undefined. Give a value of this type.',
  ]],
  ['a number for the organization', stack => ({ orchestrator: Orchestrator.humanitec({ ...orchestratorOf(stack), orgId: any(7) }) }), [`orchestrator.orgId: expected a string; got 7. ${TYPE}`]],
  ['an API token without a secret', () => ({ orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken: ApiToken.fromSecretsManager(any(undefined)) }) }),
    ['orchestrator.apiToken: expected an ISecret of aws-secretsmanager; got undefined. Give the secret that has the token.']],
  ['an API token without a parameter', () => ({ orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken: ApiToken.fromSsmParameter(any('/token')) }) }),
    ['orchestrator.apiToken: expected an IParameter of aws-ssm; got a string. Give the parameter that has the token.']],
  ['a number for the field of an API token', stack => ({
    orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken: ApiToken.fromSecretsManager(secretsmanager.Secret.fromSecretNameV2(stack, 'S', 's'), any(7)) }),
  }), [`orchestrator.apiToken.jsonField: expected a string; got 7. ${TYPE}`]],
  ['an alias name for the key of an API token', stack => ({
    orchestrator: Orchestrator.humanitec({
      orgId: 'my-org', apiToken: ApiToken.fromSsmParameter(ssm.StringParameter.fromStringParameterName(stack, 'P', 'p'), any('alias/platform')),
    }),
  }), [`orchestrator.apiToken.encryptionKey: expected a kms.IKey; got a string. ${TYPE}`]],
  ['a number for the id', () => ({ runnerId: any(7) }), [`runnerId: expected a string; got 7. ${TYPE}`]],
  ['null for the VPC', () => ({ vpc: any(null) }), [`vpc: expected an ec2.IVpc; got null. ${TYPE}`]],
  ['a text for the subnets', () => ({ subnetIds: any('subnet-1') }), [`subnetIds: expected a list in which each item is a string; got "subnet-1". ${TYPE}`]],
  ['a number among the subnets', () => ({ subnetIds: any(['subnet-1', 2]) }), [`subnetIds[1]: expected a string; got 2. ${TYPE}`]],
  ['ids for the security groups', () => ({ securityGroups: any(['sg-1']) }), [`securityGroups[0]: expected an ec2.ISecurityGroup; got "sg-1". ${TYPE}`]],
  ['an id and an L1 construct among the subnets of a VPC', stack => ({
    subnetIds: undefined, vpc: importedVpc(stack), vpcSubnets: { subnets: any(['subnet-1', new ec2.CfnSubnet(stack, 'L1', { vpcId: 'vpc-1' })]) },
  }), ['vpcSubnets.subnets[0]: expected an ec2.ISubnet; got "subnet-1".', 'vpcSubnets.subnets[1]: expected an ec2.ISubnet; got an object of type CfnSubnet.']
    .map(problem => `${problem} Import a subnet with ec2.Subnet.fromSubnetId(), or give \`subnetIds\` in place of \`vpc\`.`)],
  ['a subnet without a list', stack => ({
    registrationNetwork: { vpc: importedVpc(stack), vpcSubnets: { subnets: any(importedVpc(stack).privateSubnets[0]) } },
  }), [`registrationNetwork.vpcSubnets.subnets: expected a list in which each item is an ec2.ISubnet; got an object of type ImportedSubnet. ${TYPE}`]],
  ['a text for true or false', () => ({ assignPublicIp: any('false') }), [`assignPublicIp: expected true or false; got "false". ${TYPE}`]],
  ['days that CloudWatch Logs does not know', () => ({ logRetention: any(31) }), [`logRetention: expected a value of logs.RetentionDays; got 31. ${TYPE}`]],
  ['a removal policy that does not exist', () => ({ logRemovalPolicy: any('keep') }), [`logRemovalPolicy: expected a value of RemovalPolicy; got "keep". ${TYPE}`]],
  ['a number for a variable', () => ({ environment: any({ SIZE: 3 }) }), [`environment.SIZE: expected a string; got a number. ${TYPE}`]],
  ['null for the variables', () => ({ environment: any(null) }), [`environment: expected a map in which each value is a string; got null. ${TYPE}`]],
  ['a list for the variables', () => ({ environment: any(['A=1']) }), [`environment: expected a map in which each value is a string; got a list. ${TYPE}`]],
  ['a secret of Secrets Manager among the secrets', stack => ({ secrets: any({ A: minimal(stack), B: secretsmanager.Secret }) }), [
    'secrets.A: expected an ecs.Secret; got an object of type Object. Make it with ecs.Secret.fromSecretsManager() or ecs.Secret.fromSsmParameter().',
    'secrets.B: expected an ecs.Secret; got a function. Make it with ecs.Secret.fromSecretsManager() or ecs.Secret.fromSsmParameter().',
  ]],
  ['a role name for a role', () => ({ taskRole: any('role') }), [`taskRole: expected an iam.IRole; got "role". ${TYPE}`]],
  ['a number for a tag', () => ({ tags: any({ cost: 1 }) }), [`tags.cost: expected a string; got 1. ${TYPE}`]],
  ['an OpenIdConnectProvider', stack => ({
    oidcProvider: any(iam.OpenIdConnectProvider.fromOpenIdConnectProviderArn(stack, 'P', `arn:aws:iam::${ACCOUNT}:oidc-provider/oidc.humanitec.dev`)),
  }), ['oidcProvider: expected an iam.IOidcProvider; got an object of type Import. '
    + 'An OpenIdConnectProvider has another type: import its ARN with iam.OidcProviderNative.fromOidcProviderArn().']],
  ['a registration without a VPC', () => ({ registrationNetwork: any({}) }), [`registrationNetwork.vpc: expected an ec2.IVpc; got undefined. ${TYPE}`]],
  ['a VPC for the registration', stack => ({ registrationNetwork: { vpc: importedVpc(stack), createEndpoints: any('yes') } }),
    [`registrationNetwork.createEndpoints: expected true or false; got "yes". ${TYPE}`]],
  ['a missing bucket', () => ({ stateStorage: StateStorage.existingBucket(any(undefined)) }), [`stateStorage.existingBucket: expected an s3.IBucket; got undefined. ${TYPE}`]],
  ['a bucket for the state storage', () => ({ stateStorage: any('bucket') }),
    ['stateStorage: expected a StateStorage; got "bucket". Make it with StateStorage.newBucket() or StateStorage.existingBucket().']],
  ['null for the options of a bucket', () => ({ stateStorage: StateStorage.existingBucket(any({ bucketArn: 'arn:aws:s3:::state' }), any(null)) }),
    ['stateStorage.props: expected an object with properties; got null. Give at least an empty object.']],
  ['a number for the prefix', () => ({ stateStorage: StateStorage.newBucket({ prefix: any(1) }) }), [`stateStorage.prefix: expected a string; got 1. ${TYPE}`]],
  ['a text for the image', () => ({ image: any('alpine:3') }),
    ['image: expected a RunnerImage; got "alpine:3". Make it with RunnerImage.fromRegistry(), fromEcrRepository() or fromAsset().']],
  ['an image without a name', () => ({ image: RunnerImage.fromRegistry(any(undefined)) }), [`image: expected a string; got undefined. ${TYPE}`]],
  ['a number for the Dockerfile', () => ({ image: RunnerImage.fromAsset('test', any({ file: 7 })) }), [`image.file: expected a string; got 7. ${TYPE}`]],
  ['a number for a build argument', () => ({ image: RunnerImage.fromAsset('test/bad-input', any({ file: 'types.ts', buildArgs: { VERSION: 3 } })) }),
    [`image.buildArgs.VERSION: expected a string; got 3. ${TYPE}`]],
  ['a number for the directory of an image', () => ({ image: RunnerImage.fromAsset(any(7)) }), [`image: expected a string; got 7. ${TYPE}`]],
  ['null for the options of an image', () => ({ image: RunnerImage.fromAsset('test', any(null)) }),
    ['image.props: expected an object with properties; got null. Give at least an empty object.']],
  ['a number for the tag of an image', stack => ({ image: RunnerImage.fromEcrRepository(ecr.Repository.fromRepositoryName(stack, 'R', 'r'), any(7)) }), [`image: expected a string; got 7. ${TYPE}`]],
  ['an image without a repository', () => ({ image: RunnerImage.fromEcrRepository(any(undefined)) }), [`image: expected an ecr.IRepository; got undefined. ${TYPE}`]],
  ['resources of CloudFormation in place of constructs', stack => any({
    cluster: new ecs.CfnCluster(stack, 'Cluster', { clusterName: 'c' }), eventLogGroup: new logs.CfnLogGroup(stack, 'Group', { logGroupName: 'g' }),
  }), [
    `cluster: expected an ecs.ICluster; got an object of type CfnCluster. ${TYPE}`,
    `eventLogGroup: expected a logs.ILogGroup; got an object of type CfnLogGroup. ${TYPE}`,
  ]],
  ['a Map and a date in place of maps', () => any({ secrets: new Map([['NAME', 'value']]), tags: new Date(0), environment: Object.create({ inherited: 'x' }) }), [
    `environment: expected a map in which each value is a string; got an object of type Object. ${TYPE}`,
    `secrets: expected a map in which each value is an ecs.Secret; got an object of type Map. ${TYPE}`,
    `tags: expected a map in which each value is a string; got an object of type Date. ${TYPE}`,
  ]],
];

/** Invalid inputs of other constructs than EcsRunner: name, construct, and full error message. */
export const OTHERS: [name: string, make: (stack: Stack) => unknown, message: string][] = [
  ['a runner without inputs', stack => new EcsRunner(stack, 'Runner', any(undefined)),
    'EcsRunner \'Stack/Runner\' has 1 problem:\n  1. props: expected an object with properties; got undefined. Give at least orchestrator.'],
  ['a rule without inputs', stack => new RunnerRule(stack, 'Rule', any(undefined)),
    'RunnerRule \'Stack/Rule\' has 1 problem:\n  1. props: expected an object with properties; got undefined. Give at least runner.'],
  ['a rule with a construct id that the library uses', stack => new RunnerRule(stack, 'HumanitecRunnerRegistration', {
    runner: EcsRunner.fromRunnerAttributes(stack, 'Runner', { runnerId: 'r', orchestrator: orchestratorOf(stack) }),
  }), 'RunnerRule \'Stack/HumanitecRunnerRegistration\' has 1 problem:\n'
    + '  1. id: expected no construct with the id "HumanitecRunnerRegistration" directly below the stack, because the library uses this id; '
    + 'got \'Stack/HumanitecRunnerRegistration\'. Give that construct another id.'],
  ['a rule whose runner has an orchestrator of wrong types, with an invalid network', stack => new RunnerRule(stack, 'Rule', {
    runner: any({ addRule: () => undefined, node: stack.node, orchestrator: Orchestrator.humanitec({ orgId: any(7), apiToken: any(undefined) }) }),
    registrationNetwork: any({ vpc: 1 }),
  }), 'RunnerRule \'Stack/Rule\' has 3 problems:\n'
    + `  1. runner.orchestrator.orgId: expected a string; got 7. ${TYPE}\n`
    + '  2. runner.orchestrator.apiToken: expected an ApiToken; got undefined. Make it with ApiToken.fromSecretsManager() or ApiToken.fromSsmParameter().\n'
    + `  3. registrationNetwork.vpc: expected an ec2.IVpc; got 1. ${TYPE}`],
  ['a rule without a runner', stack => new RunnerRule(stack, 'Rule', any({ projectId: 1 })), 'RunnerRule \'Stack/Rule\' has 2 problems:\n'
    + '  1. runner: expected an IEcsRunner; got undefined. Give an EcsRunner, or import one with EcsRunner.fromRunnerAttributes().\n'
    + `  2. projectId: expected a string; got 1. ${TYPE}`],
  ['a rule with a bad path of roles', stack =>
    EcsRunner.fromRunnerAttributes(stack, 'Runner', { runnerId: 'r', orchestrator: orchestratorOf(stack) }).addRule('Rule', any({ rolePath: 'x' })),
  'RunnerRule \'Stack/Runner/Rule\' has 1 problem:\n  1. rolePath: expected a path that starts and ends with "/", such as "/platform/runners/", '
    + 'of letters, digits and _+=,.@- between slashes; got "x". Add the missing slash, or remove what the orchestrator does not accept in role ARNs.'],
  ['a rule with a boundary of another account', stack => new RunnerRule(stack, 'Rule', {
    runner: EcsRunner.fromRunnerAttributes(stack, 'Runner', { runnerId: 'r', orchestrator: orchestratorOf(stack) }),
    permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyArn(stack, 'P', 'arn:aws:iam::999999999999:policy/p'),
  }), `RunnerRule 'Stack/Rule' has 1 problem:\n  1. permissionsBoundary: expected a policy in the runner's account, "${ACCOUNT}"; got one in "999999999999". `
    + 'IAM accepts boundaries of the role\'s account and of AWS only: give a policy of this account.'],
  ['a rule with another path of roles than the runners of its stack have', (stack) => {
    const runner = new EcsRunner(stack, 'Runner', { ...minimal(stack), rolePath: '/a/' });
    return new RunnerRule(stack, 'Rule', { runner, rolePath: '/b/', permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyName(stack, 'P', 'p'), registrationNetwork: { vpc: importedVpc(stack) } });
  }, 'RunnerRule \'Stack/Rule\' has 3 problems:\n'
    + '  1. registrationNetwork: expected none, as the stack\'s other runners have none; got another one. '
    + 'The runners of a stack share the registration\'s Lambda: give all of them the same, or put this one into another stack.\n'
    + '  2. rolePath: expected "/a/", as the stack\'s other runners have; got "/b/". '
    + 'The runners of a stack share the registration\'s role: give all of them the same, or put this one into another stack.\n'
    + '  3. permissionsBoundary: expected none, as the stack\'s other runners have none; got another one. '
    + 'The runners of a stack share the registration\'s role: give all of them the same, or put this one into another stack.'],
  ['a runner without the boundary of its stack, and with a network that cannot work', (stack) => {
    const permissionsBoundary = iam.ManagedPolicy.fromManagedPolicyName(stack, 'P', 'p');
    const runner = new EcsRunner(stack, 'First', { ...minimal(stack), permissionsBoundary });
    return new EcsRunner(stack, 'Runner', { ...minimal(stack), orchestrator: runner.orchestrator!, registrationNetwork: { vpc: importedVpc(stack), vpcSubnets: { subnets: [] } } });
  }, 'EcsRunner \'Stack/Runner\' has 2 problems:\n'
    + '  1. registrationNetwork.vpcSubnets: expected at least one subnet; got none. Select existing subnets of the VPC.\n'
    + '  2. permissionsBoundary: expected the boundary that the stack\'s other runners have; got none. '
    + 'The runners of a stack share the registration\'s role: give all of them the same, or put this one into another stack.'],
  ['an OIDC provider whose issuer has a port, and which is kept as a snapshot', stack => new RunnerOidcProvider(stack, 'OidcProvider', {
    oidcIssuerUrl: 'https://oidc.example.com:8443', removalPolicy: RemovalPolicy.SNAPSHOT,
  }), 'RunnerOidcProvider \'Stack/OidcProvider\' has 2 problems:\n'
    + '  1. oidcIssuerUrl: expected an https:// URL of host and path, without port, query and fragment; got "https://oidc.example.com:8443". '
    + 'IAM accepts no other issuers: serve the orchestrator\'s issuer on port 443 of a public host.\n'
    + '  2. removalPolicy: expected DESTROY, RETAIN or RETAIN_ON_UPDATE_OR_DELETE; got SNAPSHOT. An OIDC provider has no snapshots: choose another policy.'],
  ['the id of an imported runner that the orchestrator cannot have', stack => EcsRunner.fromRunnerId(stack, 'Runner', 'Prod Runner'),
    'EcsRunner.fromRunnerAttributes() \'Stack/Runner\' has 1 problem:\n  1. runnerId: expected lower-case letters, digits, "-" and "_", starting with a letter, at most 100 characters; '
      + 'got "Prod Runner". Give the id that the orchestrator shows.'],
  ['a text in place of the options of a rule', stack => new EcsRunner(stack, 'Runner', minimal(stack)).addRule('Rule', any('production')),
    'RunnerRule \'Stack/Runner/Rule\' has 1 problem:\n  1. props: expected an object with properties; got "production". Give at least runner.'],
  ['a text in place of the options of an imported runner\'s rule', stack => EcsRunner.fromRunnerId(stack, 'Runner', 'prod').addRule('Rule', any('production')),
    'RunnerRule \'Stack/Runner/Rule\' has 1 problem:\n  1. props: expected an object with properties; got "production". Give at least runner.'],
  ['a sixth security group that is added later', (stack) => {
    const runner = new EcsRunner(stack, 'Runner', minimal(stack));
    for (let i = 1; i <= 6; i++) {
      runner.connections.addSecurityGroup(ec2.SecurityGroup.fromSecurityGroupId(stack, `Group${i}`, `sg-${i}`));
    }
  }, 'EcsRunner \'Stack/Runner\' has 1 problem:\n  1. securityGroups: expected at most 5; got 6. ECS attaches at most 5 security groups to a task: merge their rules.'],
  ['a security group of another VPC that is added later', (stack) => {
    const [vpc, other] = ['Vpc', 'Other'].map(id => new ec2.Vpc(stack, id, { natGateways: 0 }));
    const runner = new EcsRunner(stack, 'Runner', { ...minimal(stack), subnetIds: undefined, vpc });
    runner.connections.addSecurityGroup(new ec2.SecurityGroup(stack, 'Group', { vpc: other }));
  }, 'EcsRunner \'Stack/Runner\' has 1 problem:\n  1. securityGroups: expected a security group of the VPC \'Stack/Vpc\'; got \'Stack/Group\', which is in another VPC. '
    + 'Give the VPC that the security group belongs to, or another security group.'],
  ['attributes that are missing', stack => EcsRunner.fromRunnerAttributes(stack, 'Runner', any(undefined)),
    'EcsRunner.fromRunnerAttributes() \'Stack/Runner\' has 1 problem:\n  1. props: expected an object with properties; got undefined. Give at least runnerId.'],
  ['attributes of wrong types', stack => EcsRunner.fromRunnerAttributes(stack, 'Runner', any({ runnerId: 7, taskRole: 'role' })),
    'EcsRunner.fromRunnerAttributes() \'Stack/Runner\' has 2 problems:\n'
      + `  1. runnerId: expected a string; got 7. ${TYPE}\n  2. taskRole: expected an iam.IRole; got "role". ${TYPE}`],
  ...['HumanitecRunnerRegistration', 'HumanitecRunnerRegistration-0123abcd', 'HumanitecRunnerEndpoints', 'HumanitecRunnerEventLogs', 'HumanitecOidcProvider-oidc.humanitec.dev'].map((id): [string, (stack: Stack) => unknown, string] =>
    [`the construct id ${id}`, stack => new EcsRunner(stack, id, minimal(stack)),
      `EcsRunner 'Stack/${id}' has 1 problem:\n  1. id: expected no construct with the id "${id}" directly below the stack, because the library uses this id; `
        + `got 'Stack/${id}'. Give that construct another id.`]),
  ['a construct id of the library for an imported runner', stack => EcsRunner.fromRunnerId(stack, 'HumanitecRunnerEventLogs', 'prod'),
    'EcsRunner.fromRunnerAttributes() \'Stack/HumanitecRunnerEventLogs\' has 1 problem:\n  1. id: expected no construct with the id "HumanitecRunnerEventLogs" directly below '
      + 'the stack, because the library uses this id; got \'Stack/HumanitecRunnerEventLogs\'. Give that construct another id.'],
  ['a rule of a runner whose orchestrator is not known, beside another rule', (stack) => {
    new EcsRunner(stack, 'Other', minimal(stack)).addRule('Rule');
    return EcsRunner.fromRunnerId(stack, 'Runner', 'prod').addRule('Rule');
  }, 'RunnerRule \'Stack/Runner/Rule\' has 1 problem:\n  1. runner: expected a runner whose orchestrator is known; got a runner that was imported without its orchestrator. '
    + 'Import it with EcsRunner.fromRunnerAttributes() and give `orchestrator`.'],
  ['a construct of the app with an id of the library', (stack) => {
    new iam.Role(stack, 'HumanitecRunnerRegistration', { assumedBy: new iam.AccountRootPrincipal() });
    return new EcsRunner(stack, 'Runner', minimal(stack));
  }, 'EcsRunner \'Stack/Runner\' has 1 problem:\n  1. scope: expected no construct with the id "HumanitecRunnerRegistration" directly below the stack, '
    + 'because the library uses this id; got \'Stack/HumanitecRunnerRegistration\'. Give that construct another id.'],
];
