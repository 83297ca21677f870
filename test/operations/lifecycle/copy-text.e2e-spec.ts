import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { copyOut } from '../../../src/operations/lifecycle/copy/copy-text';
import { createTestDatabase, type TestDatabase } from '../../support/database';

const TABLE = { name: 'rows', columns: ['id', 'text'], refersTo: [] };
let database: TestDatabase;
let client: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(
    `CREATE TABLE rows AS SELECT id, repeat('x', 1000) AS text FROM generate_series(1, 20000) AS id`,
  );
});
beforeEach(async () => {
  client = new Client({ connectionString: database.url });
  client.on('error', () => undefined); // its connection is cut
  await client.connect();
});
afterEach(() => client.end());
afterAll(() => database.drop());

async function cut(): Promise<void> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const ended = new Promise((resolve) => client.once('end', resolve));
  await database.query('SELECT pg_terminate_backend($1)', [rows[0]!.pid]);
  await ended;
}

async function bytesOf(blocks: AsyncIterable<Buffer>): Promise<number> {
  let bytes = 0;
  for await (const block of blocks) bytes += block.length;
  return bytes;
}

describe('rows that are read later', () => {
  it('come whole', async () => {
    const rows = await copyOut(client, TABLE);
    await sleep(50);
    expect(await bytesOf(rows)).toBeGreaterThan(20_000_000);
  });

  it('end with an error when the connection was lost before', async () => {
    await cut();
    const rows = await copyOut(client, TABLE);
    await sleep(50);
    await expect(bytesOf(rows)).rejects.toThrow('not queryable');
  });

  it('end with an error when the connection is lost meanwhile', async () => {
    const pid = (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid;
    const rows = await copyOut(client, TABLE);
    await database.query('SELECT pg_terminate_backend($1)', [pid]);
    await sleep(200);
    await expect(bytesOf(rows)).rejects.toThrow();
  });

  it('end with the error of the server', async () => {
    const rows = await copyOut(client, { ...TABLE, columns: ['id', 'missing'] });
    await sleep(50);
    await expect(bytesOf(rows)).rejects.toMatchObject({ code: '42703' });
    expect((await client.query('SELECT 1')).rowCount).toBe(1);
  });
});
