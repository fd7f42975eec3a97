/**
 * Bad days: what can go wrong between a request and its answer, made to happen on purpose.
 *
 * A fault stands for the network, a proxy or the API itself, so it comes before the token is looked at, and it says whether
 * the request was carried out all the same: that is what a client cannot know.
 */
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** What becomes of the answer. */
export type FaultyAnswer =
  /** The connection is reset. */
  | { readonly kind: 'reset' }
  /** Nothing comes, and the connection stays open. */
  | { readonly kind: 'never' }
  /** The true answer, in small pieces with a pause before each. */
  | { readonly kind: 'slow'; readonly pauseMs: number }
  /** The first half of the true answer. */
  | { readonly kind: 'truncated' }
  /** Another answer: a proxy's, or a fault of the API. */
  | { readonly kind: 'other'; readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  /** What the answer was before the last change: an API that reads from a copy. */
  | { readonly kind: 'stale' };

export interface Fault {
  /** What a report calls it. */
  readonly name: string;
  /** Whether the request is carried out before its answer is spoiled; a slow, truncated or stale answer always is. */
  readonly carriedOut: boolean;
  readonly answer: FaultyAnswer;
}

/** What a fault can be chosen by. */
export interface FaultyRequest {
  readonly method: string;
  /** With the query string. */
  readonly path: string;
  readonly authorization: string | undefined;
}

/** Asked before each request; undefined lets it through. */
export type FaultChooser = (request: FaultyRequest) => Fault | undefined;

declare module 'fastify' {
  interface FastifyRequest {
    fault: Fault | undefined;
  }
}

const PIECES = 5;

export function injectFaults(app: FastifyInstance, choose: FaultChooser): void {
  app.decorateRequest('fault');
  app.addHook('onRequest', async (request, reply) => {
    request.fault = choose({ method: request.method, path: request.url, authorization: request.headers.authorization });
    const { fault } = request;
    if (!fault || fault.carriedOut) return;
    await spoil(fault.answer, request, reply);
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const { fault } = request;
    if (!fault?.carriedOut) return payload;
    return replace(fault.answer, request, reply, payload);
  });
}

/** In place of carrying the request out. */
async function spoil(answer: FaultyAnswer, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (answer.kind === 'other') {
    await reply.code(answer.status).headers(answer.headers ?? {}).send(answer.body);
    return;
  }
  reply.hijack();
  if (answer.kind === 'reset') request.raw.socket.destroy();
}

/** In place of the true answer, which is `payload`. */
async function replace(answer: FaultyAnswer, request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  const text = typeof payload === 'string' ? payload : '';
  switch (answer.kind) {
    case 'reset':
      request.raw.socket.destroy();
      return payload;
    case 'never':
      await new Promise((closed) => request.raw.socket.once('close', closed));
      return payload;
    case 'truncated':
      reply.removeHeader('content-length');
      return text.slice(0, text.length / 2);
    case 'slow':
      reply.removeHeader('content-length');
      return Readable.from(inPieces(text, answer.pauseMs));
    case 'other':
      reply.removeHeader('content-length');
      reply.code(answer.status).headers({ 'content-type': 'application/json', ...answer.headers });
      return answer.body;
    case 'stale':
      return payload;
  }
}

async function* inPieces(text: string, pauseMs: number): AsyncGenerator<string> {
  const length = Math.ceil(text.length / PIECES) || 1;
  for (let at = 0; at < text.length; at += length) {
    await pause(pauseMs);
    yield text.slice(at, at + length);
  }
}
