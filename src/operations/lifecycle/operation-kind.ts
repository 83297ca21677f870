import type { ClientBase } from 'pg';
import type { z } from 'zod';
import type { Logger } from '../../common/logger';
import type { Env } from '../../config/env';
import type { Installation } from '../../database/installation';
import type { TableDescriptions } from '../../tenancy/described.decorator';
import type { TenantCache } from '../../tenancy/tenant-cache';
import type { TenantMigrations } from '../../tenancy/tenant-migrations';
import type { Operation, OperationFailure } from './operation.entity';
import type { Beat } from './operation-store';

export const TOOLS = Symbol('TOOLS');

/** Parts of the program that operations use. All need admin rights. */
export interface Tools {
  installation: Installation;
  migrations: TenantMigrations;
  env: Env;
  logger: Logger;
  /** Describes the tables of a shop. A command loads their entities for that, which takes most of a second. */
  describedTables(): Promise<TableDescriptions>;
  /** Cache of the process; a command has none. */
  cache?: Pick<TenantCache, 'forgetShop'>;
}

/** One run of an operation, for the code of its kind. */
export interface OperationRun {
  readonly tools: Tools;
  readonly operation: Readonly<Operation>;
  /** Aborted when the process stops, the operation is cancelled or the lease is lost: end soon, by an error. */
  readonly signal: AbortSignal;
  /** Reports progress; stored with the next heartbeat. */
  report(progress: Partial<Beat>): void;
  /**
   * Stores what a next runner need not repeat. One with a `result` says that what is served has changed: from then on the
   * operation cannot be cancelled.
   * @param client connection inside the transaction of the work; by default a connection of its own
   * @throws LeaseLost: roll back
   */
  save(checkpoint: object, client?: ClientBase): Promise<void>;
}

/** A kind of operation. Its work must be safe to repeat from its last checkpoint: a runner may be killed at any moment. */
export interface OperationKind<I extends object = object, C extends object = object> {
  readonly name: string;
  readonly input: z.ZodType<I>;
  /** True for work of a member in a shop: done in turn with others of the shop, and only while the shop is open. */
  readonly isOfMember?: true;
  /** @returns the result, as it is stored and shown */
  run(run: OperationRun, input: I, checkpoint: Partial<C>): Promise<object>;
  /**
   * Removes what an operation that failed or was cancelled leaves. Safe to repeat; a retry begins with the same checkpoint.
   * @param failure reason why it did not succeed
   */
  undo?(run: OperationRun, input: I, checkpoint: Partial<C>, failure: OperationFailure): Promise<void>;
  /** True once there is no way back: a cancellation is logged and ignored. */
  isFinal?(checkpoint: Partial<C>): boolean;
}

/** Thrown when another runner has taken the operation over, or may have. Nothing more may be written. */
export class LeaseLost extends Error {
  constructor(cause?: unknown) {
    super('another runner may have taken this operation over', { cause });
  }
}

/** Reason of an abort: somebody asked for the cancellation. */
export class Cancelled extends Error {
  constructor() {
    super('the operation was cancelled');
  }
}

/** Reason of an abort: the process stops, and another may go on. */
export class Stopped extends Error {
  constructor(message = 'the process stops', cause?: unknown) {
    super(message, { cause });
  }
}

/** Thrown by work that cannot be done at the moment, through no fault of its own: it goes back to the queue. */
export class Postponed extends Stopped {
  constructor(cause: unknown) {
    super('the operation cannot be done at the moment', cause);
  }
}
