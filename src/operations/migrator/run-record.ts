import { hostname } from 'node:os';
import type { RunScope } from '../../tenancy/tenant-registry';
import type { ControlConnection } from '../control-connection';
import type { EachTenant } from '../each-tenant';
import type { RunSummary } from './run-options';

const HEARTBEAT_MS = 2000;
/** SQL condition on a row of `migration_runs`: in progress. One without a heartbeat for this long is gone. */
export const IN_PROGRESS = `(outcome IS NULL AND seen_at >= now() - interval '20 seconds')`;
const KEPT = '90 days';

/** A run's row in `migration_runs`, by which others follow it. It has a heartbeat from `begin` to `end`. */
export class RunRecord {
  private timer: NodeJS.Timeout | undefined;
  private beating: Promise<void> | undefined;
  private isOver = false;

  /** @param tenants those that are done so far */
  constructor(
    private readonly control: ControlConnection,
    private readonly id: string,
    private readonly tenants: Pick<EachTenant, 'changed' | 'failed'>,
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
    this.schedule();
    const { since, joined } = rows[0]!; // one row
    return { since, runIds: joined };
  }

  async end(outcome: RunSummary['outcome']): Promise<void> {
    this.isOver = true;
    clearTimeout(this.timer);
    await this.beating;
    await this.write(outcome);
  }

  private schedule(): void {
    if (this.isOver) return;
    this.timer = setTimeout(() => {
      this.beating = this.beat();
    }, HEARTBEAT_MS).unref();
  }

  /** Goes on while a tenant takes long. A failure is ignored: the run itself reports a server in trouble. */
  private async beat(): Promise<void> {
    await this.write(null).catch(() => undefined);
    this.schedule();
  }

  private async write(outcome: RunSummary['outcome'] | null): Promise<void> {
    const { changed, failed } = this.tenants;
    await this.control.query(
      `UPDATE migration_runs SET migrated = $2, failed = $3, outcome = coalesce($4, outcome), seen_at = now(),
         finished_at = CASE WHEN $4::text IS NULL THEN finished_at ELSE now() END WHERE id = $1`,
      [this.id, changed, failed.length, outcome],
    );
  }
}
