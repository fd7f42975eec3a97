/** Prints the TypeScript app that takes over a runner of Terraform. */
import type { ModuleRunner } from './module-runner';
import { isSensitive } from './state';
import { ConstructIds, literal, objectLines, oneLine, pascalCase } from './text';
import { HUMANITEC_OIDC_ISSUER, RESERVED_ENVIRONMENT, SECRET_ONLY_ENVIRONMENT } from '../common/contract';

/** What a state does not contain. */
export interface Surroundings {
  readonly orgId: string;
  readonly issuerUrl: string;
  /** URL of the API of a self-hosted orchestrator. */
  readonly apiUrl?: string;
  /** Name of the secret with the API token. */
  readonly apiTokenSecret: string;
}

/** An app, and what it does not contain. */
export interface PrintedApp {
  readonly stackName: string;
  readonly code: string[];
  readonly unmapped: string[];
}

const SECRET_NAME = /passw|secret|token|credential|(private|access|api|ssh)_?key/i;
/** Private keys, access keys, tokens of Git hosts, JSON web tokens, and URLs with a password. */
const SECRET_VALUE = /-----BEGIN|^(AKIA|ASIA)[A-Z0-9]{16}$|^(gh[a-z]_|github_pat_|glpat-|xox[a-z]-|sk-)|^eyJ[\w-]+\.|:\/\/[^/\s]*:[^/\s]*@/;

export function printApp(runner: ModuleRunner, surroundings: Surroundings): PrintedApp {
  return new AppPrinter(runner, surroundings).print();
}

class AppPrinter {
  private readonly modules = new Set<string>();
  private readonly classes = new Set(['ApiToken', 'EcsRunner', 'Orchestrator', 'StateStorage']);
  private readonly ids = new ConstructIds();
  private readonly unmapped: string[] = [];

  constructor(private readonly runner: ModuleRunner, private readonly surroundings: Surroundings) {}

  public print(): PrintedApp {
    const { runner } = this;
    const stackName = `${pascalCase(runner.id)}Stack`;
    const before = this.eventLogGroup();
    const properties = [
      ...this.orchestrator(),
      `runnerId: ${literal(runner.id)},`,
      '// Takes the registration over. Remove this line after the first deployment: while it is set, a delete leaves the registration.',
      'adoptExisting: true,',
      ...runner.description === undefined ? [] : [`description: ${literal(runner.description)},`],
      ...this.network(),
      `cluster: ${this.of('ecs')}.Cluster.fromClusterArn(stack, 'Cluster', ${literal(`arn:aws:ecs:${runner.region}:${runner.account}:cluster/${runner.cluster}`)}),`,
      ...this.stateStorage(),
      ...before.length > 0 ? ['eventLogGroup,'] : [],
      ...this.roles(),
      ...this.image(),
      ...this.environment(),
      ...this.secrets(),
      ...this.tags(),
    ];
    const code = [
      ...before,
      ...before.length > 0 ? [''] : [],
      `${runner.rules.length > 0 ? 'const runner = ' : ''}new EcsRunner(stack, 'Runner', {`, ...indent(properties), '});',
      ...this.rules(),
    ];
    this.noteSettings();
    return { stackName, code: [...this.beginning(stackName), ...code], unmapped: this.unmapped };
  }

  private beginning(stackName: string): string[] {
    const { account, region } = this.runner;
    return [
      'import { App, Stack } from \'aws-cdk-lib\';',
      ...[...this.modules].sort().map(name => `import * as ${name} from 'aws-cdk-lib/aws-${name}';`),
      `import { ${[...this.classes].sort().join(', ')} } from 'cdk-humanitec-ecs-runner';`,
      '',
      'const app = new App();',
      `const stack = new Stack(app, ${literal(stackName)}, { env: { account: ${literal(account)}, region: ${literal(region)} } });`,
      '',
    ];
  }

  private orchestrator(): string[] {
    const { orgId, issuerUrl, apiUrl, apiTokenSecret } = this.surroundings;
    const isHosted = issuerUrl === HUMANITEC_OIDC_ISSUER;
    return [
      `orchestrator: Orchestrator.${isHosted ? 'humanitec' : 'selfHosted'}({`,
      `  orgId: ${literal(orgId)},`,
      `  apiToken: ApiToken.fromSecretsManager(${this.of('secretsmanager')}.Secret.fromSecretNameV2(stack, 'ApiToken', ${literal(apiTokenSecret)})),`,
      ...isHosted ? [] : [`  apiUrl: ${literal(apiUrl ?? '')},`, `  oidcIssuerUrl: ${literal(issuerUrl)},`],
      '}),',
    ];
  }

