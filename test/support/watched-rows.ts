import { isDeepStrictEqual } from 'node:util';
import type { EntityMetadata } from 'typeorm';
import { TenantDatabase } from '../../src/tenancy/tenant-database';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import type { OldAndNew } from '../../src/tenant/changes/change.entity';
import { MAX_VALUE } from '../../src/tenant/changes/record-changes';
import { NOT_RECORDED, RECORDED_ELSEWHERE, resourceOf } from '../../src/tenant/changes/resources';
import { groupBy } from '../../src/common/group-by';
import type { TestApp } from './test-app';

type Row = Record<string, unknown>;

/** A statement's change of one row, or a row that it added to `changes`, as a trigger saw it. */
interface Seen {
  tx: string;
  table: string;
  id: string;
  old: Row | null;
  new: Row | null;
}

/** Written by a trigger of the test, in the transaction of the change. */
const SETUP = `
  CREATE SCHEMA IF NOT EXISTS watch;
  CREATE TABLE IF NOT EXISTS watch.seen (n bigserial, schema text, tx xid8, "table" text, id text, old jsonb, new jsonb);
  CREATE OR REPLACE FUNCTION watch.see() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
    DECLARE old_row jsonb; new_row jsonb;
    BEGIN
      IF TG_OP <> 'INSERT' THEN old_row = to_jsonb(OLD); END IF;
      IF TG_OP <> 'DELETE' THEN new_row = to_jsonb(NEW); END IF;
      INSERT INTO watch.seen (schema, tx, "table", id, old, new)
      VALUES (TG_TABLE_SCHEMA, pg_current_xact_id(), TG_TABLE_NAME, coalesce(new_row, old_row) ->> 'id', old_row, new_row);
      RETURN NULL;
    END $$;`;

/**
 * Compares what every transaction in a shop changes of its rows, which triggers see, with what it records in `changes`. A service
 * that forgets to record fails whatever test watches it.
 */
export class WatchedShop {
  private constructor(
    private readonly app: TestApp,
    private readonly schema: string,
    private readonly tables: readonly EntityMetadata[],
  ) {}

  /** Call it before the requests that are watched. */
  static async watch(app: TestApp, shopId: string): Promise<WatchedShop> {
    const { schema } = new TenantLocator().locate(shopId);
    const database = app.app.get(TenantDatabase, { strict: false });
    const metadata = await database.run(shopId, async (manager) => {
      await manager.query('SELECT');
      return manager.connection.entityMetadatas;
    });
    const tables = metadata.filter(({ tableName }) => !(tableName in NOT_RECORDED));
    const names = [...tables.map(({ tableName }) => tableName), 'changes'];
    const triggers = names.map(
      (name) => `CREATE TRIGGER watch AFTER INSERT OR UPDATE OR DELETE ON ${schema}.${name}
        FOR EACH ROW EXECUTE FUNCTION watch.see();`,
    );
    await app.database.query(`SELECT pg_advisory_xact_lock(1); ${SETUP} ${triggers.join('\n')}`);
    return new WatchedShop(app, schema, tables);
  }

  /** Sentences about what was changed and not recorded, or recorded and not changed. */
  async faults(): Promise<string[]> {
    const seen = await this.app.database.query<Seen>(
      `SELECT tx::text, "table", id, old, new FROM watch.seen WHERE schema = $1 ORDER BY n`,
      [this.schema],
    );
    return [...groupBy(seen, ({ tx }) => tx).values()].flatMap((ofOne) => this.faultsOf(ofOne));
  }

  /** @throws Error with the faults, if there are any */
  async assertRecorded(): Promise<void> {
    const faults = await this.faults();
    if (faults.length > 0)
      throw new Error(`changes are not recorded as they were made:\n${faults.join('\n')}`);
  }

