import type { EntityManager } from 'typeorm';
import { isDatabaseAway, sqlState } from '../../src/common/sqlstate';
import type { BorrowedClient } from '../../src/database/engine-client';
import { type Installation, INSTALLATION } from '../../src/database/installation';
import { TransactionAborted } from '../../src/database/transactions';
import { TenantDatabase } from '../../src/tenancy/tenant-database';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import { Counter } from '../../src/tenant/orders/counter.entity';
import { newOwner } from '../support/factories';
import { useTestApp } from '../support/test-app';

const UNKNOWN_SHOP = '00000000-0000-7000-8000-000000000000';
const READ_ONLY = '25006';
const SYNTAX_ERROR = '42601';
const NO_SUCH_TABLE = '42P01';
const DENIED = '42501';
const NO_SUCH_ROLE = '22023';

/** One connection, so that whatever a call leaves on it meets the next call. */
const app = useTestApp({ TENANT_POOL_SIZE: '1' });
let database: TenantDatabase;
let ada: string;
let bob: string;

beforeAll(async () => {
  database = app.app.get(TenantDatabase, { strict: false });
  const owners = await Promise.all([newOwner(app.api), newOwner(app.api)]);
  [ada, bob] = owners.map(({ shop }) => shop.id as string) as [string, string];
});

interface Session {
  user: string;
  path: string;
}

async function sessionOf(manager: EntityManager): Promise<Session> {
  const rows = await manager.query<Session[]>(
    `SELECT current_user AS user, current_setting('search_path') AS path`,
  );
  return rows[0]!; // a SELECT without FROM has one row
}

function placeOf(shopId: string): Session {
  const { schema, role } = app.app.get(TenantLocator, { strict: false }).locate(shopId);
  return { user: role, path: `${schema}, pg_temp` };
}

interface Lease {
  client: BorrowedClient;
  begin(): Promise<unknown>;
}

async function leaseOf(manager: EntityManager): Promise<Lease> {
  return (await manager.queryRunner!.connect()) as Lease; // inside a transaction it has one
}

/** The connection under the one that work gets, past all guards, once it is in the shop: nothing hands it out. */
async function rawOf(manager: EntityManager): Promise<BorrowedClient> {
  const lease = await leaseOf(manager);
  await lease.begin();
  return lease.client;
}

/** State of the pooled connection between two calls: work that ends the transaction itself sees it bare. */
function bareSession(): Promise<Session> {
  return database.run(ada, async (manager) => {
    await rawOf(manager).then((client) => client.exec('ROLLBACK'));
    return sessionOf(manager);
  });
}

function theLogin(): Session {
  const { roles } = app.app.get<Installation>(INSTALLATION, { strict: false });
  return { user: roles.tenant, path: '""' };
}

/** Result of a call: `done`, or the SQLSTATE or the name of the error that it rejects with. */
function endOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'done',
    (error: unknown) => sqlState(error) ?? String(error),
  );
}

async function namesIn(shopId: string): Promise<string[]> {
  const counters = await database.run(shopId, (manager) => manager.find(Counter, { order: { name: 'ASC' } }));
  return counters.map(({ name }) => name);
}

/** Ends the server process behind a connection, and waits until it is gone. */
async function kill(manager: EntityManager): Promise<void> {
  const [backend] = await manager.query<{ pid: number }[]>('SELECT pg_backend_pid() AS pid');
  await app.database.query('SELECT pg_terminate_backend($1, 5000)', [backend!.pid]); // one row
}

const counter = (name: string) => ({ name, value: 1 });

describe('TenantDatabase.run', () => {
  it('works as the role of the shop, with its schema and nothing else in the path', async () => {
    expect(await database.run(ada, sessionOf)).toEqual(placeOf(ada));
    expect(await database.run(bob, sessionOf)).toEqual(placeOf(bob));
  });

  it('refuses writes', async () => {
    const write = database.run(ada, (manager) => manager.insert(Counter, counter('written by run')));
    expect(await endOf(write)).toBe(READ_ONLY);
    expect(await namesIn(ada)).not.toContain('written by run');
  });

  it('resolves to what the work returns', async () => {
    expect(await database.run(ada, () => Promise.resolve('done by work'))).toBe('done by work');
  });

  it('rejects with what the work throws', async () => {
    const error = new Error('thrown by work');
    await expect(database.run(ada, () => Promise.reject(error))).rejects.toBe(error);
  });

  it('finds no table of everybody, not even when the schema of the shop is missing', async () => {
    const { user: schema } = placeOf(bob);
    await app.database.query(`ALTER SCHEMA ${schema} RENAME TO away`);
    const read = database.run(bob, (manager) => manager.query('SELECT FROM schema_migrations'));
    const end = await endOf(read);
    await app.database.query(`ALTER SCHEMA away RENAME TO ${schema}`);
    expect(end).toBe(NO_SUCH_TABLE);
  });

  it.each(['', 'public', 'x"; RESET ROLE; --'])('refuses "%s" as the id of a shop', async (id) => {
    await expect(async () => database.run(id, sessionOf)).rejects.toThrow('UUID');
  });
});

