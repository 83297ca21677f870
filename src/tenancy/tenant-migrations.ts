import { OperatorError } from '../common/report';
import { TENANT_MIGRATIONS } from '../database/migration-folders';
import { loadMigrations, type Migration } from '../database/schema-migrations';
import type { Goal } from './migrator/goal';
import { historyChecksum } from './migrator/history';

/** The tenant migrations this program knows, oldest first, compiled to SQL once. */
export class TenantMigrations {
  /** Checksum of the history of a schema that has them all. */
  readonly checksum: string;

  constructor(readonly list: readonly Migration[]) {
    if (list.length === 0) throw new Error('there is no tenant migration');
    this.checksum = historyChecksum(list);
  }

  static async load(folder: string = TENANT_MIGRATIONS): Promise<TenantMigrations> {
    return new TenantMigrations(await loadMigrations(folder));
  }

  /** Version of a schema that has them all. */
  get latest(): number {
    return this.list.at(-1)!.version; // not empty: see constructor
  }

  /**
   * What a run is to do: bring tenants to the newest version, or to an earlier one, or take the newest step back.
   * @throws OperatorError for a version that no migration has; for a step that cannot be taken back
   */
  goal({ to, undo = false }: { to?: number; undo?: boolean } = {}): Goal {
    const { list } = this;
    if (undo) return { migrations: list, target: list.slice(0, -1), undone: undoable(list.at(-1)!) }; // not empty
    const at = to === undefined ? list.length - 1 : list.findIndex(({ version }) => version === to);
    if (at === -1) throw new OperatorError(`No tenant migration has the version ${to}.`);
    return { migrations: list, target: list.slice(0, at + 1) };
  }
}

function undoable(migration: Migration): Migration {
  if (migration.marks.contract === undefined) return migration;
  throw new OperatorError(`${migration.name} took something away, which only a backup brings back.`);
}

/** Tables of a tenant schema that the engine writes and the tenant's role only reads. */
export const ENGINE_TABLES = ['schema_migrations', 'members'] as const;
