import { connectionConfig } from '../../src/database/data-source';
import { TenantPool, type TenantPoolSettings } from '../../src/tenancy/tenant-pool';
import { createTestDatabase, type TestDatabase } from './database';

interface TestPools {
  database: TestDatabase;
  /** Errors that idle connections reported. */
  errors: Error[];
  /** Opens a pool, which is closed after the test. @param url of the file's database by default */
  open: (settings: Partial<TenantPoolSettings>, url?: string) => TenantPool;
}

/** Call once in a file: pools of two connections that no application uses, on a database of their own. */
export function useTenantPools(defaults: Partial<TenantPoolSettings>): TestPools {
  const pools: TenantPool[] = [];
  const holder: TestPools = {
    database: undefined as never, // before the tests
    errors: [],
    open: (settings, url = holder.database.url) => {
      const config = {
        connectionString: url,
        ...connectionConfig('test', { kept: 0, responseTimeoutMs: 60_000 }),
      };
      const pool = new TenantPool(config, (error) => holder.errors.push(error), {
        ...{
          size: 2,
          room: 1000,
          waitMs: 5000,
          longMs: 60_000,
          heavyMs: Infinity,
          tenantsPerConnection: 1000,
          workers: 1,
        },
        ...defaults,
        ...settings,
      });
      pools.push(pool);
      return pool;
    },
  };
  beforeAll(async () => {
    holder.database = await createTestDatabase();
  });
  afterAll(() => holder.database.drop());
  afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));
  return holder;
}

/** Id of a shop. With two connections, one tenant prefers the even one and the other the odd one. */
export const shop = (number: number) => `00000000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
