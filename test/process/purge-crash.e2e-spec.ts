import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ENV, type Env } from '../../src/config/env';
import { examine } from '../../src/operations/drift/doctor';
import { TOOLS, type Tools } from '../../src/operations/lifecycle/operation-kind';
import { reconcile } from '../../src/operations/lifecycle/reconcile/reconcile';
import { ShopStatusService } from '../../src/public/shops/shop-status.service';
import { BY_COMMAND } from '../../src/tenancy/audit-log';
import { installationOf, leftOf, makeTarget, type Target } from '../operations/lifecycle/removed-shop';
import { newOrder, newOwner, newProduct } from '../support/factories';
import { rowsOf, useBackupFolder } from '../support/lifecycle';
import { finish, spawnProgram } from '../support/program';
import { PURGE_KILLS } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { until } from '../support/until';

/** Tables that make a removal last long enough for a kill in the middle. */
const TABLES = 40;
/** Time in which an undisturbed removal of this size ends, roughly. Milliseconds. */
const SPAN_MS = 2000;

const folder = useBackupFolder();
const app = useTestApp({ BACKUP_TARGET: folder.path, WARM_TENANTS: '0' });

function fix(): Promise<object[]> {
  const tools = app.app.get<Tools>(TOOLS);
  return reconcile(tools, { isFix: true, signal: new AbortController().signal });
}

interface Killed {
  /** The operation, as the kill left it. */
  state: string;
  isGone: boolean;
}

/** Runs `shops:delete --now` in a process of its own and kills it at a random moment after the operation has begun. */
async function killRemoval({ id, owner }: Target): Promise<Killed> {
  const { slug } = owner.shop;
  const child = spawnProgram('cli', ['shops:delete', id, '--now', '--confirm', slug], {
    env: { DATABASE_URL: app.database.url, BACKUP_TARGET: folder.path },
  });
  const ended = finish(child);
  const operation = () =>
    app.database.query<Killed>(
      `SELECT state, checkpoint ? 'gone' AS "isGone" FROM operations WHERE shop_id = $1 AND state <> 'queued'`,
      [id],
    );
  await until(operation, ({ length }) => length > 0);
  await sleep(Math.random() * SPAN_MS); // a random moment
  child.kill('SIGKILL');
  await ended;
  await until(
    () =>
      app.database.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database()
           AND application_name IN ('stoa purge', 'stoa remove tenant', 'stoa operation', 'stoa copy out', 'stoa copy catalogue')`,
      ),
    ({ length }) => length === 0,
  );
  const [left] = await operation();
  return left!; // seen above
}

it(`a removal that is killed ${PURGE_KILLS} times is finished by shops:reconcile, and no other shop notices`, async () => {
  const other = await newOwner(app.api);
  await newOrder(other.api, (await newProduct(other.api)).id);
  const rows = await rowsOf(app, other.shop.id);
  const seen: Killed[] = [];
  for (let kills = 0; kills < PURGE_KILLS;) {
    const target = await makeTarget(app, TABLES);
    await newProduct(target.owner.api);
    await app.app.get(ShopStatusService).remove(target.id, BY_COMMAND);
    await app.database.query(`UPDATE shops SET deleted_at = now() - interval '1 day' WHERE id = $1`, [
      target.id,
    ]);
    const killed = await killRemoval(target);
    if (killed.state === 'done') continue; // too late
    kills++;
    seen.push(killed);
    expect(killed.state).toBe('running');
    await app.database.query(
      `UPDATE operations SET seen_at = seen_at - interval '1 minute' WHERE state = 'running'`,
    ); // its lease is over
    await fix();
    expect(await fix()).toEqual([]);
    expect(await leftOf(app, target)).toEqual([]);
    expect(await app.database.query('SELECT FROM shops WHERE id = $1', [target.id])).toEqual([]);
    const { findings } = await examine(installationOf(app), app.app.get<Env>(ENV));
    expect(findings.filter(({ check }) => !check.startsWith('server-'))).toEqual([]);
    expect(await rowsOf(app, other.shop.id)).toEqual(rows);
  }
  const archives = await app.database.query<{ archive: string }>('SELECT archive FROM removed_shops');
  expect(readdirSync(folder.path).toSorted()).toEqual(
    archives.map(({ archive }) => archive.slice(folder.path.length + 1)).toSorted(),
  );
  expect(seen).toHaveLength(PURGE_KILLS);
  await newOrder(other.api, (await newProduct(other.api)).id);
}, 1_800_000);
