import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import type { BorrowedClient, EnginePool } from '../../src/database/borrowed-client';
import { TenantDatabase } from '../../src/tenancy/tenant-database';

/**
 * Borrows a connection from the pool of the running application behind the engine's back, as a careless change
 * might, and gives it back.
 */
export async function withRawConnection<T>(
  app: NestFastifyApplication,
  work: (connection: BorrowedClient) => Promise<T>,
): Promise<T> {
  const database = app.get(TenantDatabase, { strict: false });
  const driver = database['transactions']['driver'] as PostgresDriver; // private: nothing hands it out
  const connection = await (driver.master as EnginePool).connect();
  try {
    return await work(connection);
  } finally {
    connection.release();
  }
}
