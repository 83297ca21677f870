import type { OpeningClient } from '../../database/borrowed-client';
import { adminOf, type Installation } from '../../database/installation';
import { withClient } from '../../database/with-client';
import { CHECKS } from './checks';
import type { Finding, Observation } from './findings';
import { rightObservationOf } from './rights';
import { observationOf } from './structure';
import { assertFilesUnchanged } from '../edited-files';
import { TenantMigrations } from '../../tenancy/tenant-migrations';
import { compare, emptyDrift, readParts } from './find-drift';
import type { Drift } from './drift';
import { listTenants, readVersions, type Tenant } from './tenants';
import { type Parted, VersionSets } from './version-sets';

export interface Verification {
  tenants: number;
  /** How many are at which version, the newest of their rows; oldest first. */
  versions: { version: number; tenants: number }[];
  /** Sorted by shop, check and object. */
  findings: Finding[];
}

/** The same with what a repair is made from, in the order of `findings`. */
export interface Verified extends Verification {
  drifts: Drift[];
}

export interface VerifyOptions {
  /** Slugs and ids of the only tenants wanted. */
  only?: readonly string[];
  migrations?: TenantMigrations;
}

/** How often tenants that differ are looked at again because somebody migrated them meanwhile. */
const ATTEMPTS = 5;

/**
 * Compares every tenant with a fresh one of its own version, so that a fleet that is half migrated differs by
 * nothing. Changes nothing, and may run beside a migration: a tenant whose version is another after the
 * comparison than before is compared again. The number of queries grows with versions and, for the rows that
 * hold them, by one for each 200 tenants.
 * @throws OperatorError for an unknown tenant, or when the program never ran on this database
 */
export async function verify(installation: Installation, options: VerifyOptions = {}): Promise<Verified> {
  const migrations = options.migrations ?? (await TenantMigrations.load());
  const sets = new VersionSets(installation, migrations);
  return withClient(adminOf(installation).bootstrapUrl, 'verify', async (client) => {
    await client.open('SET search_path = pg_catalog; SET jit = off'); // many small plans, and names with schemas
    await assertFilesUnchanged(client, migrations.list);
    const tenants = await listTenants(client, options.only);
    let versions = await readVersions(client, tenants);
    const drifts = new Map<string, Drift>();
    let unsure = tenants;
    for (let attempt = 1; unsure.length > 0; attempt++) {
      const parted = await sets.part(unsure, versions);
      const found = await look(client, installation, unsure, parted);
      for (const { schema } of unsure) drifts.delete(schema);
      for (const [schema, drift] of found) drifts.set(schema, drift);
      const before = versions;
      const differing = [...found.values()].map(({ tenant }) => tenant);
      versions = new Map([...before, ...(await readVersions(client, differing))]);
      const isMoved = ({ schema }: Tenant) => String(before.get(schema)) !== String(versions.get(schema));
      unsure = attempt < ATTEMPTS ? differing.filter(isMoved) : [];
    }
    return summarize(tenants, versions, drifts);
  });
}

async function look(
  client: OpeningClient,
  { roles }: Installation,
  tenants: readonly Tenant[],
  { sets, observations }: Parted,
): Promise<Map<string, Drift>> {
  const bySchema = new Map(tenants.map((tenant) => [tenant.schema, tenant]));
  await client.open('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const drifts = await compare(client, roles, sets);
  await readParts(client, drifts.values());
  await client.open('COMMIT');
  for (const observation of [...observations, ...tenants.flatMap(halfOf)]) {
    const schema = observation.schema!; // all concern a tenant
    const drift = drifts.get(schema) ?? emptyDrift(bySchema.get(schema)!, null); // of one of these tenants
    drift.others.push(observation);
    drifts.set(schema, drift);
  }
  return drifts;
}

/** What a tenant consists of and has not. */
function halfOf({ schema, hasSchema, hasRole }: Tenant): Observation[] {
  if (!hasSchema)
    return [
      {
        check: 'shop-without-schema',
        schema,
        object: schema,
        detail: 'the shop is there and its schema is not',
      },
    ];
  if (hasRole) return [];
  return [
    {
      check: 'schema-without-role',
      schema,
      object: schema,
      detail: 'the schema is there and the role of its name is not',
    },
  ];
}

function summarize(
  tenants: readonly Tenant[],
  versions: ReadonlyMap<string, number[]>,
  bySchema: ReadonlyMap<string, Drift>,
): Verified {
  const counts = new Map<number, number>();
  for (const inside of versions.values()) {
    const newest = inside.at(-1) ?? 0;
    counts.set(newest, (counts.get(newest) ?? 0) + 1);
  }
  const drifts = [...bySchema.values()].sort((a, b) => (a.tenant.shop < b.tenant.shop ? -1 : 1));
  return {
    tenants: tenants.length,
    versions: [...counts].sort(([a], [b]) => a - b).map(([version, count]) => ({ version, tenants: count })),
    findings: drifts.flatMap(findingsOf),
    drifts,
  };
}

function findingsOf({ tenant, structure, rights, constructs, others }: Drift): Finding[] {
  const observations: Observation[] = [
    ...structure.map(observationOf),
    ...rights.map(rightObservationOf),
    ...constructs,
    ...others,
  ];
  const key = ({ check, object, detail }: Finding) => `${check} ${object} ${detail}`;
  return observations
    .map(({ check, object, detail }) => ({
      check,
      severity: CHECKS[check].severity,
      shop: tenant.shop,
      object,
      detail,
      remedy: CHECKS[check].remedy,
    }))
    .sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
