import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { BorrowedClient } from '../../src/database/borrowed-client';
import { TenantDatabase } from '../../src/tenancy/tenant-database';

/** With `TENANT_POOL_SIZE=1` every shop has the same connection. */
const ANY_SHOP = '00000000-0000-7000-8000-000000000000';

/**
 * Borrows a connection that serves the shops of the running application behind the engine's back, as a careless
 * change might, and gives it back.
 */
export async function withRawConnection<T>(
  app: NestFastifyApplication,
  work: (connection: BorrowedClient) => Promise<T>,
): Promise<T> {
  const database = app.get(TenantDatabase, { strict: false });
  const connections = database['transactions']['connections']; // private: nothing hands it out
  const connection = await connections.borrow(ANY_SHOP);
  try {
    return await work(connection);
  } finally {
    connections.giveBack(connection, true);
  }
}
