import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { checkConstructId } from './common/construct-ids';
import { checkKey } from './common/place';
import { Problems } from './common/problems';
import { checkRemovalPolicy } from './common/removal-policy';
import { checkTags } from './common/tags';
import type { EcsRunnerProps } from './inputs/ecs-runner-props';
import { checkRunnerTypes } from './inputs/runner-input-types';
import { checkCluster } from './parts/cluster';
import { checkEnvironment } from './parts/environment';
import { checkEventLog } from './parts/event-log';
import { checkNetwork, createsVpc } from './parts/network';
import { checkOidcProvider } from './parts/oidc-provider';
import { checkRegistration } from './parts/registration';
import { checkRunnerId } from './parts/runner-id';
import { checkGivenRole } from './parts/runner-roles';
import { checkWildcards } from './parts/wildcards';
import { RegistrationProvider } from './registration/provider';

/** Finds all invalid inputs of a runner and throws one error that lists them. */
export function checkRunner(scope: Construct, props: EcsRunnerProps): void {
  const problems = new Problems();
  checkConstructId(scope, problems);
  checkRunnerTypes(problems, props);
  // The other checks rely on the types.
  problems.throwIfAny(scope, 'EcsRunner');
  problems.addAll('orchestrator', props.orchestrator._problems(scope));
  checkRunnerId(problems, props);
  checkRegistration(scope, problems, props);
  checkNetwork(scope, problems, props);
  checkCluster(scope, problems, props);
  problems.addAll('stateStorage', props.stateStorage?._problems(scope) ?? []);
  problems.addAll('image', props.image?._problems() ?? []);
  checkRemovalPolicy(problems, 'logRemovalPolicy', props.logRemovalPolicy);
  checkEventLog(scope, problems, props);
  checkKey(scope, problems, 'encryptionKey', props.encryptionKey, Stack.of(scope).region);
  checkEnvironment(scope, problems, props);
  checkGivenRole(scope, problems, 'taskRole', props.taskRole);
  checkGivenRole(scope, problems, 'executionRole', props.executionRole);
  checkOidcProvider(scope, problems, props);
  checkTags(problems, props.tags ?? {}, { createsVpc: createsVpc(props), emptiesBucket: props.stateStorage?._autoDeletes ?? false });
  // Skips inputs that the checks above rejected.
  checkWildcards(problems, props);
  RegistrationProvider.check(scope, problems, { ...props, network: props.registrationNetwork });
  problems.throwIfAny(scope, 'EcsRunner');
}
