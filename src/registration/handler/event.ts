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

/** The context of an invocation of the Lambda. */
export interface LambdaContext {
  readonly logStreamName: string;
  getRemainingTimeInMillis(): number;
}

/** The request that a lifecycle executes. Times are in milliseconds since 1970. */
export interface Request {
  readonly type: LifecycleEvent['RequestType'];
  readonly logicalId: string;
  /** When CloudFormation sent the request, minus the difference of clocks. Objects created since then were created after the request. */
  readonly since: number;
  /** The period in which a request that CloudFormation has just given up can have created an object. */
  readonly recently: Period;
  readonly startedAt: number;
  /** No call begins after this time. */
  readonly deadline: number;
  /** The client of an organization. Reads the API token only now, so that requests without API calls do not need it. */
  readonly client: (orchestrator: WireOrchestrator) => Promise<OrchestratorClient>;
}

/** The result of a lifecycle. */
export interface Outcome {
  readonly physicalId: string;
  readonly data?: Record<string, string>;
  /** Reported as the reason of a success. */
  readonly note?: string;
}

/** A failure with a message for the user: the cause, and what to do. */
export class LifecycleError extends Error {
  /** Text that is too long for the summary. */
  public readonly details?: string;

  constructor(message: string, { details }: { readonly details?: string } = {}) {
    super(message);
    this.details = details;
  }
}

/** A failure that may have left an object. */
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

/** What the resources at the orchestrator depend on. */
export const API_SERVICES = 'the API, or the service that stores its token,';

/** The three operations of a custom resource. */
export interface Lifecycle {
  /** For messages, such as "Registering runner 'prod-runner'". */
  readonly operation: string;
  /** The service that it calls, for messages. */
  readonly services: string;
  /** The physical ID of what a create without an answer may create in a period; absent if no delete has to remove it. */
  unansweredId?(createdIn: Period): string;
  create(): Promise<Outcome>;
  update(physicalId: string): Promise<Outcome>;
  delete(physicalId: string): Promise<Outcome>;
}
