import { OperatorError } from '../../common/report';
import type { Migration } from '../../database/schema-migrations';
import type { TenantMigrations } from '../../tenancy/tenant-migrations';

/** What a run is to bring tenants to. */
export interface Goal {
  /** All migrations that the program knows, oldest first. */
  migrations: readonly Migration[];
  /** Those that tenants are to have. */
  target: readonly Migration[];
  /** To be taken back instead, from tenants that have the target and this. */
  undone?: Migration;
}

/**
 * The goal of a run: the newest version, or an earlier one, or all but the newest step.
 * @throws OperatorError for a version that no migration has; for a step that cannot be taken back
 */
export function goalOf(
  { list }: TenantMigrations,
  { to, undo = false }: { to?: number; undo?: boolean } = {},
): Goal {
  if (undo) return { migrations: list, target: list.slice(0, -1), undone: undoable(list.at(-1)!) }; // not empty
  const at = to === undefined ? list.length - 1 : list.findIndex(({ version }) => version === to);
  if (at === -1) throw new OperatorError(`No tenant migration has the version ${to}.`);
  return { migrations: list, target: list.slice(0, at + 1) };
}

function undoable(migration: Migration): Migration {
  if (migration.marks.contract === undefined) return migration;
  throw new OperatorError(`${migration.name} took something away, which only a backup brings back.`);
}
