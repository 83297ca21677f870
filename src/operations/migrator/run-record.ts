import { hostname } from 'node:os';
import type { RunScope } from '../../tenancy/tenant-registry';
import type { ControlConnection } from '../control-connection';
import type { RunSummary } from './run-options';

const HEARTBEAT_MS = 2000;
/** SQL condition on a row of `migration_runs`: in progress. One without a heartbeat for this long is gone. */
export const IN_PROGRESS = `(outcome IS NULL AND seen_at >= now() - interval '20 seconds')`;
const KEPT = '90 days';

/** A run's row in `migration_runs`, by which others follow it. */
export class RunRecord {
  private writtenAt = 0;

  constructor(
    private readonly control: ControlConnection,
    private readonly id: string,
  ) {}

  /**
   * @param joins whether the run is shared with those in progress that have the same target
   * @returns what counts as a failure of the run
   */
  async begin(target: number, total: number, joins: boolean): Promise<RunScope> {
    const { rows } = await this.control.query<{ since: string; joined: string[] }>(
      `INSERT INTO migration_runs (id, runner, target, total) VALUES ($1, $2, $3, $4)
       ON CONFLICT (id) DO UPDATE SET seen_at = now()
       RETURNING started_at::text AS since,
         array(SELECT id FROM migration_runs WHERE $5 AND id <> $1 AND target = $3 AND ${IN_PROGRESS}) AS joined`,
      [this.id, `${hostname()} ${process.pid}`, target, total, joins],
    );
    await this.control.query('DELETE FROM migration_runs WHERE started_at < now() - $1::interval', [KEPT]);
    const { since, joined } = rows[0]!; // one row
    return { since, runIds: joined };
  }

  /** Writes a heartbeat, at most every two seconds. A failure is ignored: the run itself reports a server in trouble. */
  beat(migrated: number, failed: number): void {
    const now = Date.now();
    if (now - this.writtenAt < HEARTBEAT_MS) return;
    this.writtenAt = now;
    void this.write(migrated, failed, null).catch(() => undefined);
  }

  end({ migrated, failed, outcome }: Pick<RunSummary, 'migrated' | 'failed' | 'outcome'>): Promise<void> {
    return this.write(migrated, failed.length, outcome);
  }

  private async write(
    migrated: number,
    failed: number,
    outcome: RunSummary['outcome'] | null,
  ): Promise<void> {
    await this.control.query(
      `UPDATE migration_runs SET migrated = $2, failed = $3, outcome = coalesce($4, outcome), seen_at = now(),
         finished_at = CASE WHEN $4::text IS NULL THEN finished_at ELSE now() END WHERE id = $1`,
      [this.id, migrated, failed, outcome],
    );
  }
}
