import type { Client } from 'pg';
import { OperatorError } from '../common/report';
import { quoteIdent } from '../database/identifiers';
import { editedFiles, type Migration, VERSION_TABLE, type VersionRow } from '../database/schema-migrations';
import { historyChecksum } from '../tenancy/migration-history';
import { TenantLocator } from '../tenancy/tenant-locator';

/** Limit of inspected histories. One edited file makes one for each position at which a tenant may be. */
const HISTORIES = 50;

/**
 * Checks that the migration files are those that were applied: compares them with the rows of one tenant for each
 * history that they cannot produce. With an edited file, every reference would be wrong and healthy shops would differ.
 * @throws OperatorError naming the file
 */
export async function assertFilesUnchanged(client: Client, migrations: readonly Migration[]): Promise<void> {
  const known = Array.from({ length: migrations.length + 1 }, (_, i) =>
    historyChecksum(migrations.slice(0, i)),
  );
  const { rows } = await client.query<{ shopId: string }>(
    `SELECT DISTINCT ON (checksum) shop_id AS "shopId" FROM public.tenants
     WHERE checksum <> '' AND checksum <> ALL ($1::text[]) LIMIT ${HISTORIES}`,
    [known],
  );
  for (const { shopId } of rows) {
    const [edited] = editedFiles(await historyIn(client, shopId), migrations);
    if (edited !== undefined) throw fileEdited(edited);
  }
}

/** @param name of the file, without ending */
export function fileEdited(name: string): OperatorError {
  return new OperatorError(
    `migrations/tenant/${name} was edited after it was applied: restore it, and write a new migration.`,
  );
}

/** Empty if the version table is missing, which other checks report. One of an older program has no checksums. */
async function historyIn(client: Client, shopId: string): Promise<VersionRow[]> {
  const table = `${quoteIdent(new TenantLocator().locate(shopId).schema)}.${VERSION_TABLE}`;
  const { rows } = await client.query<{ exists: boolean }>('SELECT to_regclass($1) IS NOT NULL AS exists', [
    table,
  ]);
  if (!rows[0]!.exists) return []; // one row
  const history = await client.query<VersionRow>(
    `SELECT version, name, coalesce(to_jsonb(v) ->> 'checksum', '') AS checksum FROM ${table} v ORDER BY version`,
  );
  return history.rows;
}
