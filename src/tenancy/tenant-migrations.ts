import { TENANT_MIGRATIONS } from '../database/migration-folders';
import { loadMigrations, type Migration } from '../database/schema-migrations';
import { historyChecksum } from './migration-history';

/** Tenant migrations that this program knows, oldest first, compiled to SQL once. */
export class TenantMigrations {
  /** History checksum of a schema that has all of them. */
  readonly checksum: string;

  constructor(readonly list: readonly Migration[]) {
    if (list.length === 0) throw new Error('there is no tenant migration');
    this.checksum = historyChecksum(list);
  }

  static async load(folder: string = TENANT_MIGRATIONS): Promise<TenantMigrations> {
    return new TenantMigrations(await loadMigrations(folder));
  }

  /** Version of a schema that has all of them. */
  get latest(): number {
    return this.list.at(-1)!.version; // not empty: see constructor
  }
}

/** Tables of a tenant schema that the engine writes and the tenant's role may only read. */
export const ENGINE_TABLES = ['schema_migrations', 'members'] as const;
