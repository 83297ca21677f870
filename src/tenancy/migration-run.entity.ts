import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

export const RUN_OUTCOMES = ['done', 'unfinished', 'stopped', 'interrupted'] as const;

/** One run of the migrator over the fleet. A run without an outcome is in progress or was killed. */
@Entity('migration_runs')
@Check('migration_runs_outcome_check', `outcome IN ('done', 'unfinished', 'stopped', 'interrupted')`)
export class MigrationRun {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'migration_runs_pkey' })
  id: string;

  /** Host and process id. */
  @Column('text')
  runner: string;

  /** Version that the run brings tenants to. */
  @Column('bigint')
  target: number;

  /** Tenants that were to be migrated when the run began. */
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

  /** Heartbeat, written every few seconds; an old value means that the process is gone. */
  @Column('timestamptz', { name: 'seen_at', default: () => 'now()' })
  seenAt: Date;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt: Date | null;
}
