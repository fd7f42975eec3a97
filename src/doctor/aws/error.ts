/** Why a call of AWS has no result. */
export type AwsErrorKind = 'denied' | 'not-found' | 'credentials' | 'network' | 'throttled' | 'other';

const DENIED = /^(AccessDenied|AccessDeniedException|UnauthorizedOperation|AuthorizationError|403|KMSAccessDeniedException)$/;
const CREDENTIALS = /^(ExpiredToken|ExpiredTokenException|InvalidClientTokenId|UnrecognizedClientException|SignatureDoesNotMatch|AuthFailure|InvalidAccessKeyId|InvalidSignatureException|IncompleteSignature|MissingAuthenticationToken|RequestExpired|InvalidToken)$/;
const NOT_FOUND = /(NotFound|NotFoundException|NoSuch\w*|^404|DoesNotExist|\.NotFound)$/;
const THROTTLED = /Throttl|^TooManyRequests|^RequestLimitExceeded$|^SlowDown$/;

/** A call of AWS without a result. Its message is a sentence for the user, without the name of the call. */
export class AwsError extends Error {
  public readonly kind: AwsErrorKind;

  constructor(
    public readonly service: string,
    public readonly operation: string,
    /** The error code of AWS; `network` without an answer. */
    public readonly code: string,
    message: string,
  ) {
    super(message);
    this.kind = code === 'network' ? 'network'
      : CREDENTIALS.test(code) ? 'credentials'
        : DENIED.test(code) ? 'denied'
          : NOT_FOUND.test(code) ? 'not-found'
            : THROTTLED.test(code) ? 'throttled' : 'other';
  }

  /** The IAM action that allows the call. */
  public get action(): string {
    return ACTIONS[`${this.service}:${this.operation}`] ?? `${this.service}:${this.operation}`;
  }
}

/** Operations whose IAM action has another name. @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html */
const ACTIONS: Record<string, string> = {
  's3:HeadBucket': 's3:ListBucket',
  's3:GetBucketEncryption': 's3:GetEncryptionConfiguration',
  's3:GetPublicAccessBlock': 's3:GetBucketPublicAccessBlock',
};

/** Thrown where the user's settings make every call impossible. */
export class SettingsError extends Error {}

/** Reads code and message of an error from an answer. */
export function errorOf(service: string, operation: string, status: number, headers: Headers, body: any): AwsError {
  const error = body?.Errors?.Error ?? body?.Error ?? body ?? {};
  const text = error.__type ?? error.Code ?? error.code ?? headers.get('x-amzn-errortype') ?? String(status);
  const code = String(text).replace(/^.*#/, '').replace(/:.*$/, '');
  return new AwsError(service, operation, code, String(error.message ?? error.Message ?? `HTTP ${status}`));
}