  private network(): string[] {
    const { subnetIds, securityGroupIds, assignPublicIp } = this.runner;
    if (securityGroupIds.length === 0) {
      this.unmapped.push('The runner has no security groups: its tasks use the default security group of their VPC, as before. The CDK prints a warning.');
    }
    return [
      `subnetIds: [${subnetIds.map(literal).join(', ')}],`,
      ...securityGroupIds.length === 0 ? [] : [
        'securityGroups: [',
        ...securityGroupIds.map((id, index) => `  ${this.of('ec2')}.SecurityGroup.fromSecurityGroupId(stack, 'SecurityGroup${index + 1}', ${literal(id)}),`),
        '],',
      ],
      ...assignPublicIp ? ['assignPublicIp: true,'] : [],
    ];
  }

  private stateStorage(): string[] {
    const { bucket, bucketKeyArn, prefix } = this.runner;
    const attributes = [`bucketName: ${literal(bucket)}`];
    if (bucketKeyArn !== undefined) {
      attributes.push(`encryptionKey: ${this.of('kms')}.Key.fromKeyArn(stack, 'StateKey', ${literal(bucketKeyArn)})`);
    }
    const imported = `${this.of('s3')}.Bucket.fromBucketAttributes(stack, 'StateBucket', { ${attributes.join(', ')} })`;
    return ['// The state of the environments stays where it is.', `stateStorage: StateStorage.existingBucket(${imported}${prefix === undefined ? '' : `, { prefix: ${literal(prefix)} }`}),`];
  }

  private eventLogGroup(): string[] {
    const { eventLogGroupName: name } = this.runner;
    return name === undefined ? [] : [
      '// The module created this log group and wrote nothing to it. Now it gets the state changes of the tasks.',
      `const eventLogGroup = ${this.of('logs')}.LogGroup.fromLogGroupName(stack, 'EventLogGroup', ${literal(name)});`,
      'for (const service of [\'events.amazonaws.com\', \'delivery.logs.amazonaws.com\']) {',
      `  eventLogGroup.grantWrite(new ${this.of('iam')}.ServicePrincipal(service));`,
      '}',
    ];
  }

  /** The roles of the tasks stay, because policies that nobody sees in the state may be attached to them, and other policies may name them. */
  private roles(): string[] {
    const { taskRoleArn, executionRoleArn, trust: { oidcProviderArn } } = this.runner;
    const iam = this.of('iam');
    if (taskRoleArn === undefined) {
      this.unmapped.push('The runner has no task role. The stack creates one, which has access to the state only.');
    }
    if (oidcProviderArn === undefined) {
      this.unmapped.push('The state does not name the OIDC provider. The deployment uses the account\'s provider of the issuer, or creates it.');
    }
    return [
      ...taskRoleArn === undefined ? [] : ['// The roles of the tasks keep their grants.', `taskRole: ${iam}.Role.fromRoleArn(stack, 'TaskRole', ${literal(taskRoleArn)}),`],
      `executionRole: ${iam}.Role.fromRoleArn(stack, 'ExecutionRole', ${literal(executionRoleArn)}),`,
      ...oidcProviderArn === undefined ? [] : [`oidcProvider: ${iam}.OidcProviderNative.fromOidcProviderArn(stack, 'OidcProvider', ${literal(oidcProviderArn)}),`],
    ];
  }

  private image(): string[] {
    const { image } = this.runner;
    if (image === undefined) {
      return [];
    }
    this.classes.add('RunnerImage');
    const [, account, region, name, tag] = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/([^:@]+)(?:[:@](.+))?$/.exec(image) ?? [];
    if (account === undefined) {
      return [`image: RunnerImage.fromRegistry(${literal(image)}),`];
    }
    const arn = literal(`arn:aws:ecr:${region}:${account}:repository/${name}`);
    return [`image: RunnerImage.fromEcrRepository(${this.of('ecr')}.Repository.fromRepositoryArn(stack, 'ImageRepository', ${arn})${tag === undefined ? '' : `, ${literal(tag)}`}),`];
  }

