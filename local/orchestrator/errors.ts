import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';

/** The body of every error response. */
export interface ErrorBody {
  readonly error: string;
  readonly message: string;
  readonly details?: Record<string, unknown>;
}

/** An error response. Routes and checks throw it; the error handler sends it. */
export class HttpError extends Error {
  constructor(readonly status: number, message: string, readonly details?: Record<string, unknown>) {
    super(message);
    this.name = 'HttpError';
  }
}

export const badRequest = (message: string, details?: Record<string, unknown>): HttpError => new HttpError(400, message, details);
export const unauthorized = (): HttpError => new HttpError(401, 'Unauthorized');
/** The failed checks are in the details, not in the message. */
export const forbidden = (failedChecks: { resource: string; permission: string }[]): HttpError =>
  new HttpError(403, 'Forbidden', { failed_checks: failedChecks });
export const notFound = (message: string): HttpError => new HttpError(404, message);
export const conflict = (message: string): HttpError => new HttpError(409, message);

export function errorBody(status: number, message: string, details?: Record<string, unknown>): ErrorBody {
  return { error: `HTTP-${status}`, message, details };
}

type ValidationError = NonNullable<FastifyError['validation']>[number];

/** Converts `/runner_configuration/job/subnets/0` to `runner_configuration.job.subnets.0`. */
function fieldOf(error: ValidationError): string {
  return error.instancePath.slice(1).replace(/\//g, '.');
}

function describe(error: ValidationError, context: string): string {
  // Ajv's own message does not name the unknown property.
  const name = error.params.additionalProperty;
  const message = typeof name === 'string' ? `must not have the unknown field '${name}'` : error.message ?? 'is invalid';
  return `${fieldOf(error) || context} ${message}`;
}

function fromFastify(error: FastifyError): { status: number; body: ErrorBody } {
  if (error.validation) {
    // Omits the errors of `if`, because the errors of the failed branch give the cause.
    const errors = error.validation.filter(({ keyword }) => keyword !== 'if');
    const details = errors.map((one) => ({ field: fieldOf(one), rule: one.keyword }));
    const message = errors.map((one) => describe(one, error.validationContext ?? 'body')).join('; ');
    return { status: 400, body: errorBody(400, message, { errors: details }) };
  }
  const status = error.statusCode ?? 500;
  // Does not expose details of internal errors.
  return { status, body: errorBody(status, status >= 500 ? 'internal server error' : error.message) };
}

/** Sends an error response. */
export function handleError(error: Error, _request: FastifyRequest, reply: FastifyReply): void {
  if (error instanceof HttpError) {
    // RFC 6750, section 3: a 401 names the expected scheme.
    if (error.status === 401) void reply.header('www-authenticate', 'Bearer error="invalid_token"');
    void reply.code(error.status).send(errorBody(error.status, error.message, error.details));
    return;
  }
  const { status, body } = fromFastify(error as FastifyError);
  void reply.code(status).send(body);
}

export function handleUnknownRoute(request: FastifyRequest): never {
  throw notFound(`no such route: ${request.method} ${request.url.split('?')[0]}`);
}
