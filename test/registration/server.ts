import { createServer, IncomingMessage, Server, ServerResponse } from 'http';
import { AddressInfo } from 'net';

/**
 * A server for one of the services that the handler calls.
 *
 * Like AWS, it ignores incomplete requests: on a busy machine, the handler's time for a request can end before it has sent the body, and the handler
 * retries.
 */
export function serverOf(answer: (request: IncomingMessage, body: string, response: ServerResponse) => void | Promise<void>): Server {
  return createServer((request, response) => void (async () => {
    const body = await bodyOf(request);
    if (body === undefined) {
      response.destroy();
    } else {
      await answer(request, body, response);
    }
  })());
}

/** Starts a server on a free port of loopback. Returns its URL. */
export async function listen(server: Server): Promise<string> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The body of a request. Undefined if the request is incomplete. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  let text = '';
  try {
    for await (const chunk of request) {
      text += chunk;
    }
  } catch {
    return undefined;
  }
  return request.complete ? text : undefined;
}
