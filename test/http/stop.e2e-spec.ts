import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestApp } from '../support/test-app';

/** An application that knows of a connection over which nothing has come. */
async function withUnusedConnection() {
  const app = await startTestApp();
  const answered: Buffer[] = [];
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1').on('data', (data) =>
    answered.push(data),
  );
  await once(socket, 'connect');
  expect((await fetch(`${app.url}/health/live`)).status).toBe(200); // by then the server knows of it
  return { app, socket, answered };
}

it('waits for no connection over which nothing was asked', async () => {
  const { app, socket, answered } = await withUnusedConnection();
  const closed = once(socket, 'close');
  await app.close();
  await closed;
  expect(Buffer.concat(answered).toString()).toBe('');
});

it('still answers what arrives over a new connection while it stops', async () => {
  const { app, socket, answered } = await withUnusedConnection();
  const closing = app.close();
  const closed = once(socket, 'close');
  await sleep(50); // as long as a request may be on its way
  socket.write('GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n');
  await closed; // by a reset it throws
  expect(Buffer.concat(answered).toString()).toMatch(/^HTTP\/1.1 200 .*connection: close/s); // neither cut off nor refused
  await closing;
});
