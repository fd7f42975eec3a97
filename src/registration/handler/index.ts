import type { RunnerIdProperties, RunnerProperties, RunnerRuleProperties, WireOrchestrator } from '../wire';
import { RUNNER_ID_TYPE, RUNNER_RULE_TYPE, RUNNER_TYPE } from '../wire';
import { HttpClient, OrchestratorClient } from './client';
import { Answer, answer } from './cloudformation';
import type { LambdaContext, Lifecycle, LifecycleEvent, Outcome } from './event';
import { LifecycleError } from './event';
import { ANSWER_RESERVE } from './limits';
import { log } from './log';
import { RunnerLifecycle } from './runner';
import { RunnerIdLifecycle } from './runner-id';
import { RunnerRuleLifecycle } from './runner-rule';
import { readToken } from './token';

/** What a create gives as its id when it ran out of time: the delete that follows has to look for itself. */
const UNKNOWN = 'unknown';

/** The Lambda: carries the request out, and answers CloudFormation whatever happens. */
export async function handler(event: LifecycleEvent, context: LambdaContext): Promise<void> {
  const end = Date.now() + context.getRemainingTimeInMillis();
  log('request', {
    type: event.RequestType, resource: event.ResourceType, logicalId: event.LogicalResourceId, physicalId: event.PhysicalResourceId, request: event.RequestId,
  });
  const result = await Promise.race([carryOut(event, end - ANSWER_RESERVE), watchdog(event, end - ANSWER_RESERVE)]);
  // The log says more than fits into a reason, so a failure says where it is.
  const reason = result.status === 'FAILED' ? `${result.reason} (log stream ${context.logStreamName})` : result.reason;
  await answer(event, { ...result, reason }, end - 1_000);
}

async function carryOut(event: LifecycleEvent, deadline: number): Promise<Answer> {
  try {
    const lifecycle = lifecycleOf(event, deadline);
    const outcome = await request(event, lifecycle);
    return { status: 'SUCCESS', physicalId: outcome.physicalId, reason: outcome.note, data: outcome.data };
  } catch (error) {
    const known = error instanceof LifecycleError;
    const reason = known ? error.message : `${event.RequestType} of ${event.LogicalResourceId} failed unexpectedly: ${(error as Error).message}`;
    return { status: 'FAILED', physicalId: (known ? error.physicalId : undefined) ?? event.PhysicalResourceId ?? UNKNOWN, reason };
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
  const { ApiUrl: apiUrl, OrgId: orgId, Token: token } = event.ResourceProperties as WireOrchestrator;
  // Not before it is needed: what needs no API must not fail for want of a token.
  const client = async (): Promise<OrchestratorClient> => new HttpClient(apiUrl, orgId, await readToken(token), deadline);
  switch (event.ResourceType) {
    case RUNNER_ID_TYPE:
      return new RunnerIdLifecycle(event, event.ResourceProperties as RunnerIdProperties, client);
    case RUNNER_TYPE:
      return new RunnerLifecycle(event.ResourceProperties as RunnerProperties, event.OldResourceProperties as RunnerProperties | undefined, client);
    case RUNNER_RULE_TYPE:
      return new RunnerRuleLifecycle(event.ResourceProperties as RunnerRuleProperties, client);
    default:
      throw new LifecycleError(`This Lambda does not know ${event.ResourceType}. Deploy with the version of cdk-humanitec-ecs-runner that made the resource.`);
  }
}

/** Answers in words when the time is over, instead of leaving CloudFormation to wait. */
function watchdog(event: LifecycleEvent, at: number): Promise<Answer> {
  return new Promise(resolve => setTimeout(() => resolve({
    status: 'FAILED',
    physicalId: event.PhysicalResourceId ?? UNKNOWN,
    reason: `${event.RequestType} of ${event.LogicalResourceId} was not done in time: the API, or the store of its token, was too slow. `
      + 'What was begun is taken up where it stands: try again.',
  }), at - Date.now()).unref());
}
