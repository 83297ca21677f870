import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { removeExpiredKeys } from '../../tenancy/keyed-work';
import { TenantJobs } from './tenant-jobs';

const KIND = 'remove-expired-keys';
/** Keys of one transaction. */
const BATCH = 5000;

/**
 * Removes expired idempotency keys, and with them the answers of a day ago, also in a shop that nobody uses any more. Requests
 * with a key remove some on their way.
 */
@Injectable()
export class ExpiredKeys {
  constructor(jobs: TenantJobs) {
    jobs.handle(KIND, {
      payload: z.object({}),
      run: (connection) =>
        connection.transaction(async (manager) => {
          if ((await removeExpiredKeys(manager, BATCH)) === BATCH) await jobs.add(manager, KIND, {});
        }),
    });
    jobs.schedule(KIND, { cron: '40 1 * * *', overMinutes: 60 });
  }
}
