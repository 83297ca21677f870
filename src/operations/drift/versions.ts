import type { Client } from 'pg';
import { type Migration, VERSION_TABLE } from '../../database/schema-migrations';
import { HISTORY_CHECKSUM } from '../../tenancy/migration-history';
import type { TenantMigrations } from '../../tenancy/tenant-migrations';
import type { CheckName } from './checks';
import type { Observation } from './findings';
import { batchesWith, type Tenant, unionOf } from './fleet';

/** Versions of a schema by its own rows, which are the truth, and by the registry. */
export interface History {
  schema: string;
  /** Oldest first; null if the schema has no readable version table. */
  versions: number[] | null;
  /** By public.tenants; null if there is no row. */
  registered: number | null;
  /** True when the checksum in public.tenants is that of the rows. */
  isSame: boolean;
}

/** Reads the histories of these tenants, by schema. */
export async function readHistories(
  client: Client,
  tenants: readonly Tenant[],
): Promise<Map<string, History>> {
  const histories = new Map<string, History>(
    tenants.map(({ schema, registered }) => [schema, { schema, versions: null, registered, isSame: false }]),
  );
  for await (const batch of batchesWith(client, tenants, VERSION_TABLE, ['version'])) {
    const inside = unionOf(
      batch,
      VERSION_TABLE,
      // A version table of an older program has no checksums.
      (table, { shopId, schema }) => `SELECT '${shopId}'::uuid AS shop_id, '${schema}' AS schema,
          array_agg(version::bigint ORDER BY version) AS versions, ${HISTORY_CHECKSUM} AS checksum
        FROM (SELECT version, coalesce(to_jsonb(v) ->> 'checksum', '') AS checksum FROM ${table} v) v`,
    );
    const { rows } = await client.query<History & { versions: string[] }>(
      `SELECT schema, coalesce(versions, '{}') AS versions, t.version AS registered,
         coalesce(t.checksum = s.checksum, false) AS "isSame"
       FROM (${inside}) s LEFT JOIN public.tenants t USING (shop_id)`,
    );
    for (const row of rows) histories.set(row.schema, { ...row, versions: row.versions.map(Number) }); // pg: text
  }
  return histories;
}

/** The meaning of a history. */
export interface Standing {
  /** Migrations whose result the schema should be; null if unknown. */
  migrations: Migration[] | null;
  /** Known migrations older than the newest of these that are not among them. */
  gaps: number[];
  /** Reasons why `migrations` is unknown. */
  faults: Observation[];
  /** Faults of the rollout or of the registry: the schema may be right for its version. */
  rollout: Observation[];
}

/** Judges a history by the migrations that this program knows. */
export function judge(history: History, { list, latest }: TenantMigrations): Standing {
  const { schema, versions, registered } = history;
  if (versions === null) {
    const migrations = list.filter(({ version }) => version <= (registered ?? latest));
    return migrations.length > 0
      ? { migrations, gaps: [], faults: [], rollout: [] } // the missing table is a finding of the structure
      : unknown([rowMissing(schema, 'the version table is missing, and public.tenants knows no version')]);
  }
  const faults = [...lostRows(history, list), ...unknownRows(history, list)];
  const rollout = delays(history, list);
  if (faults.length > 0) return unknown(faults, rollout);
  if (versions.length === 0) return unknown(rollout);
  const migrations = list.filter(({ version }) => versions.includes(version));
  return { migrations, gaps: missing(history, list).filter((v) => v < versions.at(-1)!), faults, rollout }; // not empty
}

/** The rows are not the history of the tables. */
export function rowMissing(schema: string, detail: string): Observation {
  return observe('version-row-missing', schema, detail);
}

function unknown(faults: Observation[], rollout: Observation[] = []): Standing {
  return { migrations: null, gaps: [], faults, rollout };
}

function observe(check: CheckName, schema: string, detail: string): Observation {
  return { check, schema, object: check === 'version-index' ? 'public.tenants' : VERSION_TABLE, detail };
}

function missing({ versions }: History, list: readonly Migration[]): number[] {
  return list.map(({ version }) => version).filter((version) => versions?.includes(version) !== true);
}

const newestOf = ({ versions }: History) => versions?.at(-1) ?? 0;

/**
 * Missing versions that the registry covers, and its own version if only a newer program knows it. If it has the checksum
 * of these very rows, none was lost.
 */
function lost(history: History, list: readonly Migration[]): number[] {
  const { registered, isSame } = history;
  if (registered === null || (isSame && registered === newestOf(history))) return [];
  const known = missing(history, list).filter((version) => version <= registered);
  const isNewer = registered > newestOf(history) && !list.some(({ version }) => version === registered);
  return isNewer ? [...known, registered] : known;
}

function lostRows(history: History, list: readonly Migration[]): Observation[] {
  const rows = lost(history, list);
  if (rows.length === 0) return [];
  const detail = `public.tenants has version ${history.registered}, but there is no row ${rows.join(', ')}`;
  return [rowMissing(history.schema, detail)];
}

function unknownRows({ schema, versions }: History, list: readonly Migration[]): Observation[] {
  const ahead = versions?.filter((version) => !list.some((known) => known.version === version)) ?? [];
  if (ahead.length === 0) return [];
  return [observe('version-ahead', schema, `has ${ahead.join(', ')}, which this program does not know`)];
}

function delays(history: History, list: readonly Migration[]): Observation[] {
  const { schema, registered, isSame } = history;
  const newest = newestOf(history);
  const rowsLost = lost(history, list);
  const behind = missing(history, list).filter((version) => !rowsLost.includes(version));
  const observations: Observation[] = [];
  if (behind.length > 0) observations.push(observe('version-behind', schema, `lacks ${behind.join(', ')}`));
  if (rowsLost.length > 0 || registered === null) return observations;
  if (registered !== newest)
    observations.push(
      observe('version-index', schema, `expected version ${newest} as in the schema, found ${registered}`),
    );
  else if (observations.length === 0 && !isSame && unknownRows(history, list).length === 0)
    observations.push(observe('version-index', schema, 'its checksum is not that of the rows in the schema'));
  return observations;
}