describe('TenantDatabase.transaction', () => {
  it('works as the role of the shop, with its schema and nothing else in the path', async () => {
    expect(await database.transaction(ada, sessionOf)).toEqual(placeOf(ada));
  });

  it('stores what the work writes, in that shop only', async () => {
    await database.transaction(ada, (manager) => manager.insert(Counter, counter('stored')));
    expect(await namesIn(ada)).toContain('stored');
    expect(await namesIn(bob)).not.toContain('stored');
  });

  it('undoes what the work wrote before it threw', async () => {
    const error = new Error('thrown by work');
    const call = database.transaction(ada, async (manager) => {
      await manager.insert(Counter, counter('undone'));
      throw error;
    });
    await expect(call).rejects.toBe(error);
    expect(await namesIn(ada)).not.toContain('undone');
  });

  it('rejects when the work swallows a failed statement, instead of pretending', async () => {
    const call = database.transaction(ada, async (manager) => {
      await manager.insert(Counter, counter('pretended'));
      await manager.query('SELECT 1 / 0').catch(() => undefined);
      return 'all well';
    });
    await expect(call).rejects.toThrow(TransactionAborted);
    expect(await namesIn(ada)).not.toContain('pretended');
  });

  it('goes on after a statement that failed in a nested transaction', async () => {
    await database.transaction(ada, async (manager) => {
      await manager.insert(Counter, counter('outer'));
      const nested = manager.transaction(async (inner) => {
        await inner.insert(Counter, counter('inner'));
        await inner.query('SELECT 1 / 0');
      });
      expect(await endOf(nested)).toBe('22012');
      await manager.insert(Counter, counter('outer, after'));
    });
    const names = await namesIn(ada);
    expect(names).toEqual(expect.arrayContaining(['outer', 'outer, after']));
    expect(names).not.toContain('inner');
  });

  it('keeps role and path inside and after a nested transaction, kept or undone', async () => {
    const sessions = await database.transaction(ada, async (manager) => {
      const kept = await manager.transaction(sessionOf);
      const afterKept = await sessionOf(manager);
      await endOf(manager.transaction((inner) => inner.query('SELECT 1 / 0')));
      return [kept, afterKept, await sessionOf(manager)];
    });
    expect(sessions).toEqual(Array(3).fill(placeOf(ada)));
  });

  it('undoes a nested transaction with the one around it', async () => {
    const call = database.transaction(ada, async (manager) => {
      await manager.transaction((inner) => inner.insert(Counter, counter('nested')));
      throw new Error('thrown by work');
    });
    await expect(call).rejects.toThrow('thrown by work');
    expect(await namesIn(ada)).not.toContain('nested');
  });
});

