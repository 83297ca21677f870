import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { AuditAction } from '../../tenancy/audit-log';

/** A recorded action, written in the transaction that performs it. Rows are never changed or removed. */
@Entity('audit_log')
@Index('audit_log_shop_id_idx', ['shopId', 'id'])
@Index('audit_log_actor_id_idx', ['actorId', 'id'])
export class AuditEntry {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'audit_log_pkey' })
  id: string;

  /** Time of the database server; the logins may not write this column. */
  @Column('timestamptz', { default: () => 'now()' })
  at: Date;

  @Column('text')
  action: AuditAction;

  @Column('uuid', { name: 'actor_id', nullable: true })
  actorId: string | null;

  @Column('uuid', { name: 'shop_id', nullable: true })
  shopId: string | null;

  @Column('text', { name: 'request_id', nullable: true })
  requestId: string | null;

  @Column('jsonb', { default: {} })
  details: Record<string, string | number>;
}
