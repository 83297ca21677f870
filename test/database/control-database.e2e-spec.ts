import { sqlState } from '../../src/common/sqlstate';
import { PublicDatabase } from '../../src/database/control-database';
import { withClient } from '../support/database';
import { useTestApp } from '../support/test-app';
import { until } from '../support/until';

const TERMINATED = '57P01';

describe('PublicDatabase.read', () => {
  const app = useTestApp({ PUBLIC_POOL_SIZE: '1' });

  it('hands its connection to nobody when the server ends it', async () => {
    const database = app.app.get(PublicDatabase, { strict: false });
    const login = `${app.database.name}_public`;
    await withClient(app.database.url, async (superuser) => {
      await superuser.query('BEGIN; LOCK TABLE users');
      const cut = database.read('SELECT id FROM users', []).catch(sqlState);
      const next = database.read('SELECT 1 AS one', []);
      const waiting = `SELECT pid FROM pg_stat_activity WHERE usename = $1 AND wait_event_type = 'Lock'`;
      const [backend] = await until(
        () => app.database.query<{ pid: number }>(waiting, [login]),
        (rows) => rows.length === 1,
      );
      await superuser.query('SELECT pg_terminate_backend($1)', [backend!.pid]); // one row
      expect([await cut, await next]).toEqual([TERMINATED, [{ one: 1 }]]);
    });
  });
});
