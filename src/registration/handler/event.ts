import type { OrchestratorClient } from './client';
import type { Period } from './physical-ids';
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
  /** The time in which a request that CloudFormation has just given up can have created something. */
  readonly recently: Period;
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

/** A failure in words for the user: why, and what to do. */
export class LifecycleError extends Error {
  /** What is too long for the summary. */
  public readonly details?: string;

  constructor(message: string, { details }: { readonly details?: string } = {}) {
    super(message);
    this.details = details;
  }
}

/** A failure that left something. */
export class UnfinishedError extends Error {
  /**
   * @param failure the failure itself
   * @param physicalId what names the rest, if it is not the physical ID of the request
   * @param note what the user has to know of the rest
   */
  constructor(public readonly failure: unknown, public readonly physicalId?: string, public readonly note?: string) {
    super();
  }
}

/** What the resources at the orchestrator wait for. */
export const API_SERVICES = 'the API, or the service that stores its token,';

/** What a resource does on the three requests. */
export interface Lifecycle {
  /** For messages, such as "Registering runner 'prod-runner'". */
  readonly operation: string;
  /** What it waits for, for messages. */
  readonly services: string;
  /** The physical ID of what a create without an answer may create in a period; absent if no delete has to remove it. */
  unansweredId?(createdIn: Period): string;
  create(): Promise<Outcome>;
  update(physicalId: string): Promise<Outcome>;
  delete(physicalId: string): Promise<Outcome>;
}
