import type { Logger } from '../../common/logger';
import { keepText } from '../../config/backups';
import type { Env } from '../../config/env';
import type { PublicDatabase } from '../../database/control-database';
import { requestOperation } from './request-operation';
import { configuredTarget, openTarget } from '../../files/open-target';

/** Shops at once: a night is long, and the shops go on selling. */
const CONCURRENCY = 2;

/** Requests the backup of all shops that `BACKUP_SCHEDULE` asks for, unless the last one is not finished. */
export async function requestScheduledBackup(
  database: PublicDatabase,
  env: Env,
  logger: Logger,
): Promise<void> {
  const { location } = await openTarget(configuredTarget(env), env);
  await database.transaction(async (manager) => {
    const [open] = await manager.query<{ id: string }[]>(
      `SELECT id FROM operations WHERE kind = 'backup' AND by_kind = 'schedule' AND state IN ('queued', 'running') LIMIT 1`,
    );
    if (open !== undefined) {
      logger.warn({ event: 'backup.skipped', operation: open.id });
      return;
    }
    await requestOperation(manager, {
      kind: 'backup',
      shop: null,
      by: { kind: 'schedule', id: null },
      isExclusive: false,
      input: {
        shops: null,
        target: location,
        keep: keepText(env.BACKUP_KEEP),
        isEncrypted: (env.BACKUP_RECIPIENTS ?? []).length > 0,
        concurrency: CONCURRENCY,
      },
    });
  });
}
