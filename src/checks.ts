import { IResource, Stack } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { checkConstructId } from './common/construct-ids';
import * as contract from './common/contract';
import { checkKey, checkPlace, checkVpcParts, placeOf, PlaceRule } from './common/place';
import { checkRemovalPolicy, isKnown, maskUnknown, Problems, quote } from './common/problems';
import type { EcsRunnerProps } from './inputs/ecs-runner-props';
import { checkEnvironment } from './parts/environment';
import { checkEventLog } from './parts/event-log';
import { checkNetwork } from './parts/network';
import { checkTags } from './parts/tags';
import { checkWildcards } from './parts/wildcards';
import { RegistrationProvider } from './registration/provider';
import { checkRunnerTypes } from './runner-input-types';

/** Finds everything that can be known to be wrong before a deployment, and throws it as one error. */
export function checkRunner(scope: Construct, props: EcsRunnerProps): void {
  const problems = new Problems();
  checkConstructId(scope, problems);
  checkRunnerTypes(problems, props);
  problems.throwIfAny(scope, 'EcsRunner');
  problems.addAll('orchestrator', props.orchestrator._problems(scope));
  checkId(props, problems);
  problems.checkText('description', props.description, {
    max: contract.DESCRIPTION_MAX,
    expected: `at most ${contract.DESCRIPTION_MAX} characters`,
    fix: 'Shorten it.',
  });
  checkRegion(scope, problems);
  checkNetwork(props, problems);
  checkCluster(props, problems);
  problems.addAll('stateStorage', props.stateStorage?._problems(scope) ?? []);
  problems.addAll('image', props.image?._problems() ?? []);
  checkRemovalPolicy(problems, 'logRemovalPolicy', props.logRemovalPolicy);
  checkEnvironment(scope, props, problems);
  checkRoles(props, problems);
  checkOidcProvider(props, problems);
  checkPlaces(scope, props, problems);
  checkEventLog(scope, props, problems);
  checkTags(props.tags ?? {}, tagsOfCdk(props), problems);
  checkWildcards(props, problems);
  RegistrationProvider.check(scope, problems, { ...props, network: props.registrationNetwork });
  problems.throwIfAny(scope, 'EcsRunner');
}

function checkId(props: EcsRunnerProps, problems: Problems): void {
  const { runnerId, runnerIdPrefix } = props;
  const shape = 'lower-case letters, digits and single "-" between them, starting with a letter';
  problems.checkText('runnerId', runnerId, {
    pattern: contract.RUNNER_ID_PATTERN,
    max: contract.RUNNER_ID_MAX,
    expected: `${shape}, 2 to ${contract.RUNNER_ID_MAX} characters`,
    fix: 'Choose an id such as "prod-runner", or leave it out and one is generated.',
  });
  const suffix = contract.RUNNER_ID_SUFFIX_LENGTH + 1;
  problems.checkText('runnerIdPrefix', runnerIdPrefix, {
    pattern: /^[a-z](?:-?[a-z0-9])*$/,
    max: contract.RUNNER_ID_MAX - suffix,
    expected: `${shape}, at most ${contract.RUNNER_ID_MAX - suffix} characters (${suffix} more are appended)`,
    fix: 'Choose a prefix such as "prod-runner".',
  });
  if (runnerId !== undefined && runnerIdPrefix !== undefined) {
    problems.add({
      input: 'runnerIdPrefix',
      expected: 'either `runnerId` or `runnerIdPrefix`',
      got: 'both',
      fix: 'Leave the prefix out to use the id as it is, or the id to have one generated.',
    });
  }
  if (props.adoptExisting && runnerId === undefined) {
    problems.add({
      input: 'adoptExisting',
      expected: '`runnerId` beside it',
      got: 'no `runnerId`',
      fix: 'Name the runner to take over: a generated id is always new.',
    });
  }
}

function checkRegion(scope: Construct, problems: Problems): void {
  const { region } = Stack.of(scope);
  if (isKnown(region) && (!contract.REGION_PATTERN.test(region) || region.startsWith('cn-'))) {
    problems.add({
      input: 'region of the stack',
      expected: 'a region of the partition "aws", such as "eu-west-1"',
      got: quote(region),
      fix: 'The orchestrator cannot use the partitions aws-cn, aws-us-gov and aws-iso: deploy the stack elsewhere.',
    });
  }
}

