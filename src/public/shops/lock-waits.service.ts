import { Injectable } from '@nestjs/common';
import { PublicDatabase } from '../../database/control-database';

/** A session that waits for a lock, and one that it waits for. */
export interface LockWait {
  pid: number;
  /** Slug or, if it was removed, id of the shop whose transaction waits; null for anything else. */
  shop: string | null;
  /** Name by which the session introduced itself. */
  application: string;
  /** Table, or kind of the lock. */
  object: string;
  mode: string;
  waitedMs: number;
  /** Without values; null where the server does not show it. */
  statement: string | null;
  /** 0 for a prepared transaction. */
  holderPid: number;
  holderShop: string | null;
  holderApplication: string | null;
  /** State of the session, such as `idle in transaction`; null where the server does not show it. */
  holderState: string | null;
  /** Age of its transaction; null where the server does not show it. */
  holderMs: number | null;
  /** The statement that it sent last. */
  holderStatement: string | null;
}

/** Lists the longest wait first. */
const WAITS = `
  SELECT w.pid, coalesce(s.slug, w.shop_id::text) AS shop, w.application, w.object, w.mode, coalesce(w.waited_ms, 0) AS "waitedMs",
    w.statement, w.holder_pid AS "holderPid", coalesce(h.slug, w.holder_shop_id::text) AS "holderShop",
    w.holder_application AS "holderApplication", w.holder_state AS "holderState", w.holder_ms AS "holderMs",
    w.holder_statement AS "holderStatement"
  FROM lock_waits() w LEFT JOIN shops s ON s.id = w.shop_id LEFT JOIN shops h ON h.id = w.holder_shop_id
  ORDER BY "waitedMs" DESC, w.pid, w.holder_pid LIMIT $1`;

/** Sessions that wait for locks at this moment. */
@Injectable()
export class LockWaitsService {
  constructor(private readonly database: PublicDatabase) {}

  list(limit: number): Promise<LockWait[]> {
    return this.database.read<LockWait>(WAITS, [limit]);
  }
}
