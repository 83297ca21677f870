import { createTestDatabase } from '../../support/database';

it('waits for a statement that does not end', async () => {
  const database = await createTestDatabase();
  await database.query('SELECT pg_sleep(600)');
});
