import Fastify, { type FastifyInstance } from 'fastify';
import { requireToken, type TokenRegistry } from './auth';
import type { Behaviour } from './behaviour';
import { errorBody, handleError, handleUnknownRoute } from './errors';
import { injectFaults, type FaultChooser } from './faults';
import { recordRequests, type RecordedRequest } from './recorder';
import { envTypeRoutes } from './routes/env-types';
import { environmentRoutes } from './routes/environments';
import { projectRoutes } from './routes/projects';
import { runnerRuleRoutes } from './routes/runner-rules';
import { runnerRoutes } from './routes/runners';
import type { Store } from './store';

export interface AppOptions {
  readonly store: Store;
  readonly tokens: TokenRegistry;
  readonly record: (request: RecordedRequest) => void;
  readonly fault: FaultChooser;
  readonly behaviour: Behaviour;
}

/** An empty body is no body, even when a client says that it is JSON, as many do on a DELETE. */
function acceptEmptyJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') return done(null, undefined);
    return parse(request, body, done);
  });
}

/**
 * The server without its socket. What is registered first is asked first: a request is recorded whatever becomes of it, then
 * whether it meets a fault, then its token, then its body.
 */
export function createApp({ store, tokens, record, fault, behaviour }: AppOptions): FastifyInstance {
  const app = Fastify({
    // Bodies are taken as they are or refused: nothing is dropped, turned into another type or filled in.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: false, allErrors: true } },
    // Ids that are too long are unknown, and not another kind of error.
    routerOptions: { maxParamLength: 16_384 },
    // A client that keeps its connection open must not keep the server from closing.
    forceCloseConnections: true,
    // Even what never gets as far as a route is answered in JSON.
    frameworkErrors: (error, request, reply) => handleError(error, request, reply),
    clientErrorHandler: (_error, socket) => {
      const body = JSON.stringify(errorBody(400, 'the request is not valid HTTP'));
      const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close`;
      if (socket.writable) socket.end(`${head}\r\n\r\n${body}`);
    },
  });
  app.setErrorHandler(handleError);
  app.setNotFoundHandler(handleUnknownRoute);
  app.removeContentTypeParser('text/plain');
  acceptEmptyJson(app);
  recordRequests(app, record);
  injectFaults(app, fault);
  requireToken(app, store, tokens, behaviour);
  runnerRoutes(app, behaviour);
  runnerRuleRoutes(app, behaviour);
  projectRoutes(app);
  envTypeRoutes(app);
  environmentRoutes(app);
  return app;
}