function checkCluster(props: EcsRunnerProps, problems: Problems): void {
  const { cluster, containerInsights } = props;
  if (!cluster) {
    return;
  }
  problems.checkText('cluster', cluster.clusterName, {
    min: 1,
    max: contract.CLUSTER_NAME_MAX,
    pattern: /^[a-zA-Z0-9_-]+$/,
    expected: `a cluster whose name has 1 to ${contract.CLUSTER_NAME_MAX} letters, digits, "-" and "_"`,
    fix: 'Import the cluster by its name, not by its ARN.',
  });
  if (containerInsights !== undefined) {
    problems.add({
      input: 'containerInsights',
      expected: 'no `cluster` beside it',
      got: 'both',
      fix: 'Set Container Insights where the cluster is defined: an existing one is left as it is.',
    });
  }
}

/** How many tags the CDK adds to a resource of the runner: three to each subnet of a new VPC, one to a bucket that it empties. */
function tagsOfCdk(props: EcsRunnerProps): number {
  const isNewVpc = !props.vpc && !props.subnetIds && !props.cluster;
  return isNewVpc ? 3 : props.stateStorage?._autoDeletes ? 1 : 0;
}

function checkRoles(props: EcsRunnerProps, problems: Problems): void {
  for (const [input, role] of [['taskRole', props.taskRole], ['executionRole', props.executionRole]] as [string, iam.IRole | undefined][]) {
    problems.checkText(input, role?.roleArn, {
      pattern: contract.ROLE_ARN_PATTERN,
      expected: 'a role of the partition "aws", "arn:aws:iam::<account>:role/<name>"',
      fix: 'The orchestrator accepts no other ARNs: give a role of this account.',
    });
  }
}

/** Rejects what AWS accepts of the runner's own account or region only. */
function checkPlaces(scope: Construct, props: EcsRunnerProps, problems: Problems): void {
  const { cluster, taskRole, executionRole, oidcProvider, encryptionKey } = props;
  const inputs: [input: string, resource: IResource | undefined, arn: string | undefined, rule: PlaceRule][] = [
    ['cluster', cluster, cluster?.clusterArn, {
      what: 'a cluster', same: ['region', 'account'], fix: 'A runner works in its own account and region: give it a cluster there.',
    }],
    ['taskRole', taskRole, taskRole?.roleArn, { what: 'a role', same: ['account'], fix: 'ECS starts tasks with roles of their own account only.' }],
    ['executionRole', executionRole, executionRole?.roleArn, { what: 'a role', same: ['account'], fix: 'ECS starts tasks with roles of their own account only.' }],
    ['oidcProvider', oidcProvider, oidcProvider?.oidcProviderArn, {
      what: 'a provider', same: ['account'], fix: 'A role can trust providers of its own account only: give that account\'s provider, or leave it out.',
    }],
  ];
  for (const [input, resource, arn, rule] of inputs) {
    if (resource && problems.list.every(problem => problem.input !== input)) {
      checkPlace(scope, problems, input, placeOf(scope, resource, arn), rule);
    }
  }
  checkKey(scope, problems, 'encryptionKey', encryptionKey, Stack.of(scope).region);
  checkVpcParts(scope, problems, '', props);
}

function checkOidcProvider(props: EcsRunnerProps, problems: Problems): void {
  const provider = props.oidcProvider;
  if (!provider) {
    if (props.registrationNetwork?.createEndpoints) {
      problems.add({
        input: 'oidcProvider',
        expected: 'the provider of the orchestrator\'s issuer, as `registrationNetwork` has `createEndpoints`',
        got: 'none',
        fix: 'Without a way to the internet, the Lambda cannot create it: IAM has VPC endpoints in us-east-1 only. Define a RunnerOidcProvider in this or another stack, '
          + 'or import the provider with OidcProviderNative.fromOidcProviderArn().',
      });
    }
    return;
  }
  const expected = props.orchestrator._issuerName;
  // The ARN of a provider of this app is a CDK token, but its issuer may be known.
  const named = isKnown(provider.oidcProviderIssuer) ? `:oidc-provider/${provider.oidcProviderIssuer}` : provider.oidcProviderArn;
  const [start, issuer] = maskUnknown(named).split(':oidc-provider/');
  if (isKnown(expected) && issuer !== expected && !(issuer ?? start).includes('\u0000')) {
    problems.add({
      input: 'oidcProvider',
      expected: `the provider of the orchestrator's issuer, "arn:aws:iam::<account>:oidc-provider/${expected}"`,
      got: isKnown(provider.oidcProviderArn) ? quote(provider.oidcProviderArn) : `the provider of ${quote(issuer ?? start)}`,
      fix: 'Give that provider, or leave it out and one is made.',
    });
  }
}
