import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newId } from '../src/common/ids';
import { createLogger } from '../src/common/logger';
import { reportOf } from '../src/common/report';
import { readEnv } from '../src/config/env';
import { adminOf, type Installation, openInstallation } from '../src/database/installation';
import { withClient } from '../src/database/with-client';
import { examine } from '../src/tenancy/doctor/doctor';
import { provisionSql } from '../src/tenancy/provision-sql';
import { TenantLocator } from '../src/tenancy/tenant-locator';
import { TenantMigrations } from '../src/tenancy/tenant-migrations';

/**
 * Makes tenants on an embedded server of its own and takes the time that doctor needs for them:
 * `npm run bench:doctor -- 1000`.
 */
const TENANTS = Number(process.argv[2] ?? 1000);
const RUNS = 3;

async function main(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'stoa-bench-'));
  chmodSync(folder, 0o755); // the account of the server may be another
  const env = readEnv({ DATA_DIR: folder, LOG_LEVEL: 'warn' });
  const installation = await openInstallation(env, createLogger(env.LOG_LEVEL));
  try {
    const migrations = await TenantMigrations.load();
    const make = await seconds(() => makeTenants(installation, migrations));
    print(`${TENANTS} tenants made in ${make} s`);
    for (let run = 1; run <= RUNS; run++) {
      let found = 0;
      const took = await seconds(async () => {
        const { findings } = await examine(installation, env, migrations);
        found = findings.length;
      });
      const mebibytes = Math.round(process.memoryUsage().rss / 2 ** 20);
      print(`doctor, run ${run}: ${took} s, ${found} finding(s), ${mebibytes} MiB`);
    }
  } finally {
    await installation.server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function makeTenants(installation: Installation, migrations: TenantMigrations): Promise<void> {
  const { roles } = installation;
  await withClient(adminOf(installation).url, 'bench', async (client) => {
    const user = newId();
    await client.query(
      `INSERT INTO users (id, email, name, password_hash) VALUES ($1, 'bench@example.com', 'Bench', '')`,
      [user],
    );
    for (let i = 0; i < TENANTS; i++) {
      const id = newId();
      const placement = new TenantLocator().locate(id);
      await client.open(`BEGIN; ${provisionSql(placement, roles, migrations.list)}
        INSERT INTO public.shops (id, name, slug) VALUES ('${id}', 'Shop ${i}', 'shop-${i}');
        INSERT INTO public.memberships (user_id, shop_id, role) VALUES ('${user}', '${id}', 'owner');
        INSERT INTO ${placement.schema}.members (user_id, name, role) VALUES ('${user}', 'Bench', 'owner');
        INSERT INTO public.tenants (shop_id, version) VALUES ('${id}', ${migrations.latest});
        COMMIT`);
    }
  });
}

async function seconds(work: () => Promise<void>): Promise<string> {
  const started = performance.now();
  await work();
  return ((performance.now() - started) / 1000).toFixed(2);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${reportOf(error)}\n`);
  process.exitCode = 1;
});
