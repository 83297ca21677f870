import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { BorrowedClient } from '../../src/database/engine-client';
import { TenantDatabase } from '../../src/tenancy/tenant-database';

/** Any id will do: with `TENANT_POOL_SIZE=1` all shops share one connection. */
const ANY_SHOP = '00000000-0000-7000-8000-000000000000';

/**
 * Borrows a connection of the running application's tenant pool without the engine, as a careless change might, and
 * returns it.
 */
export async function withRawConnection<T>(
  app: NestFastifyApplication,
  work: (connection: BorrowedClient) => Promise<T>,
): Promise<T> {
  const database = app.get(TenantDatabase, { strict: false });
  const connections = database['transactions']['connections']; // private: no public method returns it
  const connection = await connections.borrow(ANY_SHOP);
  try {
    return await work(connection);
  } finally {
    connections.giveBack(connection, true);
  }
}
