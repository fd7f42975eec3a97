import { type Aws, list } from '../aws';
import { Check, Finding, ok, problem } from '../check';
import type { Stack } from '../stack';

const FAILED = /_FAILED$/;
/** More reasons hide the first one. */
const MAX_REASONS = 3;

interface StackEvent {
  readonly LogicalResourceId: string;
  readonly ResourceStatus: string;
  readonly ResourceStatusReason?: string;
  readonly PhysicalResourceId?: string;
}

export const STACK: Check = {
  id: 'stack',
  title: 'The state of the stack, and why its last operation failed',
  reads: ['cloudformation:DescribeStacks', 'cloudformation:GetTemplate', 'cloudformation:ListStackResources', 'cloudformation:DescribeStackEvents'],
  isShared: true,
  run: async ({ aws, stack }) => [await readState(aws, stack)],
};

/** What the stack's status and last events say. */
export async function readState(aws: Aws, stack: Stack): Promise<Finding> {
  if (/^(CREATE|UPDATE|IMPORT)_COMPLETE$/.test(stack.status)) {
    return stateOf(stack, []);
  }
  // Newest first; one page has the last operation of nearly every stack.
  const { StackEvents } = await aws('cloudformation', 'DescribeStackEvents', { StackName: stack.id });
  return stateOf(stack, list(StackEvents));
}

/** @param events newest first */
export function stateOf({ id, name, status }: Stack, events: readonly StackEvent[]): Finding {
  if (/^(CREATE|UPDATE|IMPORT)_COMPLETE$/.test(status)) {
    return ok(`The stack is in ${status}.`);
  }
  if (/_IN_PROGRESS$/.test(status)) {
    return problem(`The stack is in ${status}: an operation is running.`, 'Wait until it ends, then run the doctor again.');
  }
  const reasons = reasonsOf(id, events);
  if (/^(UPDATE|IMPORT)_ROLLBACK_COMPLETE$/.test(status)) {
    // The runner works as before the update, so that nobody has to act at night. The other checks say whether it does.
    return ok(`The stack is in ${status}: its last operation failed, and everything is as before it. ${reasons.length > 0 ? `It failed because of ${reasons.join(' | ')} ` : ''}`
      + 'Correct the cause before the next deployment.');
  }
  const why = reasons.length > 0 ? ` Its last operation failed: ${reasons.join(' | ')}` : '';
  return problem(`The stack is in ${status}.${why}`, remedyOf(name, status));
}

/** Why the last operation failed, the first cause first. A resource that was only cancelled says nothing. */
export function reasonsOf(stackId: string, events: readonly StackEvent[]): string[] {
  const begin = events.findIndex(({ PhysicalResourceId: id, ResourceStatus: status, ResourceStatusReason: reason = '' }) =>
    id === stackId && /^(CREATE|UPDATE|DELETE)_IN_PROGRESS$/.test(status) && /User Initiated/i.test(reason));
  const last = events.slice(0, begin < 0 ? undefined : begin);
  return last.filter(({ PhysicalResourceId: id, ResourceStatus: status, ResourceStatusReason: reason }) =>
    id !== stackId && FAILED.test(status) && reason && !/^Resource (creation|update) cancelled/i.test(reason))
    .map(({ LogicalResourceId: logicalId, ResourceStatusReason: reason }) => `${logicalId}: ${reason}`)
    .reverse().slice(0, MAX_REASONS);
}

function remedyOf(name: string, status: string): string {
  switch (status) {
    case 'ROLLBACK_COMPLETE':
    case 'ROLLBACK_FAILED':
    case 'CREATE_FAILED': return `Correct the cause, delete the stack '${name}', and deploy again.`;
    case 'UPDATE_ROLLBACK_FAILED': return `Correct the cause, run \`aws cloudformation continue-update-rollback --stack-name ${name}\`, and deploy again.`;
    case 'DELETE_FAILED': return 'Correct the cause, and delete the stack again.';
    default: return 'Correct the cause, and deploy again.';
  }
}
