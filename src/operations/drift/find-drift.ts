import { groupBy } from '../../common/group-by';
import type { OpeningClient } from '../../database/borrowed-client';
import { quoteLiteral } from '../../database/identifiers';
import type { Roles } from '../../database/roles';
import { SHOP, structureSql } from './catalogue';
import { findConstructs } from './constructs';
import type { Observation } from './findings';
import { findForeignKeys } from './foreign-keys';
import type { Thing } from './reference';
import { findRightDifferences } from './rights';
import { findDifferences } from './structure';
import type { Drift } from './drift';
import type { Tenant } from './tenants';
import { lostRow, type VersionSet } from './version-sets';

/**
 * Compares tenants with the references of their versions, by the parts of doctor. All are compared at once:
 * the catalogue has no index on the schema alone, so each look at it reads it as a whole.
 * @returns tenants that differ, by schema
 */
export async function compare(
  client: OpeningClient,
  roles: Roles,
  sets: readonly VersionSet[],
): Promise<Map<string, Drift>> {
  const members = sets.flatMap((set, number) => set.tenants.map((tenant) => ({ set, number, tenant })));
  const bySchema = new Map(members.map((member) => [member.tenant.schema, member]));
  const references = sets.map(({ reference }) => reference);
  const schemas = schemasSql(members.map(({ tenant, number }) => ({ schema: tenant.schema, set: number })));
  const drifts = new Map<string, Drift>();
  const driftOf = (schema: string) => {
    const { tenant, set } = bySchema.get(schema)!; // only these were asked for
    const drift = drifts.get(schema) ?? emptyDrift(tenant, set);
    drifts.set(schema, drift);
    return drift;
  };
  for (const row of await findDifferences(client, references, schemas))
    driftOf(row.schema).structure.push(row);
  for (const row of await findRightDifferences(client, roles, references, schemas))
    driftOf(row.schema).rights.push(row);
  for (const row of await findConstructs(client, roles, schemas))
    if (!isMigrated(row, bySchema.get(row.schema!)!.set)) driftOf(row.schema!).constructs.push(row);
  for (const row of await findForeignKeys(client))
    if (row.check === 'foreign-key-cross-schema' && row.schema !== null && bySchema.has(row.schema))
      driftOf(row.schema).others.push(row);
  for (const drift of drifts.values()) doubtHistory(drift);
  return drifts;
}

/** What was found where the structure differs, in parts. */
export async function readParts(client: OpeningClient, drifts: Iterable<Drift>): Promise<void> {
  const differing = [...drifts].filter(({ structure }) => structure.length > 0);
  if (differing.length === 0) return;
  const schemas = schemasSql(differing.map(({ tenant }) => ({ schema: tenant.schema, set: 0 })));
  const wanted = differing.flatMap(({ structure }) =>
    structure.map(({ schema, kind, object }) => `${schema} ${kind} ${object}`),
  );
  // PostgreSQL hashes the array. A join would be planned for the hundred rows that it thinks JSON has.
  const { rows } = await client.query<Thing & { schema: string }>(
    `WITH schemas AS MATERIALIZED (SELECT * FROM ${schemas} s)
     SELECT * FROM (${structureSql('schemas', 'parts')}) p
     WHERE schema || ' ' || kind || ' ' || object = ANY ($1::text[])`,
    [wanted],
  );
  const bySchema = groupBy(rows, ({ schema }) => schema);
  for (const drift of differing) drift.found = bySchema.get(drift.tenant.schema) ?? [];
}

/** A table (oid, schema, set) in SQL. */
function schemasSql(rows: { schema: string; set: number }[]): string {
  return `(SELECT n.oid, t.schema, t.set FROM json_to_recordset(${quoteLiteral(JSON.stringify(rows))}) AS t(schema text, set int)
    JOIN pg_namespace n ON n.nspname = t.schema)`;
}

export function emptyDrift(tenant: Tenant, set: VersionSet | null): Drift {
  return { tenant, set, structure: [], found: [], rights: [], constructs: [], others: [] };
}

/** Whether a migration makes it, so that all tenants of the version have it. */
function isMigrated({ schema, check, object, detail }: Observation, { reference }: VersionSet): boolean {
  const told = detail.replaceAll(schema ?? '', SHOP);
  return reference.constructs.some(
    (made) => made.check === check && made.object === object && made.detail === told,
  );
}

/**
 * A tenant without a row of an older migration may rightly lack it: it was merged late and comes next. But when
 * its tables differ too, a row may have been lost, and a repair would drop what that migration made.
 */
function doubtHistory(drift: Drift): void {
  const gaps = drift.set?.gaps ?? [];
  if (gaps.length === 0 || drift.structure.length === 0) return;
  drift.structure = [];
  drift.others.push(
    lostRow(
      drift.tenant,
      `there is no row ${gaps.join(', ')}, and the tables are not those of a shop without it`,
    ),
  );
}
