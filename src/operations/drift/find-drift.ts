import { groupBy } from '../../common/group-by';
import type { EngineClient } from '../../database/engine-client';
import type { Installation } from '../../database/installation';
import type { Roles } from '../../database/roles';
import type { TenantMigrations } from '../../tenancy/tenant-migrations';
import { assertFilesUnchanged } from '../edited-files';
import { assertInstalled } from '../installed';
import { SHOP, structureSql } from './catalogue';
import { findConstructs } from './constructs';
import { type Drift, observationsOf } from './drift';
import type { Observation } from './findings';
import { listTenants, schemasSql, type Tenant } from './fleet';
import { findForeignKeys } from './foreign-keys';
import { findAbsences } from './presence';
import { type Element, type Reference, References } from './reference';
import { findRightDifferences } from './rights';
import { findDifferences } from './structure';
import { type History, judge, readHistories, rowMissing } from './versions';

export interface Scope {
  /** Slugs and ids of the only tenants wanted; all if absent. */
  only?: readonly string[];
  /** Also inspects schemas without a shop, and the rights and constructs of tenants that no reference fits. */
  everySchema?: boolean;
}

export interface FleetDrift {
  tenants: Tenant[];
  /** By schema. */
  histories: Map<string, History>;
  /** Tenants with anything to report, by schema. */
  drifts: Map<string, Drift>;
}

/** Limit of comparisons of a tenant that is being migrated. */
const ATTEMPTS = 5;

/**
 * Compares every tenant with a fresh one that has the same migrations. Changes nothing, and may run during a
 * migration: a tenant whose version differs before and after the comparison is compared again. PostgreSQL compares
 * and returns differences only. The number of queries grows with the number of versions and, for rows inside
 * schemas, with each 200 tenants.
 *
 * Sets `search_path` and `jit` of the connection.
 * @throws OperatorError for an unknown tenant, an edited migration file, or a database that the program never ran on;
 *   the error of the server if the URL's role may not read something
 */
export async function findDrift(
  client: EngineClient,
  installation: Installation,
  migrations: TenantMigrations,
  { only, everySchema = false }: Scope,
): Promise<FleetDrift> {
  await client.exec('SET search_path = pg_catalog; SET jit = off'); // many small plans; names with their schema
  await assertInstalled(client);
  await assertFilesUnchanged(client, migrations.list);
  const tenants = (await listTenants(client, only)).filter(({ isWanted }) => isWanted || everySchema);
  const references = new References(installation);
  if (everySchema) await assertProvisions(references, migrations);
  const drifts = new Map<string, Drift>();
  const histories = await readHistories(client, tenants);
  let unsure = tenants;
  for (let attempt = 1; unsure.length > 0; attempt++) {
    const inspected = await expectations(unsure, histories, migrations, references);
    if (everySchema) await expectRights(inspected, histories, migrations, references);
    await compare(client, installation.roles, inspected, everySchema);
    for (const drift of inspected)
      if (isEmpty(drift)) drifts.delete(drift.tenant.schema);
      else drifts.set(drift.tenant.schema, drift);
    const differing = unsure.filter(({ schema }) => drifts.has(schema));
    const now = await readHistories(client, differing);
    const isMoved = ({ schema }: Tenant) =>
      String(histories.get(schema)?.versions) !== String(now.get(schema)?.versions);
    unsure = attempt < ATTEMPTS ? differing.filter(isMoved) : [];
    for (const [schema, history] of now) histories.set(schema, history);
  }
  return { tenants, histories, drifts };
}

/** Provisioning must work even where no tenant has the newest version, or where there is no tenant at all. */
async function assertProvisions(references: References, { list }: TenantMigrations): Promise<void> {
  const newest = await references.of(list);
  if (newest instanceof Error) throw newest;
}

/** A drift for each tenant that holds its reference, and what is known without a comparison. */
async function expectations(
  tenants: readonly Tenant[],
  histories: ReadonlyMap<string, History>,
  migrations: TenantMigrations,
  references: References,
): Promise<Drift[]> {
  const drifts: Drift[] = [];
  for (const tenant of tenants) {
    const { schema, isWanted, hasSchema } = tenant;
    const drift = emptyDrift(tenant);
    drifts.push(drift);
    if (!isWanted || !hasSchema) continue;
    const standing = judge(histories.get(schema)!, migrations); // read for all of them
    drift.gaps = standing.gaps;
    drift.faults.push(...standing.faults);
    drift.rollout.push(...standing.rollout);
    if (standing.migrations === null) continue;
    const reference = await references.of(standing.migrations);
    if (reference instanceof Error) drift.faults.push(rowMissing(schema, reference.message));
    else drift.reference = reference;
  }
  return drifts;
}

/**
 * Where the history is unclear, the rights of the tenant's own role are compared with those of a fresh tenant that has the
 * known migrations among its rows: a newer program grants the same on the tables that both know.
 */
