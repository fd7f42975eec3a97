import type { DriftCheckEvent, OidcProviderProperties, RunnerIdProperties, RunnerProperties, RunnerRuleProperties, WireOrchestrator } from '../wire';
import { OIDC_PROVIDER_TYPE, RUNNER_ID_TYPE, RUNNER_RULE_TYPE, RUNNER_TYPE } from '../wire';
import { OrchestratorClient } from './client';
import { Answer, answer } from './cloudformation';
import { checkDrift } from './drift';
import type { LambdaContext, Lifecycle, LifecycleEvent, Outcome, Request } from './event';
import { LifecycleError, UnfinishedError } from './event';
import { again, explain } from './explain';
import { ANSWER_RESERVE, CLOCK_SKEW, MAX_CREATE_AGE, DELETE_RESERVE, ANSWER_MARGIN, SERVER_TIMEOUT, SUMMARY_MAX_CHARACTERS, WRITE_WINDOW } from './limits';
import { log, short } from './log';
import { OidcProviderLifecycle } from './oidc-provider';
import { NOTHING_CREATED } from './physical-ids';
import { RunnerLifecycle } from './runner';
import { RunnerIdLifecycle } from './runner-id';
import { RunnerRuleLifecycle } from './runner-rule';
import { readToken } from './token';
import { apiUrl, checkResponseUrl } from './trusted-urls';

/** The Lambda: executes a request of CloudFormation and always answers it, or compares a registration with the template. */
async function handler(event: LifecycleEvent | DriftCheckEvent, context: LambdaContext): Promise<void> {
  const end = Date.now() + context.getRemainingTimeInMillis();
  if ('DriftCheck' in event) {
    return checkDrift(event.DriftCheck, end - ANSWER_RESERVE);
  }
  checkResponseUrl(event.ResponseURL);
  log('request', {
    type: event.RequestType, resource: event.ResourceType, logicalId: event.LogicalResourceId, physicalId: event.PhysicalResourceId, request: event.RequestId,
  });
  const request = requestOf(event, end - ANSWER_RESERVE);
  const result = await carryOut(event, request, end - ANSWER_RESERVE);
  // The log contains more than fits into a reason, so the reason of a failure names the log.
  const reason = result.status === 'FAILED' ? `${result.reason} (log stream ${context.logStreamName})` : result.reason;
  await answer(event, { ...result, reason }, end - ANSWER_MARGIN);
}

function requestOf({ RequestType: type, LogicalResourceId: logicalId, ResponseURL: url }: LifecycleEvent, end: number): Request {
  const startedAt = Date.now();
  const deadline = type === 'Delete' ? end : end - DELETE_RESERVE;
  // CloudFormation signs the URL when it sends the request: YYYYMMDD'T'HHMMSS'Z'. Without it, only what this delivery creates counts as created by the request.
  const signed = new URL(url).searchParams.get('X-Amz-Date')?.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5');
  const since = (Date.parse(signed ?? '') || startedAt) - CLOCK_SKEW;
  return {
    type,
    logicalId,
    since,
    recently: { from: since - MAX_CREATE_AGE, to: Infinity },
    startedAt,
    deadline,
    client: async ({ OrgId: orgId, Token: token }) => new OrchestratorClient({
      apiUrl: apiUrl(),
      orgId,
      readToken: () => readToken(token, { permissionsMayBeNew: type !== 'Delete', deadline }),
      deadline,
      writesUntil: type === 'Update' ? startedAt + WRITE_WINDOW : deadline,
    }),
  };
}

async function carryOut(event: LifecycleEvent, request: Request, end: number): Promise<Answer> {
  const { RequestType: type, ResourceProperties: properties, PhysicalResourceId: knownId } = event;
  let operation = `${type} of ${short(event.LogicalResourceId, 100)}`;
  try {
    const lifecycle = lifecycleOf(event, request);
    ({ operation } = lifecycle);
    const { physicalId, note, data } = await Promise.race([perform(event, lifecycle), timeout(lifecycle, request, end)]);
    return { status: 'SUCCESS', physicalId, reason: note, data };
  } catch (error) {
    const { message, details, physicalId = knownId ?? NOTHING_CREATED } = explain(error, operation, properties as WireOrchestrator, type);
    const summary = message.slice(0, SUMMARY_MAX_CHARACTERS);
    return { status: 'FAILED', physicalId, reason: details ? `${summary} Details: ${details}` : summary };
  }
}

async function perform({ RequestType: type, PhysicalResourceId: physicalId = '' }: LifecycleEvent, lifecycle: Lifecycle): Promise<Outcome> {
  if (type === 'Delete') {
    return physicalId === NOTHING_CREATED ? { physicalId } : lifecycle.delete(physicalId);
  }
  return type === 'Create' ? lifecycle.create() : lifecycle.update(physicalId);
}

function lifecycleOf(event: LifecycleEvent, request: Request): Lifecycle {
  const { ResourceType: type, ResourceProperties: properties, OldResourceProperties: previous, StackId: stackId } = event;
  switch (type) {
    case RUNNER_ID_TYPE: return new RunnerIdLifecycle(request, stackId, properties as RunnerIdProperties, previous as RunnerIdProperties | undefined);
    case RUNNER_TYPE: return new RunnerLifecycle(request, properties as RunnerProperties, previous as RunnerProperties | undefined);
    case RUNNER_RULE_TYPE: return new RunnerRuleLifecycle(request, properties as RunnerRuleProperties, previous as RunnerRuleProperties | undefined);
    case OIDC_PROVIDER_TYPE: return new OidcProviderLifecycle(properties as OidcProviderProperties, request);
    default: throw new LifecycleError(`this Lambda does not know the resource type ${type}. Deploy with the version of cdk-humanitec-ecs-runner that created the resource.`);
  }
}

/** Fails with a message when the time is over, so that CloudFormation does not wait for its timeout. */
function timeout(lifecycle: Lifecycle, { type, since }: Request, end: number): Promise<never> {
  return new Promise((_, reject) => setTimeout(() => reject(new UnfinishedError(
    new LifecycleError(`${lifecycle.services} was too slow. Wait some minutes, ${again(type)}`),
    type === 'Create' ? lifecycle.unansweredId?.({ from: since, to: Date.now() + SERVER_TIMEOUT }) : undefined,
  )), end - Date.now()).unref());
}

// A CommonJS export, because for an ES export esbuild adds half a kilobyte of conversion code.
export = { handler };
