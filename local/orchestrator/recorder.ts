import type { FastifyInstance } from 'fastify';

/** What was asked and answered. Never the headers: the token is in one of them. */
export interface RecordedRequest {
  readonly method: string;
  /** With the query string, if there is one. */
  readonly path: string;
  readonly status: number;
  /** As it was parsed; left out when there was none, or none that could be read. */
  readonly body?: unknown;
}

export function recordRequests(app: FastifyInstance, record: (request: RecordedRequest) => void): void {
  // On sending, and not once it was sent: whoever has the answer finds its request recorded.
  app.addHook('onSend', async (request, reply) => {
    const { method, url, body } = request;
    record({ method, path: url, status: reply.statusCode, ...(body !== undefined && { body }) });
  });
}
