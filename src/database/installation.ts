import type { Logger } from '../common/logger';
import type { Env } from '../config/env';
import { bootstrap } from './bootstrap';
import { type DatabaseServer, openServer } from './database-server';
import { PUBLIC_MIGRATIONS } from './migration-folders';
import { publicRightsSql } from './public-rights';
import { type Logins, type Roles, rolesOf } from './roles';
import { loadMigrations, type Migration } from './schema-migrations';
import { migrateSchema } from './schema-migrator';
import { openSecrets, type Secrets } from './secrets';
import { withClient } from './with-client';

/** One database made ready: roles exist, logins have passwords, `public` is at the newest version. */
export interface Installation {
  server: DatabaseServer;
  roles: Roles;
  logins: Logins;
  secrets: Secrets;
  /** Public migrations that were applied just now. */
  applied: Migration[];
}

/**
 * Opens the server, bootstraps roles and migrates `public`. Idempotent; several instances may do it at once.
 * The caller closes `server`.
 */
export async function openInstallation(env: Env, logger: Logger): Promise<Installation> {
  const secrets = openSecrets(env);
  const server = await openServer(env, logger);
  try {
    const logins = await bootstrap(server.adminUrl, secrets);
    const roles = rolesOf(decodeURIComponent(new URL(server.adminUrl).pathname.slice(1)));
    const applied = await migratePublic(logins.admin, roles);
    return { server, roles, logins, secrets, applied };
  } catch (error) {
    await server.close();
    throw error;
  }
}

async function migratePublic(adminUrl: string, roles: Roles): Promise<Migration[]> {
  const target = { schema: 'public', owner: roles.owner, settle: publicRightsSql(roles) };
  const migrations = await loadMigrations(PUBLIC_MIGRATIONS);
  return withClient(adminUrl, 'migrate public', (client) => migrateSchema(client, target, migrations));
}
