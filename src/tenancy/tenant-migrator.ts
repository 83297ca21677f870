import { Inject, Injectable } from '@nestjs/common';
import { type Installation, INSTALLATION } from '../database/installation';
import { execute } from './migrator/execute';
import type { Goal } from './migrator/goal';
import type { RunOptions, RunSummary } from './migrator/run-options';
import { TenantMigrations } from './tenant-migrations';

/** Brings the schemas of all tenants to a version; one that fails does not stop the others. */
@Injectable()
export class TenantMigrator {
  constructor(
    private readonly migrations: TenantMigrations,
    @Inject(INSTALLATION) private readonly installation: Installation,
  ) {}

  /**
   * Brings every tenant, or those that the options name, to the goal: the newest version, unless it is another.
   * Several runners may do it at once: they share the work. A run that ended early, in whatever way, leaves
   * whole tenants; the next goes on.
   * @throws OperatorError naming a file that was edited after it was applied; the server's error when it is in
   *   trouble for longer than the options allow
   */
  run(options: RunOptions = {}, goal: Goal = this.migrations.goal()): Promise<RunSummary> {
    return execute(this.installation, goal, options);
  }
}
