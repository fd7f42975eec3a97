import { connect } from 'net';
import { listen, serverOf } from './server';

describe('a server of the handler tests', () => {
  test('handles complete requests, but not incomplete ones', async () => {
    const bodies: string[] = [];
    const server = serverOf((_request, body, response) => {
      bodies.push(body);
      response.end();
    });
    const url = await listen(server);
    try {
      for (const sent of ['', 'part']) {
        const closed = new Promise(resolve => server.once('connection', socket => socket.once('close', resolve)));
        const client = connect(Number(new URL(url).port), '127.0.0.1');
        client.end(`PUT /answer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n${sent}`);
        await closed;
      }
      await fetch(url, { method: 'PUT', body: 'the whole body' });
      expect(bodies).toEqual(['the whole body']);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});
