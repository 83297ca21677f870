import { OperatorError } from '../../common/report';
import { DENIED, sqlState } from '../../common/sqlstate';
import type { EngineClient } from '../../database/engine-client';
import { quoteIdent } from '../../database/identifiers';
import { adminOf, type Installation } from '../../database/installation';
import { loginUrl } from '../../database/logins';
import { withClient } from '../../database/with-client';
import type { Placement } from '../../tenancy/tenant';
import { TenantLocator } from '../../tenancy/tenant-locator';
import { verify } from '../drift/verify';
import { copyOut, SPELLING } from './copy/copy-text';
import { TableCounter } from './copy/tenant-data';
import type { LoadedData } from './load-tenant';
import type { Tools } from './operation-kind';

/** Shops that the scratch tenant's role is made to try to read; the rights in all others are looked up. */
const TRIED_SHOPS = 20;

/** A restored backup is not what it should be. */
export class RehearsalFailed extends OperatorError {}

/**
 * Checks a scratch tenant that was made of a backup: its schema is that of a fresh tenant, its rows are those of the file,
 * none of them names another shop, and its role reads nothing else.
 * @throws RehearsalFailed naming the first difference
 */
export async function inspectScratch(
  { installation, migrations }: Tools,
  tenantId: string,
  { header, tables }: LoadedData,
): Promise<void> {
  const { findings } = await verify(installation, { only: [tenantId], migrations });
  if (findings.length > 0) {
    const texts = findings.map(({ check, object, detail }) => `${check} ${object}: ${detail}`);
    throw new RehearsalFailed(`The restored schema differs from a fresh one: ${texts.join('; ')}`);
  }
  const placement = new TenantLocator().locate(tenantId);
  const others = await otherShops(installation, placement);
  const isMigrated = migrations.list.length > header.history.length;
  const ids = new Set(others.map(({ id }) => id).filter((id) => id !== header.shop.id));
  await asTenant(installation, placement, async (client) => {
    for (const table of header.tables) {
      const counter = new TableCounter();
      for await (const block of await copyOut(client, table)) {
        counter.add(block);
        assertOwn(table.name, block, ids);
      }
      // A migration may change rows; the load has compared them before it.
      if (!isMigrated && counter.sum().sha256 !== tables[table.name]?.sha256)
        throw new RehearsalFailed(`The restored rows of ${table.name} are not those of the file.`);
    }
  });
  for (const { schema } of others.slice(0, TRIED_SHOPS))
    await assertDenied(installation, placement, `${quoteIdent(schema)}.products`);
  for (const table of ['users', 'shops', 'audit_log'])
    await assertDenied(installation, placement, `public.${table}`);
}

/** Other shops in random order. @throws RehearsalFailed if the role has a right in any other schema of a tenant */
async function otherShops(
  installation: Installation,
  { schema, role }: Placement,
): Promise<{ id: string; schema: string }[]> {
  return withClient(adminOf(installation).bootstrapUrl, 'rehearse', async (client) => {
    const { rows: open } = await client.query<{ schema: string }>(
      `SELECT nspname AS schema FROM pg_catalog.pg_namespace WHERE nspname ~ '^shop_[0-9a-f]{32}$' AND nspname <> $1
         AND has_schema_privilege($2, oid, 'USAGE, CREATE') LIMIT 5`,
      [schema, role],
    );
    if (open.length > 0)
      throw new RehearsalFailed(
        `The role of the restored shop has rights in ${open.map((row) => row.schema).join(', ')}.`,
      );
    const { rows } = await client.query<{ id: string; schema: string }>(
      `SELECT s.id, n.nspname AS schema FROM public.shops s
       JOIN pg_catalog.pg_namespace n ON n.nspname = 'shop_' || replace(s.id::text, '-', '') ORDER BY random()`,
    );
    return rows;
  });
}

/** Reads as a request of the shop would: the tenant login as the shop's role. */
function asTenant<T>(
  installation: Installation,
  { schema, role }: Placement,
  work: (client: EngineClient) => Promise<T>,
): Promise<T> {
  const url = loginUrl(
    adminOf(installation).bootstrapUrl,
    installation.roles,
    'tenant',
    installation.secrets,
  );
  return withClient(url, 'rehearse', async (client) => {
    await client.exec(`BEGIN READ ONLY; SET LOCAL ROLE ${quoteIdent(role)};
      SET LOCAL search_path TO ${quoteIdent(schema)}, pg_temp; SET LOCAL statement_timeout = 0; ${SPELLING}`);
    const result = await work(client);
    await client.exec('ROLLBACK');
    return result;
  });
}

async function assertDenied(installation: Installation, placement: Placement, table: string): Promise<void> {
  const error = await asTenant(installation, placement, (client) =>
    client.query(`SELECT 1 FROM ${table} LIMIT 1`),
  ).catch((thrown: unknown) => thrown);
  if (sqlState(error) === DENIED) return;
  if (error instanceof Error) throw error;
  throw new RehearsalFailed(`The role of the restored shop could read ${table}.`);
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

function assertOwn(table: string, block: Buffer, shopIds: ReadonlySet<string>): void {
  const foreign = block
    .toString('latin1')
    .match(UUID)
    ?.find((id) => shopIds.has(id));
  if (foreign !== undefined)
    throw new RehearsalFailed(`A row of ${table} in the backup names another shop, ${foreign}.`);
}
