import type { OidcProviderProperties, RunnerIdProperties, RunnerProperties, RunnerRuleProperties, WireOrchestrator } from '../wire';
import { OIDC_PROVIDER_TYPE, RUNNER_ID_TYPE, RUNNER_RULE_TYPE, RUNNER_TYPE } from '../wire';
import { HttpClient, OrchestratorClient } from './client';
import { Answer, answer } from './cloudformation';
import type { LambdaContext, Lifecycle, LifecycleEvent, Outcome } from './event';
import { LifecycleError } from './event';
import { ANSWER_RESERVE, LAST_LOOK, SAFETY, SUMMARY_MAX_CHARACTERS } from './limits';
import { log, short } from './log';
import { OidcProviderLifecycle } from './oidc-provider';
import { RunnerLifecycle, UNKNOWN } from './runner';
import { RunnerIdLifecycle } from './runner-id';
import { RunnerRuleLifecycle } from './runner-rule';
import { readToken } from './token';

/** The Lambda: carries the request out, and answers CloudFormation whatever happens. */
async function handler(event: LifecycleEvent, context: LambdaContext): Promise<void> {
  const end = Date.now() + context.getRemainingTimeInMillis();
  log('request', {
    type: event.RequestType, resource: event.ResourceType, logicalId: event.LogicalResourceId, physicalId: event.PhysicalResourceId, request: event.RequestId,
  });
  const result = await Promise.race([carryOut(event, end - ANSWER_RESERVE), watchdog(event, end - ANSWER_RESERVE)]);
  // The log says more than fits into a reason, so a failure says where it is.
  const reason = result.status === 'FAILED' ? `${result.reason} (log stream ${context.logStreamName})` : result.reason;
  await answer(event, { ...result, reason }, end - SAFETY);
}

async function carryOut(event: LifecycleEvent, deadline: number): Promise<Answer> {
  try {
    const lifecycle = lifecycleOf(event, event.RequestType === 'Delete' ? deadline : deadline - LAST_LOOK);
    const outcome = await request(event, lifecycle);
    return { status: 'SUCCESS', physicalId: outcome.physicalId, reason: outcome.note, data: outcome.data };
  } catch (error) {
    const { message, details, physicalId } = error instanceof LifecycleError ? error
      : new LifecycleError(`${event.RequestType} of ${short(event.LogicalResourceId, 100)} failed unexpectedly: ${(error as Error).message}`);
    const summary = message.slice(0, SUMMARY_MAX_CHARACTERS);
    return {
      status: 'FAILED',
      // The delete that follows a create without an id has to look for itself.
      physicalId: physicalId ?? event.PhysicalResourceId ?? UNKNOWN,
      reason: details ? `${summary} Details: ${details}` : summary,
    };
  }
}

function request(event: LifecycleEvent, lifecycle: Lifecycle): Promise<Outcome> {
  switch (event.RequestType) {
    case 'Create': return lifecycle.create();
    case 'Update': return lifecycle.update(event.PhysicalResourceId!);
    case 'Delete': return lifecycle.delete(event.PhysicalResourceId!);
  }
}

function lifecycleOf(event: LifecycleEvent, deadline: number): Lifecycle {
  // Not before it is needed: what needs no API must not fail for want of a token.
  const client = async ({ ApiUrl: apiUrl, OrgId: orgId, Token: token }: WireOrchestrator): Promise<OrchestratorClient> =>
    new HttpClient(apiUrl, orgId, await readToken(token, { permissionsMayBeNew: event.RequestType !== 'Delete', deadline }), deadline);
  switch (event.ResourceType) {
    case RUNNER_ID_TYPE:
      return new RunnerIdLifecycle(event, event.ResourceProperties as RunnerIdProperties, client);
    case RUNNER_TYPE:
      return new RunnerLifecycle(event.ResourceProperties as RunnerProperties, event.OldResourceProperties as RunnerProperties | undefined, client, deadline);
    case RUNNER_RULE_TYPE:
      return new RunnerRuleLifecycle(
        event.ResourceProperties as RunnerRuleProperties, event.OldResourceProperties as RunnerRuleProperties | undefined, client, deadline);
    case OIDC_PROVIDER_TYPE:
      return new OidcProviderLifecycle(event.ResourceProperties as OidcProviderProperties, deadline);
    default:
      throw new LifecycleError(`This Lambda does not know ${event.ResourceType}. Deploy with the version of cdk-humanitec-ecs-runner that made the resource.`);
  }
}

/** Answers in words when the time is over, instead of leaving CloudFormation to wait. */
function watchdog(event: LifecycleEvent, at: number): Promise<Answer> {
  return new Promise(resolve => setTimeout(() => resolve({
    status: 'FAILED',
    physicalId: event.PhysicalResourceId ?? UNKNOWN,
    reason: `${event.RequestType} of ${short(event.LogicalResourceId, 100)} (${subject(event.ResourceProperties)}`
      + ' What was begun is taken up where it stands: try again.',
  }), at - Date.now()).unref());
}

function subject(properties: Partial<RunnerProperties & OidcProviderProperties>): string {
  const { RunnerId: runner, OrgId: org, IssuerUrl: issuer } = properties;
  if (issuer !== undefined) {
    return `issuer '${short(issuer, 100)}') was not done in time: IAM was too slow.`;
  }
  return `${runner ? `runner '${runner}'` : `organization '${short(org ?? '', 100)}'`}) was not done in time: the API, or the store of its token, was too slow.`;
}

// CommonJS, as Lambda loads it: for an ES export, esbuild adds half a kilobyte that makes one look like the other.
export = { handler };