  private environment(): string[] {
    const { environment, resource } = this.runner;
    const path = ['runner_configuration', 'job', 'environment'];
    const names = Object.keys(environment);
    const reserved = names.filter(name => [...RESERVED_ENVIRONMENT, ...SECRET_ONLY_ENVIRONMENT].includes(name));
    const secret = names.filter(name => SECRET_NAME.test(name) || SECRET_VALUE.test(environment[name]));
    if (isSensitive(resource, ...path)) {
      this.unmapped.push('Terraform marks the environment variables as sensitive. They stay as they are registered, because the app has no `environment`. Use `secrets` for sensitive values.');
      return [];
    }
    if (secret.length > 0 || reserved.length > 0) {
      this.unmapped.push(`Environment variables: ${[...new Set([...secret, ...reserved])].map(oneLine).join(', ')}. Their names or values look like secrets, or belong to the orchestrator. So the app has no `
        + '`environment`, and all variables stay as they are registered. Use `secrets` for sensitive values; `environment` replaces all variables.');
      return [];
    }
    return names.length === 0 ? [] : objectLines('environment', Object.fromEntries(names.map(name => [name, literal(environment[name])])));
  }

  private secrets(): string[] {
    const { secrets, region, account, resource } = this.runner;
    if (isSensitive(resource, 'runner_configuration', 'job', 'secrets')) {
      this.unmapped.push('Terraform marks the ARNs of `secrets` as sensitive. Add them to the app before you deploy it: the deployment replaces all secrets of the runner.');
      return [];
    }
    const mapped: Record<string, string> = {};
    for (const [name, arn] of Object.entries(secrets)) {
      const id = literal(this.ids.unique(`Secret${pascalCase(name)}`));
      const parameters = `arn:aws:ssm:${region}:${account}:parameter/`;
      if (/^arn:aws:secretsmanager:[^:]+:\d{12}:secret:[^:]+-[A-Za-z0-9]{6}$/.test(arn)) {
        mapped[name] = `${this.of('ecs')}.Secret.fromSecretsManager(${this.of('secretsmanager')}.Secret.fromSecretCompleteArn(stack, ${id}, ${literal(arn)}))`;
      } else if (arn.startsWith(parameters)) {
        const path = arn.slice(parameters.length);
        // The ARN of a parameter has the slash with which the name of a path begins, and adds one to a name without a path.
        const parameterName = path.includes('/') ? `/${path}` : path;
        mapped[name] = `${this.of('ecs')}.Secret.fromSsmParameter(${this.of('ssm')}.StringParameter.fromSecureStringParameterAttributes(stack, ${id}, { parameterName: ${literal(parameterName)} }))`;
      } else {
        // Without the value, which may be the secret itself.
        this.unmapped.push(`The secret ${oneLine(name)}: its value is neither the complete ARN of a secret, nor that of a parameter of this account and region. Add it to \`secrets\` before you `
          + 'deploy: the deployment replaces all secrets of the runner.');
      }
    }
    return Object.keys(mapped).length === 0 ? [] : objectLines('secrets', mapped);
  }

  private tags(): string[] {
    const { tags } = this.runner;
    return Object.keys(tags).length === 0 ? [] : objectLines('tags', Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, literal(value)])));
  }

  private rules(): string[] {
    return this.runner.rules.map(({ projectId, envTypeId }) => {
      const id = this.ids.unique(`${[projectId, envTypeId].map(part => pascalCase(part ?? '')).join('') || 'Default'}Rule`);
      const filter = Object.entries({ projectId, envTypeId }).flatMap(([name, value]) => value === undefined ? [] : [`${name}: ${literal(value)}`]).join(', ');
      return `runner.addRule(${literal(id)}${filter === '' ? '' : `, { ${filter} }`});`;
    });
  }

  private noteSettings(): void {
    const { rules, sessionName, stsRegion } = this.runner;
    if (rules.length === 0) {
      this.unmapped.push('The state has no rule for the runner. Rules that others created stay as they are; add yours with addRule().');
    }
    if (sessionName !== undefined) {
      this.unmapped.push(`The session name ${oneLine(sessionName)}: the construct does not set one. The orchestrator then uses <organization>-<runner id>.`);
    }
    if (stsRegion !== undefined) {
      this.unmapped.push(`The STS region ${oneLine(stsRegion)}: the construct does not set one. The orchestrator then uses the region of the runner.`);
    }
  }

  /** Imports a module of the CDK. Returns its name. */
  private of(module: string): string {
    this.modules.add(module);
    return module;
  }
}

function indent(lines: string[]): string[] {
  return lines.map(line => `  ${line}`);
}
