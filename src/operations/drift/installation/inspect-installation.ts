import type { EngineClient } from '../../../database/engine-client';
import type { Env } from '../../../config/env';
import type { Installation } from '../../../database/installation';
import type { TenantMigrations } from '../../../tenancy/tenant-migrations';
import type { Note, Observation } from '../findings';
import type { Tenant } from '../fleet';
import { findForeignKeys } from '../foreign-keys';
import { findUnhardened } from './hardening';
import {
  compareDatabaseRights,
  comparePublicFunctions,
  comparePublicOwners,
  comparePublicRights,
  comparePublicVersion,
  PUBLIC_SCHEMA,
} from './public-side';
import { compareMembers, findFailedMigrations, findOldBackups, findShopsWithoutOwner } from './records';
import {
  compareAttributes,
  compareMemberships,
  compareSettings,
  findStrayRoles,
  roleCreators,
} from './roles';
import { checkPasswords, checkServer } from './server';

/** Inspects what tenants share and the records about them. Needs `search_path = pg_catalog`. */
export async function inspectInstallation(
  client: EngineClient,
  { roles }: Installation,
  env: Env,
  migrations: TenantMigrations,
  tenants: readonly Tenant[],
): Promise<{ observations: Observation[]; notes: Note[] }> {
  const observations = await compareMembers(client, tenants); // reads tables of tenants: batches of its own
  await client.exec('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const creators = await roleCreators(client, roles);
  const checks = [
    () => findShopsWithoutOwner(client),
    () => findOldBackups(client, env),
    () => findFailedMigrations(client, migrations),
    () => findForeignKeys(client, PUBLIC_SCHEMA),
    () => findStrayRoles(client, [...Object.values(roles), ...creators]),
    () => compareAttributes(client, roles, creators),
    () => compareMemberships(client, roles, creators),
    () => compareSettings(client, roles),
    () => compareDatabaseRights(client, roles),
    () => comparePublicRights(client, roles),
    () => comparePublicOwners(client, roles),
    () => comparePublicFunctions(client, roles),
    () => comparePublicVersion(client),
    () => findUnhardened(client, roles),
    () => checkServer(client, env),
  ];
  for (const check of checks) observations.push(...(await check()));
  const passwords = await checkPasswords(client, roles);
  await client.exec('COMMIT');
  return { observations: [...observations, ...passwords.observations], notes: passwords.notes };
}
