import type { LifecycleEvent } from './event';
import { ANSWER_MAX_BYTES, FIRST_PAUSE, MAX_PAUSE, REASON_MAX_CHARACTERS } from './limits';
import { log } from './log';
import { jitter, pause } from './time';

/** The answer to CloudFormation. */
export interface Answer {
  readonly status: 'SUCCESS' | 'FAILED';
  readonly physicalId: string;
  readonly reason?: string;
  readonly data?: Record<string, string>;
}

/**
 * Sends the answer to CloudFormation, and retries until the answer is accepted or the time is over.
 *
 * @throws if the answer was not accepted: Lambda then delivers the event again, which is safe
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
 */
export async function answer(event: LifecycleEvent, content: Answer, deadline: number): Promise<void> {
  const body = render(event, content);
  for (let attempt = 0; ; attempt++) {
    const problem = await put(event.ResponseURL, body, Math.max(1_000, Math.min(5_000, deadline - Date.now())));
    if (problem === undefined) {
      log('answered', { status: content.status, physicalId: content.physicalId, reason: content.reason });
      return;
    }
    log('the answer was not accepted', { attempt, problem });
    if (Date.now() + 500 >= deadline) {
      throw new Error(`CloudFormation did not accept the answer: ${problem}`);
    }
    await pause(jitter(attempt, FIRST_PAUSE, MAX_PAUSE), deadline);
  }
}

function render(event: LifecycleEvent, content: Answer): Uint8Array {
  let reason = printable(content.reason?.slice(0, REASON_MAX_CHARACTERS));
  for (;;) {
    const body = new TextEncoder().encode(JSON.stringify({
      Status: content.status,
      Reason: reason,
      PhysicalResourceId: content.physicalId,
      StackId: event.StackId,
      RequestId: event.RequestId,
      LogicalResourceId: event.LogicalResourceId,
      Data: content.data,
    }));
    if (body.length <= ANSWER_MAX_BYTES || !reason) {
      return body;
    }
    reason = printable(reason.slice(0, Math.floor(reason.length * 0.8)));
  }
}

/** Removes control characters and unpaired surrogates, which messages of the API or a cut can contain. CloudFormation may refuse them. */
function printable(text: string | undefined): string | undefined {
  return text?.replace(/\p{Cc}/gu, ' ').replace(/\p{Cs}/gu, '\ufffd');
}

/** Sends the answer. Error messages do not contain the URL, because its query is a credential. */
async function put(url: string, body: Uint8Array, timeout: number): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      method: 'PUT',
      body,
      // The URL is signed for an empty content type.
      headers: { 'content-type': '' },
      redirect: 'error',
      signal: AbortSignal.timeout(timeout),
    });
    await response.body?.cancel();
    return response.ok ? undefined : `HTTP ${response.status}`;
  } catch (error) {
    return (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).name;
  }
}
