import { adminOf, type Installation } from '../../database/installation';
import { Control } from '../control-connection';
import { assertFilesUnchanged } from '../edited-files';
import type { Goal } from './goal';
import { Lane } from '../reconnecting-client';
import { Pause } from '../backoff';
import { Routes } from './step-planner';
import { NO_RUN, type Selection, TenantRegistry } from './tenant-registry';

export interface PlannedStep {
  name: string;
  kind: string;
  direction: 'up' | 'down';
  sql: readonly string[];
}

/** What a run would do, worked out without doing any of it. */
export interface MigrationPlan {
  target: number;
  /** Tenants by where they are. No steps where the history is not one of this program's: each is read then. */
  groups: { version: number; tenants: number; steps: string[] | null }[];
  /** In order, each once. */
  steps: PlannedStep[];
}

export async function planRun(
  installation: Installation,
  goal: Goal,
  selection: Selection,
): Promise<MigrationPlan> {
  const lane = new Lane(adminOf(installation).url, 'migration plan');
  const routes = new Routes(lane, installation.roles, goal);
  const control = new Control(lane, new Pause(0, () => undefined), new AbortController().signal);
  try {
    const all = await new TenantRegistry(control, NO_RUN).groups(selection);
    await assertFilesUnchanged(await lane.client(), goal.migrations);
    const plan: MigrationPlan = { target: routes.targetVersion, groups: [], steps: [] };
    for (const { version, tenants, checksum } of all.filter((group) => routes.isPending(group))) {
      const history = routes.historyOf(checksum);
      const steps = history === undefined ? null : await routes.steps(history);
      plan.groups.push({ version, tenants, steps: steps && steps.map(({ migration }) => migration.name) });
      for (const { migration, direction } of steps ?? [])
        if (!plan.steps.some(({ name }) => name === migration.name))
          plan.steps.push({
            name: migration.name,
            kind: migration.kind,
            direction,
            sql: migration.statements[direction],
          });
    }
    plan.steps.sort((a, b) => (a.name < b.name ? -1 : 1));
    return plan;
  } finally {
    await lane.reset();
  }
}
