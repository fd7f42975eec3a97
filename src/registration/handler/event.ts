/**
 * The request of CloudFormation, as far as the handler looks at it.
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

/** What a lifecycle came to. */
export interface Outcome {
  readonly physicalId: string;
  readonly data?: Record<string, string>;
  /** Said to the user beside a success. */
  readonly note?: string;
}

/** A failure in words for the user: what failed, why, and what to do. */
export class LifecycleError extends Error {
  /** Where it is not the one of the request. */
  public readonly physicalId?: string;
  /** What is too long to be read first. */
  public readonly details?: string;

  constructor(message: string, more: { readonly physicalId?: string; readonly details?: string } = {}) {
    super(message);
    this.physicalId = more.physicalId;
    this.details = more.details;
  }
}

/** What a resource does on the three requests. */
export interface Lifecycle {
  create(): Promise<Outcome>;
  update(physicalId: string): Promise<Outcome>;
  delete(physicalId: string): Promise<Outcome>;
}
