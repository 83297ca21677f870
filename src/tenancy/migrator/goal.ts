import type { Migration } from '../../database/schema-migrations';

/** What a run is to bring tenants to. Made by `TenantMigrations.goal`. */
export interface Goal {
  /** All migrations that the program knows, oldest first. */
  migrations: readonly Migration[];
  /** Those that tenants are to have. */
  target: readonly Migration[];
  /** To be taken back instead, from tenants that have the target and this. */
  undone?: Migration;
}