async function expectRights(
  drifts: readonly Drift[],
  histories: ReadonlyMap<string, History>,
  { list }: TenantMigrations,
  references: References,
): Promise<void> {
  for (const drift of drifts) {
    const { tenant, reference } = drift;
    if (reference !== null || !tenant.isWanted || !tenant.hasSchema) continue;
    const versions = histories.get(tenant.schema)?.versions ?? [];
    const known = list.filter(({ version }) => versions.includes(version));
    const ofKnown = known.length > 0 ? await references.of(known) : null;
    const nearest = ofKnown instanceof Error ? null : (ofKnown ?? (await references.of(list)));
    drift.rightsReference = nearest instanceof Error ? null : nearest;
  }
}

function emptyDrift(tenant: Tenant): Drift {
  const differences = { structure: [], found: [], rights: [], constructs: [] };
  return {
    tenant,
    reference: null,
    rightsReference: null,
    gaps: [],
    ...differences,
    ...findAbsences(tenant),
  };
}

const isEmpty = (drift: Drift) => drift.rollout.length + observationsOf(drift).length === 0;

/**
 * Adds the differences to the drifts, as of one moment. All schemas are compared at once: the catalogue has no index
 * on the schema alone, so each query reads it as a whole.
 */
async function compare(
  client: EngineClient,
  roles: Roles,
  all: readonly Drift[],
  everySchema: boolean,
): Promise<void> {
  const drifts = all.filter(({ tenant, reference }) => tenant.hasSchema && (everySchema || reference));
  const bySchema = new Map(drifts.map((drift) => [drift.tenant.schema, drift]));
  const driftOf = ({ schema }: { schema: string | null }) => bySchema.get(schema!)!; // only these are inspected
  const { references, schemas } = pairs(drifts, ({ reference }) => reference);
  const rights = pairs(drifts, ({ reference, rightsReference }) => reference ?? rightsReference);
  await client.exec('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  for (const row of await findDifferences(client, references, schemas)) driftOf(row).structure.push(row);
  for (const row of await findRightDifferences(client, roles, rights.references, rights.schemas))
    driftOf(row).rights.push(row);
  for (const row of await findConstructs(client, roles, schemas)) {
    const drift = driftOf(row);
    (isMigrated(row, drift.reference) ? drift.rollout : drift.constructs).push(row);
  }
  for (const row of await findForeignKeys(client, schemas))
    driftOf(row)[row.check === 'foreign-key-unindexed' ? 'rollout' : 'faults'].push(row);
  for (const drift of drifts) doubtHistory(drift);
  await readComponents(client, drifts);
  await client.exec('COMMIT');
}

/** The references, and the schemas with the number of theirs as SQL. */
function pairs(drifts: readonly Drift[], referenceOf: (drift: Drift) => Reference | null) {
  const references = [...new Set(drifts.flatMap((drift) => referenceOf(drift) ?? []))];
  const numbered = drifts.map((drift) => {
    const reference = referenceOf(drift);
    return { schema: drift.tenant.schema, set: reference === null ? null : references.indexOf(reference) };
  });
  return { references, schemas: schemasSql(numbered) };
}

/** True when a migration creates the object, so that all tenants of the version have it. */
function isMigrated({ schema, check, object, detail }: Observation, reference: Reference | null): boolean {
  const neutral = detail.replaceAll(schema ?? '', SHOP);
  return (
    reference?.constructs.some(
      (made) => made.check === check && made.object === object && made.detail === neutral,
    ) === true
  );
}

/**
 * A tenant may rightly lack an older migration that was merged late and comes next. But if its tables differ too, its
 * version row may have been lost, and a repair would drop what that migration created.
 */
function doubtHistory(drift: Drift): void {
  if (drift.gaps.length === 0 || drift.structure.length === 0) return;
  drift.structure = [];
  drift.faults.push(
    rowMissing(
      drift.tenant.schema,
      `there is no row ${drift.gaps.join(', ')}, and the tables are not those of a shop without it`,
    ),
  );
}

/** Reads the components of what was found where the structure differs. */
async function readComponents(client: EngineClient, drifts: readonly Drift[]): Promise<void> {
  const differing = drifts.filter(({ structure }) => structure.length > 0);
  if (differing.length === 0) return;
  const schemas = schemasSql(differing.map(({ tenant: { schema } }) => ({ schema, set: null })));
  const wanted = differing.flatMap(({ structure }) =>
    structure.map(({ schema, kind, object }) => `${schema} ${kind} ${object}`),
  );
  // PostgreSQL hashes the array; a join with JSON would be planned for a hundred rows.
  const { rows } = await client.query<Element & { schema: string }>(
    `WITH schemas AS MATERIALIZED (SELECT * FROM ${schemas} s)
     SELECT * FROM (${structureSql('schemas', 'components')}) p
     WHERE schema || ' ' || kind || ' ' || object = ANY ($1::text[])`,
    [wanted],
  );
  const bySchema = groupBy(rows, ({ schema }) => schema);
  for (const drift of differing) drift.found = bySchema.get(drift.tenant.schema) ?? [];
}
