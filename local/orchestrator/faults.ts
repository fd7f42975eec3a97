/**
 * Injected faults: outages of the network, a proxy or the API.
 *
 * Faults are injected before the token is checked. A fault also defines whether the API carries out the request, which the client cannot
 * know.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** What happens to the response. */
export type FaultyAnswer =
  /** The connection is reset. */
  | { readonly kind: 'reset' }
  /** No response; the connection stays open. */
  | { readonly kind: 'never' }
  /** The correct response, in small pieces with a pause before each. */
  | { readonly kind: 'slow'; readonly pauseMs: number }
  /** The first half of the correct response. */
  | { readonly kind: 'truncated' }
  /** Another response, of a proxy or of the API. */
  | { readonly kind: 'other'; readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  /** The response before the last change, as from a read replica. */
  | { readonly kind: 'stale' };

export interface Fault {
  /** The name in reports. */
  readonly name: string;
  /** Whether the API carries out the request. Must be true for a slow, truncated or stale response. */
  readonly carriedOut: boolean;
  readonly answer: FaultyAnswer;
}

/** The request for which a fault is chosen. */
export interface FaultyRequest {
  readonly method: string;
  /** With the query string. */
  readonly path: string;
  readonly authorization: string | undefined;
  /** With lower-case names. */
  readonly headers: IncomingHttpHeaders;
}

/** Called for each request. Returns undefined for no fault. */
export type FaultChooser = (request: FaultyRequest) => Fault | undefined;

declare module 'fastify' {
  interface FastifyRequest {
    fault: Fault | undefined;
  }
}

const PIECE_COUNT = 5;

export function injectFaults(app: FastifyInstance, choose: FaultChooser): void {
  app.decorateRequest('fault');
  app.addHook('onRequest', async (request, reply) => {
    request.fault = choose({ method: request.method, path: request.url, authorization: request.headers.authorization, headers: request.headers });
    const { fault } = request;
    if (!fault || fault.carriedOut) return;
    await sendFault(fault.answer, request, reply);
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const { fault } = request;
    if (!fault?.carriedOut) return payload;
    return replaceResponse(fault.answer, request, reply, payload);
  });
}

/** Responds without carrying out the request. */
async function sendFault(answer: FaultyAnswer, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (answer.kind === 'other') {
    await reply.code(answer.status).headers(answer.headers ?? {}).send(answer.body);
    return;
  }
  reply.hijack();
  if (answer.kind === 'reset') request.raw.socket.destroy();
}

/** Replaces the correct response, `payload`. */
async function replaceResponse(answer: FaultyAnswer, request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  const text = typeof payload === 'string' ? payload : '';
  switch (answer.kind) {
    case 'reset':
      request.raw.socket.destroy();
      return payload;
    case 'never':
      await new Promise((closed) => request.raw.socket.once('close', closed));
      return payload;
    case 'truncated':
      return text.slice(0, text.length / 2);
    case 'slow':
      return Readable.from(inPieces(text, answer.pauseMs));
    case 'other':
      reply.code(answer.status).headers(answer.headers ?? {});
      return answer.body;
    case 'stale':
      return payload;
  }
}

async function* inPieces(text: string, pauseMs: number): AsyncGenerator<string> {
  const length = Math.ceil(text.length / PIECE_COUNT) || 1;
  // Sends the headers now. Fastify crashes if the client closes the connection before them.
  yield '';
  for (let at = 0; at < text.length; at += length) {
    await pause(pauseMs);
    yield text.slice(at, at + length);
  }
}
