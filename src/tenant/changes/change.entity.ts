import { Check, Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';

export const CHANGE_KINDS = ['created', 'changed', 'removed', 'erased'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** Old and new value of a field. */
export type OldAndNew = [old: unknown, now: unknown];

/**
 * A recorded change of one row, written by `recordChanges` in the transaction that makes it. Only the erasure of a person
 * changes it later.
 */
@Entity('changes')
@Index('changes_resource_idx', ['resource', 'id'])
@Check('changes_kind_check', `kind IN ('created', 'changed', 'removed', 'erased')`)
export class Change {
  /** Product, variant, customer … By it first, because the history of one row is read most. */
  @PrimaryColumn('uuid', { name: 'row_id', primaryKeyConstraintName: 'changes_pkey' })
  rowId: string;

  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'changes_pkey' })
  id: string;

  /** Name of the resource, such as `variants`. */
  @Column('text')
  resource: string;

  @Column('text')
  kind: ChangeKind;

  /** By name; empty for a row that was created or erased. */
  @Column('jsonb', { default: {} })
  fields: Record<string, OldAndNew>;

  /** Import that made the change. */
  @Column('uuid', { name: 'import_id', nullable: true })
  importId: string | null;

  /** Request id, as in the log; null for a command. */
  @Column('text', { name: 'request_id', nullable: true })
  requestId: string | null;

  /** Member who made the change; null for a command of the operator. No foreign key, as in `stock_changes`. */
  @Column('uuid', { name: 'created_by', nullable: true })
  createdBy: string | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
