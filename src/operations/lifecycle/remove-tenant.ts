import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError } from '../../common/report';
import { DEPENDENTS_EXIST, sqlState } from '../../common/sqlstate';
import type { EngineClient } from '../../database/engine-client';
import { quoteIdent } from '../../database/identifiers';
import { adminOf, type Installation } from '../../database/installation';
import type { Placement } from '../../tenancy/tenant';
import { TenantLocator } from '../../tenancy/tenant-locator';
import { faultOf, Interrupted } from '../faults';
import { ReconnectingClient } from '../reconnecting-client';
import { tenantLockKey } from '../tenant-lock';
import { lockHolders } from './lock-holders';
import { readContents, type SchemaContents, type SchemaObject } from './schema-contents';

/** How long an object may stay in use before the removal gives up, milliseconds. */
const PATIENCE_MS = 60_000;
/** Lock timeout of the first attempts, milliseconds. */
const LOCK_MS = 200;
const SHORT_TRIES = 3;
/** Lock timeout of later attempts: an autovacuum gives way only to a lock that waits for longer than deadlock_timeout, 1 s. */
const LONG_LOCK_MS = 1200;
const LONGEST_REST_MS = 2000;
/** SQLSTATE of our own. */
const HAS_SHOP = 'ST004';

export interface RemovalProgress {
  /** Objects that have been dropped, and those known so far. */
  done: number;
  total: number;
  /** Object that was dropped last. */
  object: string;
}

export interface RemovalOptions {
  /** Ends the removal between two objects, by Interrupted. */
  signal?: AbortSignal;
  onProgress?: (progress: RemovalProgress) => void;
  patienceMs?: number;
}

/** Something must be changed by a person before the tenant can be removed. */
export class RemovalRefused extends OperatorError {}

/** Another transaction uses an object of the tenant for longer than the patience. */
export class RemovalBlocked extends OperatorError {}

/**
 * Removes the data of a tenant from the database: whatever its schema holds, the schema, the role with its memberships, the
 * rows of `public.tenants` and of the warm pool. The shop must be gone from `public.shops`.
 *
 * Each object goes in a transaction of its own, with few locks and a short wait for them. The first transaction marks the
 * tenant as `removing`, so that nothing migrates, claims or lists it; the last one removes the mark. A removal that ended
 * early, however it ended, is continued by the next call. Returns at once if nothing is left.
 * @returns number of objects that were dropped
 * @throws RemovalRefused if a shop has the tenant, or something outside needs part of it; RemovalBlocked; Interrupted; the
 *   server's error when it is in trouble
 */
export async function removeTenant(
  installation: Installation,
  shopId: string,
  options: RemovalOptions = {},
): Promise<number> {
  const connection = new ReconnectingClient(adminOf(installation).url, 'remove tenant');
  try {
    return await new Removal(await connection.client(), shopId, options).run();
  } finally {
    await connection.reset();
  }
}

class Removal {
  private readonly placement: Placement;
  private dropped = 0;

  constructor(
    private readonly client: EngineClient,
    private readonly shopId: string,
    private readonly options: RemovalOptions,
  ) {
    this.placement = new TenantLocator().locate(shopId);
  }

  async run(): Promise<number> {
    const { schema, role } = this.placement;
    await this.contents(); // refuses before anything is changed
    await this.step('its row in public.tenants', this.markSql());
    for (let { objects } = await this.contents(); objects.length > 0; { objects } = await this.contents())
      await this.dropAll(objects);
    await this.dropLast(schema, `DROP SCHEMA IF EXISTS ${quoteIdent(schema)}`);
    await this.dropLast(role, `${this.forgetSql()} DROP ROLE IF EXISTS ${quoteIdent(role)}`);
    return this.dropped;
  }

  /**
   * From here on, the tenant is closed. The rows that others take a tenant by are locked in the order of `claim_tenant`: who
   * came first has it, and a shop made of it shows at the check of the next statement.
   */
  private markSql(): string {
    const { shopId } = this;
    return `DELETE FROM public.spare_tenants WHERE shop_id = '${shopId}';
      DELETE FROM public.spare_roles WHERE shop_id = '${shopId}';
      INSERT INTO public.held_tenants (shop_id, reason) SELECT shop_id, 'removing' FROM public.tenants WHERE shop_id = '${shopId}'
      ON CONFLICT (shop_id) DO UPDATE SET reason = 'removing';
      ${this.refuseShopSql()}`;
  }

