import { once } from 'node:events';
import { connect } from 'node:net';
import { startTestApp } from '../support/test-app';

it('waits for no connection over which nothing was asked', async () => {
  const app = await startTestApp();
  const answered: Buffer[] = [];
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1').on('data', (data) =>
    answered.push(data),
  );
  await once(socket, 'connect');
  expect((await fetch(`${app.url}/health/live`)).status).toBe(200); // by then the server knows of it
  const closed = once(socket, 'close');
  await app.close();
  await closed;
  expect(Buffer.concat(answered).toString()).toBe(''); // without: 408, when the headers are late
});
