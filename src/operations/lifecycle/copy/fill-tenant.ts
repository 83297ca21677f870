import type { ClientBase } from 'pg';
import type { EngineClient } from '../../../database/engine-client';
import { quoteIdent, quoteLiteral } from '../../../database/identifiers';
import type { Roles } from '../../../database/roles';
import { actAsOwner } from '../../../tenancy/provision-sql';
import type { Placement } from '../../../tenancy/tenant';
import { tenantLockKey } from '../../tenant-lock';
import { copyIn, copyOut, SPELLING } from './copy-text';
import { TableCounter, type TableData, type TableShape, type TableSum, type TenantData } from './tenant-data';
import { listTables } from './tenant-tables';

/** Memory for building indexes; at the default of 64 MB those for search take a third longer. */
const INDEX_MEMORY = '256MB';
/**
 * Statistics from a tenth of the usual sample, so that the first queries have plans that fit. Autovacuum replaces them within
 * minutes: for it, all rows have changed since.
 */
const QUICK_TARGET = 10;

/** Thrown when the rows that were read back are not those that were written. */
export class CopyDiffers extends Error {
  constructor(table: string) {
    super(`the rows of ${table} differ from those that were copied`);
  }
}

/** Thrown when data and schema do not have the same tables and columns. */
export class TablesDiffer extends Error {
  constructor(detail: string) {
    super(`the data do not fit the schema: ${detail}`);
  }
}

/**
 * Replaces everything in a schema that nobody serves by the data, in the client's open transaction. Indexes and foreign
 * keys are dropped before and made again afterwards, which is faster than to maintain them row by row (PostgreSQL manual,
 * 14.4); the shape of the schema is compared with that of before, and each table is read back and compared with what was
 * written.
 * @param client admin login in an open transaction; it is the owner in the schema afterwards
 * @param onBlock called with the bytes of each block
 * @returns counts and checksums by table
 * @throws CopyDiffers, TablesDiffer; the server's error
 */
export async function fillTenant(
  client: EngineClient,
  placement: Placement,
  roles: Roles,
  data: TenantData,
  onBlock: (table: string, bytes: number) => void = () => undefined,
): Promise<Map<string, TableSum>> {
  const { schema } = placement;
  await client.exec(`SET LOCAL lock_timeout = 1000; SELECT pg_advisory_xact_lock(${tenantLockKey(schema)});
    SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;
    SET LOCAL maintenance_work_mem = '${INDEX_MEMORY}'; ${SPELLING}`);
  const existing = await listTables(client, schema);
  assertFits(existing, data.header.tables);
  const shape = await shapeOf(client, schema);
  const parts = await separableParts(client, placement);
  // CASCADE: derived tables, which no list has, refer to others.
  await client.exec(`${actAsOwner(schema, roles.owner)} TRUNCATE ${existing.map(({ name }) => quoteIdent(name)).join(', ')} CASCADE;
    ${parts.drop.join('; ')}`);
  const sums = new Map<string, TableSum>();
  for await (const table of data.tables) sums.set(table.name, await fill(client, table, onBlock));
  await client.exec(parts.create.join('; '));
  await client.exec(
    `SET LOCAL default_statistics_target = ${QUICK_TARGET}; ANALYZE ${existing.map(({ name }) => quoteIdent(name)).join(', ')}`,
  );
  await client.exec(`RESET ROLE; SELECT public.expect_shape(${quoteLiteral(schema)}, ${quoteLiteral(shape)});
    ${actAsOwner(schema, roles.owner)}`);
  return sums;
}

async function fill(
  client: ClientBase,
  table: TableData,
  onBlock: (table: string, bytes: number) => void,
): Promise<TableSum> {
  const written = new TableCounter();
  await copyIn(
    client,
    table,
    report(written.watch(table.rows), (bytes) => onBlock(table.name, bytes)),
  );
  const read = new TableCounter();
  for await (const block of await copyOut(client, table)) read.add(block);
  const sum = written.sum();
  if (read.sum().sha256 !== sum.sha256) throw new CopyDiffers(table.name);
  return sum;
}

async function* report(
  blocks: AsyncIterable<Buffer>,
  onBlock: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  for await (const block of blocks) {
    yield block;
    onBlock(block.length);
  }
}

/** The columns may come in another order. A table or column that only one side has is an error, and never left out. */
function assertFits(existing: readonly TableShape[], wanted: readonly TableShape[]): void {
  const spell = (tables: readonly TableShape[]) =>
    new Map(tables.map(({ name, columns }) => [name, columns.toSorted().join(', ')]));
  const [own, theirs] = [spell(existing), spell(wanted)];
  for (const name of new Set([...own.keys(), ...theirs.keys()]))
    if (own.get(name) !== theirs.get(name))
      throw new TablesDiffer(
        `${name} has the columns ${theirs.get(name) ?? 'none'} in the data, ${own.get(name) ?? 'none'} in the schema`,
      );
}

async function shapeOf(client: ClientBase, schema: string): Promise<string> {
  const { rows } = await client.query<{ shape: string }>('SELECT public.tenant_shape($1) AS shape', [schema]);
  return rows[0]!.shape; // no table, so one row
}

/** Statements that drop indexes and the constraints that have one or are foreign keys, and that make them again. */
async function separableParts(
  client: EngineClient,
  { schema }: Placement,
): Promise<{ drop: string[]; create: string[] }> {
  await client.exec(`SET LOCAL search_path TO ${quoteIdent(schema)}, pg_temp`);
  const { rows } = await client.query<{ drop: string; create: string }>(
    `WITH tables AS (SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name
       FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
       WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relname <> 'schema_migrations')
     SELECT "drop", "create" FROM (
       SELECT CASE k.contype WHEN 'f' THEN 3 ELSE 1 END AS rank, k.conname AS label,
         format('ALTER TABLE %s DROP CONSTRAINT %I', t.name, k.conname) AS "drop",
         format('ALTER TABLE %s ADD CONSTRAINT %I %s', t.name, k.conname, pg_get_constraintdef(k.oid)) AS "create"
       FROM tables t JOIN pg_catalog.pg_constraint k ON k.conrelid = t.oid AND k.contype IN ('p', 'u', 'x', 'f')
       UNION ALL
       SELECT 2, c.relname, format('DROP INDEX %I.%I', $1, c.relname), pg_get_indexdef(i.indexrelid)
       FROM tables t JOIN pg_catalog.pg_index i ON i.indrelid = t.oid JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
       WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
     ) parts ORDER BY rank, label`,
    [schema],
  );
  return { drop: rows.map((row) => row.drop).toReversed(), create: rows.map((row) => row.create) };
}
