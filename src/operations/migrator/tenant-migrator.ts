import type { Installation } from '../../database/installation';
import type { TenantMigrations } from '../../tenancy/tenant-migrations';
import { execute } from './execute';
import { type Goal, goalOf } from './goal';
import type { RunOptions, RunSummary } from './run-options';

/** Brings the schemas of all tenants to a version; one that fails does not stop the others. */
export class TenantMigrator {
  constructor(
    private readonly migrations: TenantMigrations,
    private readonly installation: Installation,
  ) {}

  /**
   * Brings every tenant, or those that the options name, to the goal: the newest version, unless it is another.
   * Several runners may do it at once: they share the work. A run that ended early, in whatever way, leaves
   * whole tenants; the next goes on.
   * @throws OperatorError naming a file that was edited after it was applied; the server's error when it is in
   *   trouble for longer than the options allow
   */
  run(options: RunOptions = {}, goal: Goal = goalOf(this.migrations)): Promise<RunSummary> {
    return execute(this.installation, goal, options);
  }
}
