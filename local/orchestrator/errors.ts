import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';

/** What every refused call answers with, whatever refused it. */
export interface ErrorBody {
  readonly error: string;
  readonly message: string;
  readonly details?: Record<string, unknown>;
}

/** A refusal with its status: routes and checks throw it, the error handler writes it. */
export class HttpError extends Error {
  constructor(readonly status: number, message: string, readonly details?: Record<string, unknown>) {
    super(message);
    this.name = 'HttpError';
  }
}

export const badRequest = (message: string, details?: Record<string, unknown>): HttpError => new HttpError(400, message, details);
export const unauthorized = (): HttpError => new HttpError(401, 'Unauthorized');
/** The checks that failed are in the details alone. */
export const forbidden = (failedChecks: { resource: string; permission: string }[]): HttpError =>
  new HttpError(403, 'Forbidden', { failed_checks: failedChecks });
export const notFound = (message: string): HttpError => new HttpError(404, message);
export const conflict = (message: string): HttpError => new HttpError(409, message);

export function errorBody(status: number, message: string, details?: Record<string, unknown>): ErrorBody {
  return { error: `HTTP-${status}`, message, ...(details && { details }) };
}

type ValidationFault = NonNullable<FastifyError['validation']>[number];

/** `/runner_configuration/job/subnets/0` reads as `runner_configuration.job.subnets.0`. */
function faultyField(fault: ValidationFault): string {
  return fault.instancePath.slice(1).replace(/\//g, '.');
}

function describeFault(fault: ValidationFault, context: string): string {
  // Ajv says only that there is an unknown property: a person needs its name.
  const name = fault.params.additionalProperty;
  const message = typeof name === 'string' ? `must not have the unknown field '${name}'` : fault.message ?? 'is invalid';
  return `${faultyField(fault) || context} ${message}`;
}

function fromFastify(error: FastifyError): { status: number; body: ErrorBody } {
  if (error.validation) {
    // That a branch of a schema does not hold says less than why it does not.
    const faults = error.validation.filter(({ keyword }) => keyword !== 'if');
    const details = faults.map((fault) => ({ field: faultyField(fault), rule: fault.keyword }));
    const message = faults.map((fault) => describeFault(fault, error.validationContext ?? 'body')).join('; ');
    return { status: 400, body: errorBody(400, message, { errors: details }) };
  }
  const status = error.statusCode ?? 500;
  // What went wrong inside is nobody's business outside.
  return { status, body: errorBody(status, status >= 500 ? 'internal server error' : error.message) };
}

/** The one place where an error becomes an answer. */
export function handleError(error: Error, _request: FastifyRequest, reply: FastifyReply): void {
  if (error instanceof HttpError) {
    // RFC 6750: whoever is refused for the token is told which scheme is expected.
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
