import { Injectable } from '@nestjs/common';
import { PublicDatabase } from '../database/control-database';
import type { TenantAccess } from './tenant';

/** Data of a shop beside those that it serves: replaced by a restore, which can be undone, or loaded by an operation in progress. */
@Injectable()
export class KeptData {
  constructor(private readonly database: PublicDatabase) {}

  /** True while there are some: a file that the shop no longer shows may be one that they show. */
  async existsFor({ shopId }: Pick<TenantAccess, 'shopId'>): Promise<boolean> {
    const rows = await this.database.read(
      `SELECT FROM public.held_tenants WHERE of_shop = $1 AND reason <> 'removing' LIMIT 1`,
      [shopId],
    );
    return rows.length > 0;
  }
}
