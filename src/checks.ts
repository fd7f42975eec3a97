import { Stack } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import * as contract from './contract';
import type { EcsRunnerProps } from './ecs-runner-props';
import { checkEnvironment } from './environment';
import { checkEventLog } from './event-log';
import { checkNetwork } from './network';
import { isKnown, maskUnknown, Problems, quote } from './problems';
import { RegistrationProvider } from './registration/provider';
import { checkWildcards } from './wildcards';

/** Finds everything that can be known to be wrong before a deployment, and throws it as one error. */
export function checkRunner(scope: Construct, props: EcsRunnerProps): void {
  const problems = new Problems();
  problems.addAll('orchestrator', props.orchestrator._problems());
  checkId(props, problems);
  problems.checkText('description', props.description, {
    max: contract.DESCRIPTION_MAX,
    expected: `at most ${contract.DESCRIPTION_MAX} characters`,
    fix: 'Shorten it.',
  });
  checkPlace(scope, problems);
  checkNetwork(props, problems);
  checkCluster(scope, props, problems);
  problems.addAll('stateStorage', props.stateStorage?._problems(scope) ?? []);
  problems.addAll('image', props.image?._problems() ?? []);
  checkEnvironment(scope, props, problems);
  checkRoles(props, problems);
  checkOidcProvider(props, problems);
  checkKey(props, problems);
  checkEventLog(scope, props, problems);
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

function checkPlace(scope: Construct, problems: Problems): void {
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

function checkCluster(scope: Construct, props: EcsRunnerProps, problems: Problems): void {
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
  const stack = Stack.of(scope);
  for (const [what, there, here] of [['region', cluster.env.region, stack.region], ['account', cluster.env.account, stack.account]]) {
    if (isKnown(there) && isKnown(here) && there !== here) {
      problems.add({
        input: 'cluster',
        expected: `a cluster in the runner's ${what}, "${here}"`,
        got: `one in "${there}"`,
        fix: 'A runner works in its own account and region: give it a cluster there.',
      });
    }
  }
}

function checkRoles(props: EcsRunnerProps, problems: Problems): void {
  problems.checkText('rolePath', props.rolePath, {
    pattern: /^\/(?:[a-zA-Z_0-9+=,.@-]+\/)*$/,
    max: 512,
    expected: 'a path that starts and ends with "/", such as "/platform/runners/", of letters, digits and _+=,.@- between slashes',
    fix: 'Add the missing slash, or remove what the orchestrator does not accept in role ARNs.',
  });
  for (const [input, role] of [['taskRole', props.taskRole], ['executionRole', props.executionRole]] as [string, iam.IRole | undefined][]) {
    problems.checkText(input, role?.roleArn, {
      pattern: contract.ROLE_ARN_PATTERN,
      expected: 'a role of the partition "aws", "arn:aws:iam::<account>:role/<name>"',
      fix: 'The orchestrator accepts no other ARNs: give a role of this account.',
    });
  }
}

function checkKey({ encryptionKey }: EcsRunnerProps, problems: Problems): void {
  if (encryptionKey && maskUnknown(encryptionKey.keyArn).includes(':alias/')) {
    problems.add({
      input: 'encryptionKey',
      expected: 'a key',
      got: 'an alias of one',
      fix: 'IAM and CloudWatch Logs know keys by their own ARN only: give the key that the alias points at.',
    });
  }
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
  // The ARN of a provider of this app is a CDK token, and its issuer may be known all the same.
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
