import type { Client } from 'pg';
import type { Env } from '../../config/env';
import type { OpeningClient } from '../../database/borrowed-client';
import { adminOf, type Installation } from '../../database/installation';
import { withClient } from '../../database/with-client';
import { assertFilesUnchanged } from '../edited-files';
import { TenantMigrations } from '../../tenancy/tenant-migrations';
import { CHECKS } from './checks';
import { findConstructs } from './constructs';
import type { Finding, Note, Observation } from './findings';
import { TENANT_SCHEMAS, TENANTS } from './fleet';
import { findForeignKeys } from './foreign-keys';
import { findUnhardened } from './installation/hardening';
import { compareMembers } from './installation/records';
import { findOrphans } from './installation/orphans';
import {
  compareDatabaseRights,
  comparePublicFunctions,
  comparePublicRights,
} from './installation/public-side';
import { buildReference, type Reference } from './reference';
import { compareRights } from './rights';
import { compareAttributes, compareMemberships, compareSettings, roleCreators } from './installation/roles';
import { checkPasswords, checkServer } from './installation/server';
import { compareStructure } from './structure';
import { comparePublicVersion, compareVersions, findFailedMigrations } from './versions';

export interface Diagnosis {
  /** Tenants that there have to be, and schemas that look like a tenant's. */
  tenants: number;
  schemas: number;
  /** Sorted by check, shop and object. */
  findings: Finding[];
  notes: Note[];
}

/**
 * Looks at a whole installation: every schema, role and right of every tenant, what they share, and the server.
 * Changes nothing. The number of queries does not grow with tenants, but for rows inside of schemas, which are
 * read 200 schemas a query; PostgreSQL compares, and what comes back is differences. A tenant that is made or
 * removed meanwhile may be reported as half there: run it again.
 * @throws OperatorError when the program never ran on this database, or a migration file was edited; the server's own error when the URL's role
 *   may not read something
 */
export async function examine(
  installation: Installation,
  env: Env,
  migrations?: TenantMigrations,
): Promise<Diagnosis> {
  const known = migrations ?? (await TenantMigrations.load());
  const reference = await buildReference(installation, known);
  return withClient(adminOf(installation).bootstrapUrl, 'doctor', async (client) => {
    await client.open('SET search_path = pg_catalog; SET jit = off'); // many small plans, and names with schemas
    await assertFilesUnchanged(client, known.list);
    const { observations, others } = await compareVersions(client, known);
    const rows = [...observations, ...(await compareMembers(client))];
    await client.open('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    rows.push(...(await lookAtCatalogue(client, installation, env, reference, others, known)));
    const passwords = await checkPasswords(client, installation.roles);
    const diagnosis = {
      ...(await count(client)),
      findings: await nameShops(client, [...rows, ...passwords.observations]),
      notes: passwords.notes,
    };
    await client.open('COMMIT');
    return diagnosis;
  });
}

async function lookAtCatalogue(
  client: OpeningClient,
  { roles }: Installation,
  env: Env,
  reference: Reference,
  others: readonly string[],
  known: TenantMigrations,
): Promise<Observation[]> {
  const creators = await roleCreators(client, roles);
  const parts = [
    () => compareStructure(client, reference, others),
    () => compareRights(client, roles, reference),
    () => findConstructs(client, roles),
    () => findForeignKeys(client),
    () => findOrphans(client, [...Object.values(roles), ...creators]),
    () => compareAttributes(client, roles, creators),
    () => compareMemberships(client, roles, creators),
    () => compareSettings(client, roles),
    () => compareDatabaseRights(client, roles),
    () => comparePublicRights(client, roles),
    () => comparePublicFunctions(client, roles),
    () => comparePublicVersion(client),
    () => findFailedMigrations(client, known),
    () => findUnhardened(client, roles),
    () => checkServer(client, env),
  ];
  const observations: Observation[] = [];
  for (const look of parts) observations.push(...(await look()));
  return observations;
}

async function count(client: Client): Promise<{ tenants: number; schemas: number }> {
  const { rows } = await client.query<{ tenants: number; schemas: number }>(
    `SELECT (SELECT count(*) FROM ${TENANTS} t) AS tenants, (SELECT count(*) FROM ${TENANT_SCHEMAS} s) AS schemas`,
  );
  return rows[0]!; // aggregates have one row
}

/** Says whose schema it is, in words that an operator knows. */
async function nameShops(client: Client, observations: Observation[]): Promise<Finding[]> {
  const idOf = (schema: string) => schema.replace(/^shop_(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const ids = [...new Set(observations.flatMap(({ schema }) => (schema === null ? [] : [idOf(schema)])))];
  const { rows } = await client.query<{ id: string; slug: string }>(
    'SELECT id, slug FROM public.shops WHERE id = ANY ($1)',
    [ids],
  );
  const slugs = new Map(rows.map(({ id, slug }) => [id, slug]));
  const key = ({ check, shop, object }: Finding) => `${check} ${shop ?? ''} ${object}`;
  return observations
    .map(({ schema, check, object, detail }) => {
      const shop = schema === null ? null : (slugs.get(idOf(schema)) ?? idOf(schema));
      return { check, severity: CHECKS[check].severity, shop, object, detail, remedy: CHECKS[check].remedy };
    })
    .sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