describe.each(['run', 'transaction'] as const)('the manager of TenantDatabase.%s', (method) => {
  it('refuses to query once the work has returned', async () => {
    const kept = await database[method](ada, (manager) => Promise.resolve(manager));
    await expect(kept.query('SELECT 1')).rejects.toThrow('released');
    await expect(kept.find(Counter)).rejects.toThrow('released');
    await expect(kept.getRepository(Counter).count()).rejects.toThrow('released');
    await expect(kept.transaction(sessionOf)).rejects.toThrow('released');
  });

  it('refuses to query once the work has thrown', async () => {
    const kept: EntityManager[] = [];
    const call = database[method](ada, (manager) => {
      kept.push(manager);
      return Promise.reject(new Error('thrown by work'));
    });
    await expect(call).rejects.toThrow('thrown by work');
    await expect(kept[0]!.query('SELECT 1')).rejects.toThrow('released'); // pushed above
  });

  it.each(['SELECT 1; SELECT 2', 'SELECT 1; RESET ROLE', 'SELECT 1; COMMIT', 'SELECT 1 /*;*/; SELECT 2'])(
    'refuses two statements in one text: %s',
    async (sql) => {
      const call = database[method](ada, (manager) => manager.query(sql));
      expect(await endOf(call)).toBe(SYNTAX_ERROR);
    },
  );

  it.each([
    ...['SET ROLE none', 'RESET ROLE', 'set local role none', '  SET\nSESSION AUTHORIZATION DEFAULT'],
    ...['COMMIT', 'ROLLBACK', 'BEGIN', 'END', 'ABORT', 'START TRANSACTION', "PREPARE TRANSACTION 'x'"],
    ...['DO $$ BEGIN END $$', 'PREPARE p AS SELECT 1', 'EXECUTE p', 'DISCARD ALL', 'LISTEN x', 'NOTIFY x'],
    ...['COPY counters TO STDOUT', 'LOCK counters', 'CALL p()', 'DECLARE c CURSOR FOR SELECT 1', 'FETCH c'],
    ...['/* SELECT */ SET ROLE none', '-- SELECT\nSET ROLE none', '/* /* */ SELECT */ RESET ROLE', '', ';'],
    ...['CREATE TEMP TABLE t (i int)', 'EXPLAIN ANALYZE EXECUTE p', 'selects', 'ROLLBACK AND CHAIN'],
  ])('does not send a statement of another kind: %s', async (sql) => {
    const call = database[method](ada, (manager) => manager.query(sql));
    await expect(call).rejects.toThrow('a statement may not begin with');
  });

  it('gives no connection that works after the call, whoever has it then', async () => {
    let kept: { query(sql: string): Promise<unknown> } | undefined;
    await database[method](ada, async (manager) => {
      kept = (await manager.queryRunner!.connect()) as typeof kept;
      await kept!.query('SELECT 1');
    });
    const end = database[method](bob, () => kept!.query('SELECT current_user'));
    await expect(end).rejects.toThrow('the transaction has ended');
  });

  it('sends statements of product code, in whatever form', async () => {
    const statements = [
      '(SELECT 1)',
      ' \n( (select 1))',
      'WITH one AS (SELECT 1) SELECT * FROM one',
      'VALUES(1)',
    ];
    const answers = database[method](ada, (manager) =>
      Promise.all(statements.map((sql) => manager.query(sql))),
    );
    expect(await answers).toHaveLength(statements.length);
  });

  it('leaves work that ends the transaction itself without any right', async () => {
    const { user: schema } = placeOf(ada);
    const ends = await database[method](ada, async (manager) => {
      await rawOf(manager).then((client) => client.exec('COMMIT'));
      return [
        await endOf(manager.query('SELECT FROM counters')),
        await endOf(manager.query(`SELECT FROM ${schema}.counters`)),
      ];
    });
    expect(ends).toEqual([NO_SUCH_TABLE, DENIED]);
  });
});

describe('TenantDatabase.run for one statement', () => {
  const one = <T>(shopId: string, work: (manager: EntityManager) => Promise<T>) =>
    database.run(shopId, work, true);

  it('reads inside the shop and leaves nothing on the connection', async () => {
    expect(await one(ada, sessionOf)).toEqual(placeOf(ada));
    expect(await bareSession()).toEqual(theLogin());
    expect(await one(bob, sessionOf)).toEqual(placeOf(bob));
    expect(await bareSession()).toEqual(theLogin());
  });

  it('commits behind the statement, before the work goes on', async () => {
    const states = await one(ada, async (manager) => {
      const { client } = await leaseOf(manager);
      await manager.query('SELECT 1');
      await client.exec('SHOW search_path'); // answered behind COMMIT
      return client.getTransactionStatus();
    });
    expect(states).toBe('I');
  });

  it('refuses a second statement, also one that does not wait for the first', async () => {
    for (const works of [
      async (manager: EntityManager) => [await manager.query('SELECT 1'), await manager.query('SELECT 2')],
      (manager: EntityManager) => Promise.all([manager.query('SELECT 1'), manager.query('SELECT 2')]),
    ])
      await expect(one(ada, works)).rejects.toThrow('this transaction takes one statement');
    expect(await bareSession()).toEqual(theLogin());
  });

  it('refuses to write', async () => {
    expect(await endOf(one(ada, (manager) => manager.insert(Counter, counter('one'))))).toBe(READ_ONLY);
    expect(await namesIn(ada)).not.toContain('one');
  });

  it.each<[string, string, (manager: EntityManager) => Promise<unknown>]>([
    ['a statement that fails', '22012', (manager) => manager.query('SELECT 1 / 0')],
    [
      'one that is not sent',
      'QueryFailedError: a statement may not begin with "RESET ROLE"',
      (manager) => manager.query('RESET ROLE'),
    ],
    ['none at all', 'done', () => Promise.resolve()],
    [
      'a failure that is swallowed',
      String(new TransactionAborted()),
      (m) => m.query('SELECT 1 / 0').catch(() => undefined),
    ],
    [
      'an error behind the statement',
      'Error: late',
      (m) =>
        m.query('SELECT 1').then(() => {
          throw new Error('late');
        }),
    ],
  ])('gives back a clean connection after %s', async (_, end, work) => {
    const pid = () => database.run(ada, (manager) => manager.query('SELECT pg_backend_pid()'));
    const before = await pid();
    expect(await endOf(one(ada, work))).toBe(end);
    expect(await bareSession()).toEqual(theLogin());
    expect(await pid()).toEqual(before);
    expect(await endOf(one(UNKNOWN_SHOP, work))).toBe(NO_SUCH_ROLE);
    expect(await bareSession()).toEqual(theLogin());
  });
});

