/** The text that `cdk-humanitec-ecs-runner from-terraform` prints: the app that takes over a runner, with the steps of the migration as a comment. */
import { parseArgs } from 'util';
import { printApp, type Surroundings } from './app';
import { findRunner, type ModuleRunner } from './module-runner';
import { MigrationError, parseState } from './state';
import { planTakeover, Takeover } from './takeover';
import { oneLine, shellArgument } from './text';
import { HUMANITEC_OIDC_ISSUER } from '../common/contract';

export const HELP = `Prints the TypeScript app that takes over the runner of a Terraform state, and the steps of the migration.

  terraform state pull | npx cdk-humanitec-ecs-runner from-terraform > app.ts

  --runner ADDRESS         address of the runner, if the state has several: the whole address of the resource, in single quotes
  --api-token-secret NAME  name of the secret in Secrets Manager that has the API token (default: humanitec-api-token)
  --api-url URL            URL of the orchestrator's API, if you host the orchestrator yourself
  --org ID                 id of the organization, if the state does not contain the role that the orchestrator assumes
  --oidc-issuer URL        issuer of the orchestrator's OIDC tokens, if the state does not contain that role

It reads standard input only, calls nothing, and prints no value that Terraform marks as sensitive.
`;

const OPTION_NAMES = ['runner', 'api-token-secret', 'api-url', 'org', 'oidc-issuer'] as const;

type Options = { readonly [Name in typeof OPTION_NAMES[number]]?: string };

/**
 * The app as text.
 *
 * @param state text of the state
 * @throws MigrationError with what to do
 */
export function printProgram(args: readonly string[], state: string): string {
  const options = readOptions(args);
  const resources = parseState(state);
  const runner = findRunner(resources, options.runner);
  const { stackName, code, unmapped } = printApp(runner, surroundingsOf(runner, options));
  return [...introduction(runner, stackName, unmapped, planTakeover(resources, runner)), ...code, ''].join('\n');
}

function readOptions(args: readonly string[]): Options {
  try {
    return parseArgs({ args: [...args], options: Object.fromEntries(OPTION_NAMES.map(name => [name, { type: 'string' }])) }).values;
  } catch (error) {
    throw new MigrationError(`${(error as Error).message.split('. ')[0]}. The options are ${OPTION_NAMES.map(name => `--${name}`).join(', ')}.`);
  }
}

function surroundingsOf({ resource, taskManagerRoleArn, trust }: ModuleRunner, options: Options): Surroundings {
  const orgId = options.org ?? trust.orgId;
  const issuerUrl = options['oidc-issuer'] ?? (trust.issuer && `https://${trust.issuer}`);
  if (orgId === undefined || issuerUrl === undefined) {
    throw new MigrationError(`Could not read organization and OIDC issuer of ${resource.address}: the state has no role ${taskManagerRoleArn} with a trust policy for the runner. Give both `
      + 'with --org and --oidc-issuer.');
  }
  const apiUrl = options['api-url'];
  if (issuerUrl !== HUMANITEC_OIDC_ISSUER && apiUrl === undefined) {
    throw new MigrationError(`The OIDC issuer of ${resource.address} is ${oneLine(issuerUrl)}, so you host the orchestrator yourself. The state does not contain the URL of its API: give it `
      + 'with --api-url.');
  }
  return { orgId, issuerUrl, apiUrl, apiTokenSecret: options['api-token-secret'] ?? 'humanitec-api-token' };
}

function introduction(runner: ModuleRunner, stackName: string, unmapped: string[], takeover: Takeover): string[] {
  const { module, address } = runner.resource;
  const source = module === '' ? 'the root module' : oneLine(module);
  const configuration = module === '' ? [
    '6. Remove these resources and the role that the orchestrator assumed from the configuration. The other resources may stay in Terraform.',
  ] : [
    `6. Remove ${source} and the rules of the runner from the configuration.`,
    ...takeover.referring.length === 0 ? [] : ['   These resources refer to the module: give them literal values instead.', ...list(takeover.referring)],
  ];
  return comment([
    `Takes the runner ${oneLine(runner.id)} over from Terraform (${oneLine(address)}).`,
    '',
    ...unmapped.length === 0 ? [] : ['Not mapped:', ...unmapped.map(text => `- ${text}`), ''],
    'Steps, which docs/MIGRATING.md explains:',
    '1. terraform state pull > before-migration.tfstate',
    '2. Store the API token in Secrets Manager, under the name in this app.',
    `3. npx cdk deploy ${stackName}`,
    '4. Deploy an environment, and check that it works.',
    '5. Remove from Terraform\'s state what stays:',
    ...takeover.removedFromState.map(each => `   terraform state rm ${shellArgument(each)}`),
    ...configuration,
    takeover.deleted.length === 0 ? '7. terraform apply' : '7. terraform apply, which deletes:',
    ...list(takeover.deleted),
    `8. Remove \`adoptExisting\` from this app, then: npx cdk deploy ${stackName}`,
  ]);
}

function list(addresses: string[]): string[] {
  return addresses.map(address => `   - ${oneLine(address)}`);
}

function comment(lines: string[]): string[] {
  return lines.map(line => line === '' ? '//' : `// ${line}`);
}

