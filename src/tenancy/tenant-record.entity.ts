import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

export const TENANT_STATUSES = ['ready', 'deferred', 'failed'] as const;

/**
 * The registry of tenants, spare ones included: the state of each schema, found with one query. The
 * rows of `schema_migrations` inside the schema are the truth; a step changes both in its transaction, and
 * `migrate:tenants --rebuild-registry` rebuilds it. Only provisioning and the migrator write it.
 */
@Entity('tenants')
@Check('tenants_status_check', `status IN ('ready', 'deferred', 'failed')`)
export class TenantRecord {
  @PrimaryColumn('uuid', { name: 'shop_id', primaryKeyConstraintName: 'tenants_pkey' })
  shopId: string;

  /** Version of the newest migration in the schema. */
  @Column('bigint')
  version: number;

  /** Checksum of the migration history; empty while it is not known. */
  @Column('text', { default: '' })
  checksum: string;

  /** Programs whose newest tenant migration is older must not serve it: they use what a migration has removed. */
  @Column('bigint', { name: 'serves_from', default: 0 })
  servesFrom: number;

  /** Result of the last attempt to migrate it. */
  @Column('text', { default: 'ready' })
  status: (typeof TENANT_STATUSES)[number];

  /** Attempts since the last success. */
  @Column('integer', { default: 0 })
  attempts: number;

  @Column('text', { name: 'last_error', nullable: true })
  lastError: string | null;

  @Column('text', { name: 'last_sqlstate', nullable: true })
  lastSqlstate: string | null;

  @Column('timestamptz', { name: 'started_at', nullable: true })
  startedAt: Date | null;

  @Column('timestamptz', { name: 'finished_at', default: () => 'now()' })
  finishedAt: Date;

  /** Run of the last attempt. */
  @Column('uuid', { name: 'run_id', nullable: true })
  runId: string | null;

  /** Progress of a backfill. */
  @Column('jsonb', { nullable: true })
  progress: { version: number; after: string } | null;
}
