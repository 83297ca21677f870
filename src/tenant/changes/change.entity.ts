import { Check, Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';
import { Described } from '../../tenancy/described.decorator';

export const CHANGE_KINDS = ['created', 'changed', 'removed', 'erased'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** Old and new value of a field. */
export type OldAndNew = [old: unknown, now: unknown];

/**
 * A recorded change of one row, written by `recordChanges` in the transaction that makes it. Only the erasure of a person
 * changes it later.
 */
@Described('Changes of rows: who changed what, and when')
@Entity('changes')
@Index('changes_resource_idx', ['resource', 'id'])
@Check('changes_kind_check', `kind IN ('created', 'changed', 'removed', 'erased')`)
export class Change {
  /** Product, variant, customer … By it first, because the history of one row is read most. */
  @Described('Id of the changed row')
  @PrimaryColumn('uuid', { name: 'row_id', primaryKeyConstraintName: 'changes_pkey' })
  rowId: string;

  @Described('Id of the change')
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'changes_pkey' })
  id: string;

  /** Name of the resource, such as `variants`. */
  @Described('Resource of the changed row, such as products', 'kept')
  @Column('text')
  resource: string;

  @Described('created, changed, removed or erased', 'kept')
  @Column('text')
  kind: ChangeKind;

  /** Empty for a row that was created or erased. */
  @Described('Old and new value of each changed field, by name', 'empty')
  @Column('jsonb', { default: {} })
  fields: Record<string, OldAndNew>;

  @Described('Import that made the change')
  @Column('uuid', { name: 'import_id', nullable: true })
  importId: string | null;

  /** Request id, as in the log. */
  @Described('Request that made the change; empty for a command', 'null')
  @Column('text', { name: 'request_id', nullable: true })
  requestId: string | null;

  /** Null for a command of the operator. No foreign key, as in `stock_changes`. */
  @Described('Member who made the change')
  @Column('uuid', { name: 'created_by', nullable: true })
  createdBy: string | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