  private forgetSql(): string {
    return `DELETE FROM public.held_tenants WHERE shop_id = '${this.shopId}';
      DELETE FROM public.tenants WHERE shop_id = '${this.shopId}';`;
  }

  private refuseShopSql(): string {
    return `DO $$ BEGIN IF EXISTS (SELECT FROM public.shops WHERE id = '${this.shopId}') THEN
      RAISE EXCEPTION 'a shop has this tenant' USING ERRCODE = '${HAS_SHOP}'; END IF; END $$;`;
  }

  /** @throws RemovalRefused naming objects outside the schema that depend on objects inside: dropping must not reach them */
  private async contents(): Promise<SchemaContents> {
    const contents = await readContents(this.client, this.placement.schema);
    if (contents.outside.length === 0) return contents;
    throw new RemovalRefused(
      `Outside of ${this.placement.schema}, there is what depends on its objects: ${contents.outside.join(', ')}. Drop that first.`,
    );
  }

  private async dropAll(objects: readonly SchemaObject[]): Promise<void> {
    const total = this.dropped + objects.length;
    for (const object of objects) {
      await this.drop(object);
      this.dropped++;
      this.options.onProgress?.({ done: this.dropped, total, object: object.name });
    }
  }

  private async drop({ kind, name }: SchemaObject): Promise<void> {
    const sql = `DROP ${kind} IF EXISTS ${name}`;
    try {
      await this.step(name, sql);
    } catch (error) {
      if (sqlState(error) !== DEPENDENTS_EXIST) throw error;
      await this.contents(); // the dependents are inside: a circle
      await this.dropLast(name, `${sql} CASCADE`);
    }
  }

  /** @throws RemovalRefused naming what still depends on the object, as PostgreSQL reports it */
  private async dropLast(subject: string, sql: string): Promise<void> {
    try {
      await this.step(subject, sql);
    } catch (error) {
      if (sqlState(error) !== DEPENDENTS_EXIST) throw error;
      const { detail = '' } = error as { detail?: string };
      throw new RemovalRefused(
        `${subject} is still needed: ${detail.replaceAll('\n', ', ')}. Drop or revoke that, then repeat.`,
        { cause: error },
      );
    }
  }

  /** Runs SQL in a transaction of its own, in one message, and again while something is in use. */
  private async step(subject: string, sql: string): Promise<void> {
    const { patienceMs = PATIENCE_MS, signal } = this.options;
    const end = Date.now() + patienceMs;
    for (let tries = 0; ; tries++) {
      if (signal?.aborted) throw new Interrupted();
      try {
        await this.client.exec(`${this.openSql(tries)} ${sql}; COMMIT`);
        return;
      } catch (error) {
        await this.client.exec('ROLLBACK').catch(() => undefined); // the connection is gone, and its transaction with it
        if (sqlState(error) === HAS_SHOP)
          throw new RemovalRefused(`A shop has the tenant ${this.shopId}.`, { cause: error });
        if (faultOf(error) !== 'busy') throw error;
        if (Date.now() >= end) throw await this.blocked(subject, error);
      }
      const ms = Math.min(50 * 2 ** tries, LONGEST_REST_MS) * (0.5 + Math.random());
      await sleep(ms, undefined, { ...(signal && { signal }) }).catch(() => undefined); // aborted: checked above
    }
  }

  /** The lock is the migrator's: it never sees a tenant in the middle of a step. */
  private openSql(tries: number): string {
    return `BEGIN; SET LOCAL lock_timeout = ${tries < SHORT_TRIES ? LOCK_MS : LONG_LOCK_MS};
      SELECT pg_advisory_xact_lock(${tenantLockKey(this.placement.schema)}); ${this.refuseShopSql()}`;
  }

  private async blocked(subject: string, cause: unknown): Promise<RemovalBlocked> {
    const holders = await lockHolders(this.client, this.placement.schema);
    const names = holders.map(({ pid, application, object }) => `${pid} (${application}) uses ${object}`);
    const reason = names.length > 0 ? `process ${names.join(', process ')}` : 'another transaction has it';
    return new RemovalBlocked(`${subject} is in use: ${reason}. End that transaction, then repeat.`, {
      cause,
    });
  }
}
