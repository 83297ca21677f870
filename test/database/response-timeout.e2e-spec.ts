import { setTimeout as sleep } from 'node:timers/promises';
import { isDatabaseAway } from '../../src/common/sqlstate';
import { EngineClient } from '../../src/database/engine-client';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { RESPONSE_TIMEOUT_MS } from '../support/sizes';

const STATEMENT_SECONDS = RESPONSE_TIMEOUT_MS / 8 / 1000; // ten of them take longer than the timeout

describe('a connection with a response timeout', () => {
  let database: TestDatabase;
  let client: EngineClient;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  beforeEach(async () => {
    client = new EngineClient({
      connectionString: database.url,
      pipeline: true,
      responseTimeoutMs: RESPONSE_TIMEOUT_MS,
    });
    await client.connect();
  });
  afterEach(() => client.end());
  afterAll(() => database.drop());

  it('gives up what was asked, and all behind it, when no answer comes', async () => {
    await sleep(RESPONSE_TIMEOUT_MS * 1.5); // nothing is owed, so it stays
    await client.query('SELECT 1');
    const asked = [client.query('SELECT pg_sleep(60)'), client.query('SELECT 1')];
    const ends = await Promise.all(asked.map((query) => query.catch(isDatabaseAway)));
    expect(ends).toEqual([true, true]);
  });

  it('waits for many statements, as long as one after the other is answered', async () => {
    const asked = Array.from({ length: 10 }, () => client.query('SELECT pg_sleep($1)', [STATEMENT_SECONDS]));
    await expect(Promise.all(asked)).resolves.toHaveLength(10);
  });
});
