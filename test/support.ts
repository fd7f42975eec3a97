import { App, Stack, StackProps } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { ApiToken, EcsRunner, EcsRunnerProps, Orchestrator } from '../src';

export const ACCOUNT = '123456789012';
export const REGION = 'us-east-1';
export const TOKEN_ARN = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:humanitec-api-token-AbCdEf`;

/** A stack with a known account and region, in an app with its own output directory. */
export function newStack(props: StackProps = { env: { account: ACCOUNT, region: REGION } }, id = 'Stack', app = new App({ treeMetadata: false })): Stack {
  return new Stack(app, id, props);
}

export function tokenOf(stack: Stack, id = 'ApiToken'): ApiToken {
  const imported = stack.node.tryFindChild(id) as secretsmanager.ISecret | undefined;
  return ApiToken.fromSecretsManager(imported ?? secretsmanager.Secret.fromSecretCompleteArn(stack, id, TOKEN_ARN));
}

export function orchestratorOf(stack: Stack, orgId = 'my-org'): Orchestrator {
  return Orchestrator.humanitec({ orgId, apiToken: tokenOf(stack) });
}

/** An existing VPC, so that the template contains only the runner's own resources. */
export function importedVpc(stack: Stack): ec2.IVpc {
  return (stack.node.tryFindChild('Vpc') as ec2.IVpc | undefined) ?? ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-12345678',
    availabilityZones: [`${REGION}a`, `${REGION}b`],
    privateSubnetIds: ['subnet-11111111', 'subnet-22222222'],
    publicSubnetIds: ['subnet-33333333', 'subnet-44444444'],
  });
}

/** The required inputs of a runner. */
export function minimal(stack: Stack): EcsRunnerProps {
  return { orchestrator: orchestratorOf(stack), subnetIds: ['subnet-11111111', 'subnet-22222222'] };
}

/** The only resource of a type, or the only one whose logical id starts with the given text. */
export function only(template: Template, type: string, startsWith = ''): Record<string, any> {
  const found = Object.entries(template.findResources(type, Match.anyValue())).filter(([id]) => id.startsWith(startsWith));
  if (found.length !== 1) {
    throw new Error(`expected one ${type} with an id like "${startsWith}", found ${found.length}`);
  }
  return found[0][1];
}

export function runnerIn(stack: Stack, props: Partial<EcsRunnerProps> = {}, id = 'Runner'): EcsRunner {
  return new EcsRunner(stack, id, { ...minimal(stack), ...props });
}

/** The statements of a role by Sid, from its inline policies and separate policy resources. */
export function statementsOf(template: Template, role: string): Record<string, any> {
  const found = Object.entries(template.findResources('AWS::IAM::Role')).filter(([id]) => id.startsWith(role));
  if (found.length !== 1) {
    throw new Error(`expected one role with an id like "${role}", found ${found.length}`);
  }
  const [[id, { Properties: properties }]] = found;
  const beside = Object.values(template.findResources('AWS::IAM::Policy')).filter(policy => policy.Properties.Roles.some((each: any) => each.Ref === id));
  const documents = [...(properties.Policies ?? []), ...beside.map(policy => policy.Properties)].map(policy => policy.PolicyDocument);
  return bySid(documents.flatMap(document => document.Statement));
}

export function bySid(statements: any[]): Record<string, any> {
  return Object.fromEntries(statements.map(statement => [statement.Sid ?? '', statement]));
}

/** All logical ids that a resource refers to or depends on. */
export function referencesOf(resource: any, ids: Set<string>): string[] {
  const found = new Set<string>([resource.DependsOn ?? []].flat());
  const text = JSON.stringify(resource.Properties ?? {});
  for (const id of ids) {
    if (text.includes(`{"Ref":"${id}"}`) || text.includes(`"Fn::GetAtt":["${id}"`)) {
      found.add(id);
    }
  }
  return [...found];
}

export function longestChain(template: Template): number {
  const { Resources: resources } = template.toJSON();
  const ids = new Set(Object.keys(resources));
  const depth = (id: string): number => Math.max(0, ...referencesOf(resources[id], ids).map(other => 1 + depth(other)));
  return Math.max(...[...ids].map(depth));
}

export const secretArn = (name: string, region = REGION) => `arn:aws:secretsmanager:${region}:${ACCOUNT}:secret:${name}-AbCdEf`;

export function importedSecret(stack: Stack, name: string, encryptionKey?: kms.IKey, region = REGION): ecs.Secret {
  return ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretAttributes(stack, name, { secretCompleteArn: secretArn(name, region), encryptionKey }));
}

const PSEUDO_PARAMETERS: Record<string, string> = { 'AWS::Partition': 'aws', 'AWS::URLSuffix': 'amazonaws.com' };

/** A value with its expressions resolved as in AWS, except for references to resources. */
export function flat(value: any): any {
  if (Array.isArray(value)) {
    return value.map(flat);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  if ('Fn::Sub' in value) {
    return value['Fn::Sub'].replace(/\$\{(AWS::Partition|AWS::URLSuffix)\}/g, (_: string, name: string) => PSEUDO_PARAMETERS[name]);
  }
  if ('Fn::Join' in value) {
    return value['Fn::Join'][1].map((part: any) => typeof part === 'string' ? part
      : PSEUDO_PARAMETERS[part.Ref] ?? JSON.stringify(part)).join('');
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, flat(inner)]));
}

/** The library's warnings in a stack as `path: id`, without their texts. */
export function warningsOf(stack: Stack): string[] {
  return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('cdk-humanitec-ecs-runner:'))
    .map(({ id, entry }) => `${id.replace('/Warnings', '')}: ${/\[ack: cdk-humanitec-ecs-runner:(\w+)\]/.exec(entry.data as string)?.[1]}`).sort();
}

/** A runner with an imported OIDC provider, for apps with several stacks. */
export function plainRunner(stack: Stack, props: Partial<EcsRunnerProps> = {}, id = 'Runner'): EcsRunner {
  const arn = `arn:aws:iam::${ACCOUNT}:oidc-provider/oidc.humanitec.dev`;
  const oidcProvider = (stack.node.tryFindChild('Oidc') as iam.IOidcProvider | undefined) ?? iam.OidcProviderNative.fromOidcProviderArn(stack, 'Oidc', arn);
  return runnerIn(stack, { oidcProvider: props.orchestrator?._issuerName === 'oidc.example.com' ? undefined : oidcProvider, ...props }, id);
}

/** A runner without warnings of its own. */
export function quietRunner(stack: Stack, props: Partial<EcsRunnerProps> = {}, id = 'Runner'): EcsRunner {
  const runner = plainRunner(stack, { vpc: importedVpc(stack), subnetIds: undefined, ...props }, id);
  runner.addRule('Rule', { projectId: `project-${runner.node.addr}` });
  return runner;
}
