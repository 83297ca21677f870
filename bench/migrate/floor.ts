import { Client } from 'pg';
import { adminOf, type Installation } from '../../src/database/installation';
import { writeDownSql } from '../../src/database/schema-migrations';
import { actAsOwner } from '../../src/tenancy/provision-sql';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import { NO_FAILURES } from '../../src/tenancy/tenant-registry';
import { targetOf } from '../../src/operations/migrator/run-options';
import { StepPlanner } from '../../src/operations/migrator/step-planner';
import { closeSql, openSql } from '../../src/operations/migrator/take-step';
import { ReconnectingClient } from '../../src/operations/reconnecting-client';
import type { TenantMigrations } from '../../src/tenancy/tenant-migrations';

/**
 * The minimum that applies one migration to a fleet: a script with bare `pg` clients that sends one message with one
 * transaction per shop. It takes no lock, checks nothing, writes no audit log and handles no failure.
 */
export async function bareRun(
  installation: Installation,
  migrations: TenantMigrations,
  connections: number,
  messageOf = (id: string) => tenantSql(installation, migrations, id),
): Promise<void> {
  const { url } = adminOf(installation);
  const clients = Array.from({ length: connections }, () => new Client({ connectionString: url }));
  await Promise.all(clients.map((client) => client.connect()));
  try {
    const [first] = clients;
    const { rows } = await first!.query<{ id: string }>( // at least one connection
      'SELECT shop_id AS id FROM tenants WHERE version < $1 ORDER BY shop_id',
      [migrations.latest],
    );
    const left = rows.values();
    await Promise.all(
      clients.map(async (client) => {
        for (const { id } of left) await client.query(messageOf(id));
      }),
    );
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

/** The messages of the migrator for the same script: with all its checks, but one at a time. */
export async function sameMessages(
  { admin, roles }: Installation,
  migrations: TenantMigrations,
): Promise<(id: string) => string> {
  const client = new ReconnectingClient(admin!.url, 'bench reference'); // the embedded server has an admin
  const { list } = migrations;
  const [step] = await new StepPlanner(client, roles, targetOf(migrations)).stepsFrom(list.slice(0, -1));
  await client.reset();
  return (shopId) => {
    const placement = new TenantLocator().locate(shopId);
    const run = { runId: shopId, scope: NO_FAILURES, limits: { lock: 200, statement: 60_000 } };
    const context = { shopId, placement, roles, ...run };
    return `${openSql(step!, context)}${step!.migration.up}${closeSql(step!, context)}`; // one migration is pending
  };
}

function tenantSql({ roles }: Installation, migrations: TenantMigrations, id: string): string {
  const migration = migrations.list.at(-1)!; // never empty
  const { schema } = new TenantLocator().locate(id);
  return `BEGIN; ${actAsOwner(schema, roles.owner)}
    ${migration.up}${writeDownSql(migration)}
    RESET ROLE;
    UPDATE public.tenants SET version = ${migration.version}, checksum = '${migrations.checksum}',
      finished_at = now() WHERE shop_id = '${id}';
    COMMIT`;
}
