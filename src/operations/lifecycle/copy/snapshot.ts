import type { ClientBase } from 'pg';
import { OperatorError } from '../../../common/report';
import type { EngineClient } from '../../../database/engine-client';
import { quoteIdent, quoteLiteral } from '../../../database/identifiers';
import { adminOf, type Installation } from '../../../database/installation';
import { loginUrl } from '../../../database/logins';
import { VERSION_TABLE } from '../../../database/schema-migrations';
import { withClient } from '../../../database/with-client';
import type { Placement } from '../../../tenancy/tenant';
import { shopNotFound } from '../../../tenancy/named-shops';
import { TenantLocator } from '../../../tenancy/tenant-locator';
import { assertShop } from '../shops-named';
import { BLOCK_BYTES, copyOut, SPELLING } from './copy-text';
import {
  type TableData,
  type TableShape,
  type TenantData,
  type TenantHeader,
  wholeRows,
} from './tenant-data';
import { listTables } from './tenant-tables';

/** Attempts to lock the tables before a migration changes which there are. */
const ATTEMPTS = 5;
/** A migration waits for the reader, so the reader waits for a migration only this long. Milliseconds. */
const LOCK_MS = 5000;

/**
 * Reads a shop's data as of one moment. The rows are read by the tenant login as the shop's own role, so PostgreSQL
 * itself refuses to copy a row of another shop; the admin login reads the catalogue and `public` in the same snapshot.
 *
 * The tables are locked (ACCESS SHARE, which only a migration notices) before the snapshot is taken: otherwise a
 * migration that commits in between would show its columns without its rows (PostgreSQL manual, 13.6).
 *
 * The tables may be read again, one pass after the other: each pass gives the same rows.
 * @param shopId of an existing shop, or of the shop whose data a held tenant has
 * @param tenantId tenant to read; the shop's own by default
 * @throws ShopNotFound; OperatorError while a migration changes the tables; the server's error, for example 55P03 when a migration has the locks
 */
export function withSnapshot<T>(
  installation: Installation,
  shopId: string,
  work: (data: TenantData) => Promise<T>,
  tenantId: string = shopId,
): Promise<T> {
  const { bootstrapUrl, url } = adminOf(installation);
  const tenantUrl = loginUrl(bootstrapUrl, installation.roles, 'tenant', installation.secrets);
  return withClient(url, 'copy catalogue', (admin) =>
    withClient(tenantUrl, 'copy out', async (reader) => {
      await assertShop(admin, shopId); // before its role is asked for, which is gone too
      const placement = new TenantLocator().locate(tenantId);
      const tables = await openSnapshot(admin, reader, placement);
      const header = await readHeader(admin, shopId, placement, tables);
      const result = await work({ header, tables: { [Symbol.asyncIterator]: () => read(reader, tables) } });
      await reader.exec('COMMIT');
      await admin.exec('COMMIT');
      return result;
    }),
  );
}

async function openSnapshot(
  admin: EngineClient,
  reader: EngineClient,
  placement: Placement,
): Promise<TableShape[]> {
  for (let attempt = 1; ; attempt++) {
    const expected = await listTables(admin, placement.schema);
    await reader.exec(openSql(placement, expected));
    await admin.exec(
      'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0',
    );
    const { rows } = await admin.query<{ snapshot: string }>('SELECT pg_export_snapshot() AS snapshot');
    await reader.exec(`SET TRANSACTION SNAPSHOT ${quoteLiteral(rows[0]!.snapshot)}`); // one row
    const tables = await listTables(admin, placement.schema); // locked, so final
    if (JSON.stringify(tables) === JSON.stringify(expected)) return tables;
    if (attempt === ATTEMPTS)
      throw new OperatorError('The tables of the shop keep changing: a migration is in progress.');
    await reader.exec('ROLLBACK');
    await admin.exec('ROLLBACK');
  }
}

/** The transaction takes as long as the copy does: its statements have no time limit. */
function openSql({ schema, role }: Placement, tables: readonly TableShape[]): string {
  const names = [...tables.map(({ name }) => name), VERSION_TABLE].map(quoteIdent).join(', ');
  return `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL ROLE ${quoteIdent(role)};
    SET LOCAL search_path TO ${quoteIdent(schema)}, pg_temp; SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = ${LOCK_MS}; ${SPELLING};
    LOCK TABLE ${names} IN ACCESS SHARE MODE`;
}

async function readHeader(
  admin: ClientBase,
  shopId: string,
  { schema }: Placement,
  tables: TableShape[],
): Promise<TenantHeader> {
  const shops = await admin.query<TenantHeader['shop'] & { snapshotAt: Date; since: Date }>(
    `SELECT id, slug, name, currency, status, settings, plan, limits, features, created_at AS since, now() AS "snapshotAt" FROM public.shops WHERE id = $1`,
    [shopId],
  );
  const shop = shops.rows[0];
  if (shop === undefined) throw shopNotFound(shopId);
  const members = await admin.query<TenantHeader['members'][number]>(
    `SELECT u.id, u.email, u.name, m.role FROM public.memberships m JOIN public.users u ON u.id = m.user_id
     WHERE m.shop_id = $1 ORDER BY m.created_at, u.id`,
    [shopId],
  );
  const history = await admin.query<TenantHeader['history'][number]>(
    `SELECT version, name, checksum FROM ${quoteIdent(schema)}.${quoteIdent(VERSION_TABLE)} ORDER BY version`,
  );
  const sizes = await admin.query<{ bytes: number }>(
    `SELECT coalesce(sum(pg_table_size(c.oid)), 0)::float8 AS bytes FROM pg_catalog.pg_class c
     WHERE c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1) AND c.relkind = 'r'`,
    [schema],
  );
  const { id, slug, name, currency, status, settings, plan, limits, features, since, snapshotAt } = shop;
  return {
    shop: {
      ...{ id, slug, name, currency, status, createdAt: since.toISOString() },
      ...{ settings, plan, limits, features },
    },
    members: members.rows,
    history: history.rows,
    snapshotAt: snapshotAt.toISOString(),
    estimatedBytes: sizes.rows[0]!.bytes, // an aggregate has one row
    tables,
  };
}

async function* read(reader: ClientBase, tables: readonly TableShape[]): AsyncGenerator<TableData> {
  for (const table of tables) yield { ...table, rows: wholeRows(await copyOut(reader, table), BLOCK_BYTES) };
}
