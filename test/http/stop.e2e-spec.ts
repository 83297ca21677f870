import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestApp } from '../support/test-app';

/** Starts an application with an open connection on which nothing has arrived. */
async function withUnusedConnection() {
  const app = await startTestApp();
  const answered: Buffer[] = [];
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1').on('data', (data) =>
    answered.push(data),
  );
  await once(socket, 'connect');
  expect((await fetch(`${app.url}/health/live`)).status).toBe(200); // afterwards the server has accepted the connection
  return { app, socket, answered };
}

it('does not wait for a connection without a request', async () => {
  const { app, socket, answered } = await withUnusedConnection();
  const closed = once(socket, 'close');
  await app.close();
  await closed;
  expect(Buffer.concat(answered).toString()).toBe('');
});

it('still answers a request that arrives on a new connection during shutdown', async () => {
  const { app, socket, answered } = await withUnusedConnection();
  const closing = app.close();
  const closed = once(socket, 'close');
  await sleep(50); // as long as a request may take to arrive
  socket.write('GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n');
  await closed; // throws on a reset
  expect(Buffer.concat(answered).toString()).toMatch(/^HTTP\/1.1 200 .*connection: close/s); // neither disconnected nor refused
  await closing;
});
