import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

export const OPERATION_STATES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;
export type OperationState = (typeof OPERATION_STATES)[number];

/** Origin of an operation. */
export const ORIGINS = ['command', 'operator', 'member', 'schedule'] as const;
export type Origin = (typeof ORIGINS)[number];

/** A failure, as it is stored and shown. */
export interface OperationFailure {
  message: string;
  /** Stable: @see codeOf. Null in operations of older programs. */
  code: string | null;
}

/**
 * A long operation on a shop: recorded before it begins, visible while it runs. Only the process that holds its lease
 * (`runner`) changes it; a process without admin rights may insert one and ask for its cancellation.
 */
@Entity('operations')
@Index('operations_shop_id_idx', ['shopId', 'id'])
@Index('operations_open_idx', ['createdAt'], { where: `state IN ('queued', 'running')` })
@Index('operations_exclusive_key', ['shopId'], {
  unique: true,
  where: `is_exclusive AND state IN ('queued', 'running')`,
})
@Check('operations_state_check', `state IN ('queued', 'running', 'done', 'failed', 'cancelled')`)
@Check('operations_by_kind_check', `by_kind IN ('command', 'operator', 'member', 'schedule')`)
export class Operation {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'operations_pkey' })
  id: string;

  @Column('text')
  kind: string;

  /** Null for an operation on several shops. The shop need not exist any more. */
  @Column('uuid', { name: 'shop_id', nullable: true })
  shopId: string | null;

  /** Slug at the time of the request. */
  @Column('text', { name: 'shop_slug', nullable: true })
  shopSlug: string | null;

  @Column('text', { name: 'by_kind' })
  byKind: Origin;

  /** User or operator; null for a command and for the schedule. */
  @Column('uuid', { name: 'by_id', nullable: true })
  byId: string | null;

  @Column('jsonb', { default: {} })
  input: object;

  /** At most one exclusive operation of a shop is open at a time. */
  @Column('boolean', { name: 'is_exclusive', default: false })
  isExclusive: boolean;

  @Column('text', { default: 'queued' })
  state: OperationState;

  @Column('text', { nullable: true })
  step: string | null;

  @Column('bigint', { default: 0 })
  done: number;

  @Column('bigint', { default: 0 })
  total: number;

  /** Finished work that a next runner need not repeat; its form belongs to the kind. */
  @Column('jsonb', { default: {} })
  checkpoint: object;

  @Column('jsonb', { nullable: true })
  result: object | null;

  @Column('jsonb', { nullable: true })
  error: OperationFailure | null;

  /** Number of times that a runner took it. */
  @Column('integer', { default: 0 })
  attempts: number;

  @Column('boolean', { name: 'cancel_wanted', default: false })
  cancelWanted: boolean;

  /** Process that has the lease. */
  @Column('uuid', { nullable: true })
  runner: string | null;

  /** Heartbeat of the runner. */
  @Column('timestamptz', { name: 'seen_at', nullable: true })
  seenAt: Date | null;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { name: 'started_at', nullable: true })
  startedAt: Date | null;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt: Date | null;
}
