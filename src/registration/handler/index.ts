import type { DriftCheckEvent, OidcProviderProperties, RunnerIdProperties, RunnerProperties, RunnerRuleProperties } from '../wire';
import { OIDC_PROVIDER_TYPE, RUNNER_ID_TYPE, RUNNER_RULE_TYPE, RUNNER_TYPE } from '../wire';
import { OrchestratorClient } from './client';
import { Answer, answer } from './cloudformation';
import { checkDrift } from './drift';
import type { LambdaContext, Lifecycle, LifecycleEvent, Outcome, Request } from './event';
import { LifecycleError } from './event';
import { again } from './explain';
import { ANSWER_RESERVE, CLOCK_SKEW, LAST_LOOK, SAFETY, SERVER_TIMEOUT, SUMMARY_MAX_CHARACTERS, WRITE_WINDOW } from './limits';
import { log, short } from './log';
import { OidcProviderLifecycle } from './oidc-provider';
import { NOTHING_CREATED } from './physical-ids';
import { RunnerLifecycle, unansweredId } from './runner';
import { RunnerIdLifecycle } from './runner-id';
import { RunnerRuleLifecycle, unansweredRuleId } from './runner-rule';
import { readToken } from './token';
import { apiUrl, checkResponseUrl } from './trusted-urls';

/** The Lambda: carries a request of CloudFormation out, and answers it whatever happens. Or compares a registration with the template. */
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
  const result = await Promise.race([carryOut(event, request), watchdog(event, request, end - ANSWER_RESERVE)]);
  // The log says more than fits into a reason, so a failure says where it is.
  const reason = result.status === 'FAILED' ? `${result.reason} (log stream ${context.logStreamName})` : result.reason;
  await answer(event, { ...result, reason }, end - SAFETY);
}

function requestOf({ RequestType: type, LogicalResourceId: logicalId, ResponseURL: url }: LifecycleEvent, end: number): Request {
  const startedAt = Date.now();
  const deadline = type === 'Delete' ? end : end - LAST_LOOK;
  // CloudFormation signs the URL when it sends the request: YYYYMMDD'T'HHMMSS'Z'. Without it, only what this delivery creates counts as created by the request.
  const signed = new URL(url).searchParams.get('X-Amz-Date')?.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5');
  return {
    type,
    logicalId,
    since: (Date.parse(signed ?? '') || startedAt) - CLOCK_SKEW,
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

async function carryOut(event: LifecycleEvent, request: Request): Promise<Answer> {
  try {
    const { physicalId, note, data } = await perform(event, lifecycleOf(event, request));
    return { status: 'SUCCESS', physicalId, reason: note, data };
  } catch (error) {
    const { message, details, physicalId } = error instanceof LifecycleError ? error
      : new LifecycleError(`${event.RequestType} of ${short(event.LogicalResourceId, 100)} failed unexpectedly: ${(error as Error).message}`);
    const summary = message.slice(0, SUMMARY_MAX_CHARACTERS);
    return {
      status: 'FAILED',
      physicalId: physicalId ?? event.PhysicalResourceId ?? unansweredIdOf(event, request),
      reason: details ? `${summary} Details: ${details}` : summary,
    };
  }
}

function perform(event: LifecycleEvent, lifecycle: Lifecycle): Promise<Outcome> {
  switch (event.RequestType) {
    case 'Create': return lifecycle.create();
    case 'Update': return lifecycle.update(event.PhysicalResourceId!);
    case 'Delete': return lifecycle.delete(event.PhysicalResourceId!);
  }
}

function lifecycleOf(event: LifecycleEvent, request: Request): Lifecycle {
  const { ResourceType: type, ResourceProperties: properties, OldResourceProperties: previous, StackId: stackId } = event;
  switch (type) {
    case RUNNER_ID_TYPE: return new RunnerIdLifecycle(request, stackId, properties as RunnerIdProperties, previous as RunnerIdProperties | undefined);
    case RUNNER_TYPE: return new RunnerLifecycle(request, properties as RunnerProperties, previous as RunnerProperties | undefined);
    case RUNNER_RULE_TYPE: return new RunnerRuleLifecycle(request, properties as RunnerRuleProperties, previous as RunnerRuleProperties | undefined);
    case OIDC_PROVIDER_TYPE: return new OidcProviderLifecycle(properties as OidcProviderProperties, request);
    default: throw new LifecycleError(`This Lambda does not know the resource type ${type}. Deploy with the version of cdk-humanitec-ecs-runner that created the resource.`);
  }
}

/** Answers in words when the time is over, instead of leaving CloudFormation to wait. */
function watchdog(event: LifecycleEvent, request: Request, at: number): Promise<Answer> {
  const { RunnerId: runner, OrgId: org, IssuerUrl: issuer } = event.ResourceProperties as Partial<RunnerProperties & OidcProviderProperties>;
  const [subject, cause] = issuer !== undefined ? [`issuer '${short(issuer, 100)}'`, 'IAM was too slow']
    : [runner ? `runner '${runner}'` : `organization '${short(org ?? '', 100)}'`, 'the API, or the service that stores its token, was too slow'];
  return new Promise(resolve => setTimeout(() => resolve({
    status: 'FAILED',
    physicalId: event.PhysicalResourceId ?? unansweredIdOf(event, request),
    reason: `${event.RequestType} of ${short(event.LogicalResourceId, 100)} (${subject}) was not completed in time: ${cause}. Wait some minutes, ${again(event.RequestType)}`,
  }), at - Date.now()).unref());
}

/** The physical ID of a create that may still be carried out. */
function unansweredIdOf({ ResourceType: type, ResourceProperties: properties }: LifecycleEvent, { since }: Request): string {
  const createdIn = { from: since, to: Date.now() + SERVER_TIMEOUT };
  switch (type) {
    case RUNNER_TYPE: return unansweredId(properties as RunnerProperties, createdIn);
    case RUNNER_RULE_TYPE: return unansweredRuleId(createdIn);
    default: return NOTHING_CREATED;
  }
}

// CommonJS, as Lambda loads it: for an ES export, esbuild adds half a kilobyte that makes one look like the other.
export = { handler };