  /** Number of transactions that have changed a row. */
  async changes(): Promise<number> {
    const [row] = await this.app.database.query<{ count: number }>(
      `SELECT count(DISTINCT tx)::int FROM watch.seen WHERE schema = $1 AND "table" <> 'changes'`,
      [this.schema],
    );
    return row!.count; // count gives one row
  }

  private faultsOf(seen: readonly Seen[]): string[] {
    const added = seen.filter((one) => one.table === 'changes' && one.old === null).map((one) => one.new!);
    const entries = groupBy(added, (entry) => `${String(entry['resource'])} ${String(entry['row_id'])}`);
    const kinds = (resource: string, id: unknown) =>
      (entries.get(`${resource} ${String(id)}`) ?? []).map(({ kind }) => kind);
    const compared = new Set<string>();
    const rows = [...groupBy(seen, ({ table, id }) => `${table} ${id}`).values()];
    const faults = this.tables.flatMap((metadata) =>
      rows
        .filter(([first]) => first!.table === metadata.tableName)
        .flatMap((states) => {
          const resource = resourceOf(metadata);
          const { id, old } = states[0]!; // groups are not empty
          const now = states.at(-1)!.new;
          const key = `${resource} ${id}`;
          const found = entries.get(key) ?? [];
          compared.add(key);
          const productId = (now ?? old)?.['product_id'];
          const isOfProduct = (kind: string) =>
            resource === 'variants' && kinds('products', productId).includes(kind);
          const has = (...wanted: string[]) =>
            found.some(({ kind }) => wanted.includes(kind as string)) || wanted.some(isOfProduct);
          if (old === null && now === null) return [];
          if (old === null) return has('created') || resource === 'orders' ? [] : [`${key} was created`];
          if (now === null) return has('removed', 'erased') ? [] : [`${key} was removed`];
          if (has('erased')) return [];
          const recorded = composed(found);
          const wanted = changedIn(metadata, old, now, recorded);
          if (isDeepStrictEqual(wanted, recorded)) return [];
          return [`${key} changed by ${JSON.stringify(wanted)}, recorded is ${JSON.stringify(recorded)}`];
        }),
    );
    const left = [...entries.keys()].filter((key) => !compared.has(key));
    return [...faults, ...left.map((key) => `${key} was recorded without a change`)];
  }
}

/** A reference that a foreign key has emptied need not be recorded: the removal of what it named is. */
function changedIn(
  { tableName, columns, foreignKeys }: EntityMetadata,
  old: Row,
  now: Row,
  recorded: Record<string, OldAndNew>,
): Record<string, OldAndNew> {
  const emptied = foreignKeys
    .filter(({ onDelete }) => onDelete === 'SET NULL')
    .flatMap((key) => key.columns.map(({ propertyName }) => propertyName))
    .filter((name) => !(name in recorded));
  const compared = columns.filter(
    ({ isCreateDate, isUpdateDate, propertyName }) =>
      !isCreateDate && !isUpdateDate && !(RECORDED_ELSEWHERE[tableName] ?? []).includes(propertyName),
  );
  const changed = compared.filter(
    ({ propertyName, databaseName }) =>
      !isDeepStrictEqual(old[databaseName], now[databaseName]) &&
      !(now[databaseName] === null && emptied.includes(propertyName)),
  );
  return Object.fromEntries(
    changed.map(({ propertyName, databaseName }) => [
      propertyName,
      [shortened(old[databaseName]), shortened(now[databaseName])],
    ]),
  );
}

/** First old and last new value of each field, without those that are equal. */
function composed(entries: readonly Row[]): Record<string, OldAndNew> {
  const fields = new Map<string, OldAndNew>();
  for (const entry of entries)
    for (const [name, [old, now]] of Object.entries(entry['fields'] as Record<string, OldAndNew>))
      fields.set(name, [fields.get(name)?.[0] ?? old, now]);
  return Object.fromEntries([...fields].filter(([, [old, now]]) => !isDeepStrictEqual(old, now)));
}

function shortened(value: unknown): unknown {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : value;
}
