import type { OrchestratorClient } from './client';
import type { WireOrchestrator } from '../wire';

/**
 * The request of CloudFormation, as far as the handler reads it.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
 */
export interface LifecycleEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly ResourceType: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: object;
  readonly OldResourceProperties?: object;
}

/** What the Lambda runtime tells about the invocation. */
export interface LambdaContext {
  readonly logStreamName: string;
  getRemainingTimeInMillis(): number;
}

/** What every lifecycle knows of the request that it carries out. Times are in milliseconds since 1970. */
export interface Request {
  readonly type: LifecycleEvent['RequestType'];
  readonly logicalId: string;
  /** What was created since then was created after CloudFormation sent the request. */
  readonly since: number;
  readonly startedAt: number;
  /** No call begins after it. */
  readonly deadline: number;
  /** The client of an organization. Reads the API token first: what needs no API must not fail for want of a token. */
  readonly client: (orchestrator: WireOrchestrator) => Promise<OrchestratorClient>;
}

/** The result of a lifecycle. */
export interface Outcome {
  readonly physicalId: string;
  readonly data?: Record<string, string>;
  /** Reported as the reason of a success. */
  readonly note?: string;
}

/** A failure in words for the user: what failed, why, and what to do. */
export class LifecycleError extends Error {
  /** The physical ID to answer, if it is not that of the request. */
  public readonly physicalId?: string;
  /** What is too long for the summary. */
  public readonly details?: string;

  constructor(message: string, options: { readonly physicalId?: string; readonly details?: string } = {}) {
    super(message);
    this.physicalId = options.physicalId;
    this.details = options.details;
  }
}

/** A failure whose message is complete: it names the operation. */
export class ExplainedError extends LifecycleError {}

/** What a resource does on the three requests. */
export interface Lifecycle {
  create(): Promise<Outcome>;
  update(physicalId: string): Promise<Outcome>;
  delete(physicalId: string): Promise<Outcome>;
}
