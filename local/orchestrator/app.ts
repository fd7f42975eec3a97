import AjvCompiler from '@fastify/ajv-compiler';
import Fastify, { type FastifyInstance } from 'fastify';
import { requireToken, type TokenRegistry } from './auth';
import type { Behaviour } from './behaviour';
import type { Clock } from './clock';
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
  readonly clock: Clock;
}

/** Shared by all servers of the process, because compiling the schemas takes most of the start time. */
const buildValidator = AjvCompiler();

/** Accepts an empty body with a JSON content type, which many clients send with a DELETE. */
function acceptEmptyJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') return done(null, undefined);
    return parse(request, body, done);
  });
}

/**
 * Creates the server without starting to listen. Hooks run in the order of their registration: every request is recorded, then faults
 * are injected, then the token is checked, then the body is validated.
 */
export function createApp({ store, tokens, record, fault, behaviour, clock }: AppOptions): FastifyInstance {
  const app = Fastify({
    // Validation never changes a body: no field is removed, converted or filled in.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: false, allErrors: true } },
    schemaController: { compilersFactory: { buildValidator } },
    // The limit is high, so an overlong id in a path gives a 404 for the resource instead of an error of the router.
    routerOptions: { maxParamLength: 16_384 },
    // Close connections that clients keep open when the server closes.
    forceCloseConnections: true,
    // Errors before routing also have a JSON body.
    frameworkErrors: (error, request, reply) => handleError(error, request, reply),
    clientErrorHandler: (_error, socket) => {
      const body = JSON.stringify(errorBody(400, 'the request is not valid HTTP'));
      const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close`;
      socket.end(`${head}\r\n\r\n${body}`);
    },
  });
  app.setErrorHandler(handleError);
  app.setNotFoundHandler(handleUnknownRoute);
  app.removeContentTypeParser('text/plain');
  acceptEmptyJson(app);
  recordRequests(app, record);
  injectFaults(app, fault);
  requireToken(app, store, tokens, behaviour);
  runnerRoutes(app, behaviour, clock);
  runnerRuleRoutes(app, behaviour, clock);
  projectRoutes(app);
  envTypeRoutes(app);
  environmentRoutes(app);
  return app;
}
