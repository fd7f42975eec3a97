import type { FastifyInstance } from 'fastify';

/** A request and the status of its response. Without headers, because they contain the token. */
export interface RecordedRequest {
  readonly method: string;
  /** Includes the query string. */
  readonly path: string;
  readonly status: number;
  /** The parsed body; undefined if the request has no valid body. */
  readonly body?: unknown;
}

export function recordRequests(app: FastifyInstance, record: (request: RecordedRequest) => void): void {
  // `onSend` instead of `onResponse`, so that the request is recorded before the client gets the response.
  app.addHook('onSend', async (request, reply) => {
    const { method, url, body } = request;
    record({ method, path: url, status: reply.statusCode, body });
  });
}
