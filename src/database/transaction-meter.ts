import { AppError } from '../common/app-error';
import { ClientGone } from '../common/common.errors';
import { Histogram } from '../common/histogram';
import type { Logger } from '../common/logger';
import type { ClientSocket } from './connections';
import type { ShopActivity } from './shop-activity';
import { LOCK_NOT_AVAILABLE, sqlState, STATEMENT_CANCELLED } from '../common/sqlstate';

/** Upper bounds of waits for a connection, milliseconds. Without a queue it takes a fraction of the first. */
const WAIT_BOUNDS = [1, 5, 25, 100, 500, 2500];

/** Statements that PostgreSQL ended, by SQLSTATE. */
const CANCELLED = new Map([
  [STATEMENT_CANCELLED, 'statement_timeout'],
  [LOCK_NOT_AVAILABLE, 'lock_timeout'],
  ['40P01', 'deadlock'],
] as const);

export const CANCEL_REASONS = [...CANCELLED.values()];
type CancelReason = (typeof CANCEL_REASONS)[number];

const TOO_MANY_REQUESTS = 429;

/** Longest part of a statement in the log, characters. */
const SHOWN = 2000;

/** Request, or job, that a transaction belongs to. */
export interface Origin {
  /** Request id. */
  id?: string;
  routeOptions?: { url?: string | undefined };
  /** Request of Node; a job has none. */
  raw?: { socket: ClientSocket };
}

interface MeterSettings {
  /** Statements that take longer are logged, milliseconds; 0: none. */
  slowMs: number;
  logger: Logger;
  /** Counts by shop; absent on the public side. */
  activity?: ShopActivity;
}

/** Counts the transactions of one pool. */
export class TransactionMeter {
  readonly waits = new Histogram(WAIT_BOUNDS);
  committed = 0;
  rolledBack = 0;
  /** Transactions that got no connection. */
  unconnected = 0;
  /** Transactions of shops that use more than their share. */
  overShare = 0;
  /** Transactions whose clients left while they waited. */
  abandoned = 0;
  slow = 0;
  readonly cancelled: Record<CancelReason, number> = { statement_timeout: 0, lock_timeout: 0, deadlock: 0 };

  constructor(private readonly settings: MeterSettings) {}

  /** @param askedAt when the transaction asked for its connection, by `performance.now()` */
  begin(askedAt: number, shopId: string, origin?: Origin): MeteredTransaction {
    const begunAt = performance.now();
    this.waits.observe(begunAt - askedAt);
    return new MeteredTransaction(this, { shopId, origin, askedAt, begunAt });
  }

  /** Counts a transaction that got no connection, and why. */
  refused(askedAt: number, shopId: string, error: unknown): void {
    if (error instanceof ClientGone) this.abandoned++;
    else if (error instanceof AppError && error.kind.status === TOO_MANY_REQUESTS) this.overShare++;
    else this.unconnected++;
    this.settings.activity?.waited(shopId, performance.now() - askedAt);
  }

  ended(isCommitted: boolean, { shopId, askedAt, begunAt }: Begun, rows: number): void {
    if (isCommitted) this.committed++;
    else this.rolledBack++;
    this.settings.activity?.transacted(shopId, performance.now() - begunAt, begunAt - askedAt, rows);
  }

  /** Counts an error of PostgreSQL, if it ended a statement in favour of others. */
  failed(error: unknown): void {
    const reason = CANCELLED.get(sqlState(error) as typeof STATEMENT_CANCELLED);
    if (reason !== undefined) this.cancelled[reason]++;
  }

  /** Logs the statement if it was slow. Its text has no values: those are parameters. */
  timed(ms: number, sql: unknown, shopId: string, origin: Origin | undefined): void {
    const { slowMs, logger } = this.settings;
    if (slowMs === 0 || ms < slowMs) return;
    this.slow++;
    logger.warn({
      event: 'statement.slow',
      shopId: shopId === '' ? undefined : shopId,
      requestId: origin?.id,
      route: origin?.routeOptions?.url,
      ms: Math.round(ms),
      statement: String(sql).slice(0, SHOWN),
    });
  }
}

interface Begun {
  shopId: string;
  origin: Origin | undefined;
  askedAt: number;
  begunAt: number;
}

/** One transaction that is under way. */
export class MeteredTransaction {
  private rows = 0;

  constructor(
    private readonly meter: TransactionMeter,
    private readonly begun: Begun,
  ) {}

  /** Observes a statement. @returns its answer */
  watch<T>(sql: unknown, answer: Promise<T>): Promise<T> {
    const sentAt = performance.now();
    answer.then(
      (result) => {
        this.rows += (result as { rowCount?: number | null }).rowCount ?? 0; // none of several statements in one message
        this.timed(sentAt, sql);
      },
      (error: unknown) => {
        this.meter.failed(error);
        this.timed(sentAt, sql);
      },
    );
    return answer;
  }

  /** Counts an error of a statement that is not watched. */
  failed(error: unknown): void {
    this.meter.failed(error);
  }

  end(isCommitted: boolean): void {
    this.meter.ended(isCommitted, this.begun, this.rows);
  }

  private timed(sentAt: number, sql: unknown): void {
    const { shopId, origin } = this.begun;
    this.meter.timed(performance.now() - sentAt, sql, shopId, origin);
  }
}