describe('the pool of TenantDatabase', () => {
  it('refuses a shop that does not exist, and stays usable', async () => {
    const call = database.run(UNKNOWN_SHOP, sessionOf);
    expect(await endOf(call)).toBe(NO_SUCH_ROLE);
    expect(await bareSession()).toEqual(theLogin());
    expect(await database.run(bob, sessionOf)).toEqual(placeOf(bob));
  });

  it('refuses a shop that does not exist, whatever the work makes of it', async () => {
    const works = [
      () => Promise.resolve('no query at all'),
      (manager: EntityManager) => manager.query('SELECT 1').catch(() => 'swallowed'),
      () => Promise.reject(new Error('thrown by work')),
    ];
    for (const work of works)
      expect(await endOf(database.transaction(UNKNOWN_SHOP, work))).toBe(NO_SUCH_ROLE);
    expect(await bareSession()).toEqual(theLogin());
  });

  it('keeps its connection when work throws, swallows a failure or finds no shop', async () => {
    const pid = () => database.run(ada, (manager) => manager.query('SELECT pg_backend_pid()'));
    const before = await pid();
    await endOf(database.transaction(ada, () => Promise.reject(new Error('thrown by work'))));
    await endOf(database.transaction(ada, (manager) => manager.query('SELECT 1 / 0').catch(() => undefined)));
    await endOf(database.transaction(UNKNOWN_SHOP, sessionOf));
    expect(await pid()).toEqual(before);
  });

  it('replaces a connection that broke in the middle of the work', async () => {
    const call = database.transaction(ada, async (manager) => {
      await manager.insert(Counter, counter('lost'));
      await kill(manager);
      await manager.query('SELECT 1');
    });
    const error: unknown = await call.catch((reason: unknown) => reason);
    expect(isDatabaseAway(error)).toBe(true);
    expect(await namesIn(ada)).not.toContain('lost');
    expect(await bareSession()).toEqual(theLogin());
  });

  it.each(['run', 'transaction'] as const)(
    'rejects a %s whose connection broke before COMMIT',
    async (method) => {
      const error: unknown = await database[method](ada, kill).catch((reason: unknown) => reason);
      expect(isDatabaseAway(error)).toBe(true);
      expect(await database.run(ada, sessionOf)).toEqual(placeOf(ada));
    },
  );

  it('replaces a connection that broke while it was idle', async () => {
    await app.database.query(
      'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = $1',
      [theLogin().user],
    );
    const ends = [await endOf(database.run(ada, sessionOf)), await endOf(database.run(ada, sessionOf))];
    expect(ends[1]).toBe('done'); // the first may meet the connection before the pool hears of its end
  });

  it('is back to the bare login after fifty calls of every kind for two shops', async () => {
    const fails = new Error('thrown by work');
    const kinds: ((manager: EntityManager) => Promise<unknown>)[] = [
      () => Promise.resolve(),
      (manager) => manager.insert(Counter, counter('mixed')),
      () => Promise.reject(fails),
      (manager) => manager.query('SELECT 1 / 0'),
      (manager) => manager.query('SELECT 1 / 0').catch(() => undefined),
      (manager) => manager.query('SELECT 1; RESET ROLE'),
      (manager) => manager.transaction((inner) => inner.query('SELECT 1 / 0')).catch(() => undefined),
      (manager) => rawOf(manager).then((client) => client.exec('COMMIT')),
    ];
    const sessions: [Session, Session][] = [];
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => {
        const shopId = [ada, bob, UNKNOWN_SHOP][i % 3]!; // 0, 1 or 2
        const method = i % 2 === 0 ? 'run' : 'transaction';
        return endOf(
          database[method](shopId, async (manager) => {
            sessions.push([await sessionOf(manager), placeOf(shopId)]);
            await kinds[i % kinds.length]!(manager); // in range
          }),
        );
      }),
    );
    expect(sessions).toHaveLength(34); // the unknown shop opens none
    for (const [session, place] of sessions) expect(session).toEqual(place);
    expect(await bareSession()).toEqual(theLogin());
    expect(database.load().total).toBe(1);
  });
});
