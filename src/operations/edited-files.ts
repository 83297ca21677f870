import type { Client } from 'pg';
import { OperatorError } from '../common/report';
import { quoteIdent } from '../database/identifiers';
import { editedFiles, type Migration, VERSION_TABLE, type VersionRow } from '../database/schema-migrations';
import { TenantLocator } from '../tenancy/tenant-locator';
import { historyChecksum } from '../tenancy/migration-history';

/** Histories that are looked into; one edited file makes one of each place in the list. */
const LOOKED_AT = 50;

/**
 * Looks whether the files are those that were applied, by one tenant of each history that they do not make. With
 * an edited file every reference would be wrong, and whoever compares with it would call healthy shops ill.
 * @throws OperatorError naming the file
 */
export async function assertFilesUnchanged(client: Client, migrations: readonly Migration[]): Promise<void> {
  const known = Array.from({ length: migrations.length + 1 }, (_, i) =>
    historyChecksum(migrations.slice(0, i)),
  );
  const { rows } = await client.query<{ shopId: string }>(
    `SELECT DISTINCT ON (checksum) shop_id AS "shopId" FROM public.tenants
     WHERE checksum <> '' AND checksum <> ALL ($1::text[]) LIMIT ${LOOKED_AT}`,
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

/** Empty where there is no such table, or one of an older program: others tell of that. */
async function historyIn(client: Client, shopId: string): Promise<VersionRow[]> {
  const table = `${quoteIdent(new TenantLocator().locate(shopId).schema)}.${VERSION_TABLE}`;
  const { rows } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [
    table,
  ]);
  if (!rows[0]!.there) return []; // one row
  const history = await client.query<VersionRow>(
    `SELECT version, name, coalesce(to_jsonb(v) ->> 'checksum', '') AS checksum FROM ${table} v ORDER BY version`,
  );
  return history.rows;
}
