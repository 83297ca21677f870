import { FIRST_ID, newId } from '../../common/ids';
import type { PublicDatabase } from '../../database/control-database';
import type { TenantSchedule } from './tenant-jobs';

/** Shops a statement. */
const BATCH = 500;

/** One that still waits from the time before stays the only one. */
const ADD = `
  INSERT INTO tenant_jobs (id, shop_id, kind, payload, unique_key, run_at)
  SELECT n.id, n.shop_id, $3, '{}', 'schedule', now() + random() * $4 * interval '1 minute'
  FROM unnest($1::uuid[], $2::uuid[]) AS n (id, shop_id)
  ON CONFLICT (shop_id, kind, unique_key) DO NOTHING`;

/** Adds a job of the kind for every active shop. Repeated after a break, it adds no second one. */
export async function addScheduled(
  database: PublicDatabase,
  kind: string,
  { overMinutes }: TenantSchedule,
  signal: AbortSignal,
): Promise<void> {
  for (let after: string | undefined = FIRST_ID; after !== undefined;) {
    signal.throwIfAborted();
    const shops: { id: string }[] = await database.read<{ id: string }>(
      `SELECT id FROM shops WHERE id > $1 AND status = 'active' ORDER BY id LIMIT ${BATCH}`,
      [after],
    );
    const ids = shops.map(({ id }) => id);
    if (ids.length > 0) await database.read(ADD, [ids.map(newId), ids, kind, overMinutes]);
    after = ids.at(BATCH - 1);
  }
}
