import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

export const RUN_OUTCOMES = ['done', 'unfinished', 'stopped', 'interrupted'] as const;

/** One run of the migrator over all tenants. Without an outcome it runs still, or was killed. */
@Entity('migration_runs')
@Check('migration_runs_outcome_check', `outcome IN ('done', 'unfinished', 'stopped', 'interrupted')`)
export class MigrationRun {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'migration_runs_pkey' })
  id: string;

  /** Host and process. */
  @Column('text')
  runner: string;

  /** Version that it brings tenants to. */
  @Column('bigint')
  target: number;

  /** Tenants that were to be migrated when it began. */
  @Column('integer')
  total: number;

  @Column('integer', { default: 0 })
  migrated: number;

  @Column('integer', { default: 0 })
  failed: number;

  @Column('text', { nullable: true })
  outcome: (typeof RUN_OUTCOMES)[number] | null;

  @Column('timestamptz', { name: 'started_at', default: () => 'now()' })
  startedAt: Date;

  /** Written every few seconds; an old one means that the process is gone. */
  @Column('timestamptz', { name: 'seen_at', default: () => 'now()' })
  seenAt: Date;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt: Date | null;
}
