import { z } from 'zod';
import type { TenantJobHandler } from '../../src/operations/tenant-jobs/tenant-jobs';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import type { TestApp } from './test-app';

/** A row that a job has written into the table `effects` of its shop. */
export interface Effect {
  job: number;
  key: string;
  marker: string;
}

/** Gives a shop a table that exists in tests only. */
export async function makeEffects(app: TestApp, shopId: string): Promise<void> {
  const { schema, role } = placeOf(shopId);
  await app.database.query(
    `CREATE TABLE ${schema}.effects (position bigint GENERATED ALWAYS AS IDENTITY, job int, key text, marker text);
     GRANT SELECT, INSERT ON ${schema}.effects TO ${role}`,
  );
}

/** Effects in a shop's own table, in the order in which they were stored. */
export function effectsOf(app: TestApp, shopId: string): Promise<Effect[]> {
  return app.database.query<Effect>(
    `SELECT job, key, marker FROM ${placeOf(shopId).schema}.effects ORDER BY position`,
  );
}

const PAYLOAD = z.object({ job: z.number(), key: z.string().default(''), marker: z.string().default('') });

/** Writes one effect. */
export const NOTE: TenantJobHandler<z.infer<typeof PAYLOAD>> = {
  payload: PAYLOAD,
  run: (connection, { job, key, marker }) =>
    connection.transaction((manager) =>
      manager.query('INSERT INTO effects (job, key, marker) VALUES ($1, $2, $3)', [job, key, marker]),
    ),
};

function placeOf(shopId: string) {
  return new TenantLocator().locate(shopId);
}
