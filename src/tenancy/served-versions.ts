import type { Migration } from '../database/schema-migrations';
import { historyChecksum } from './migration-history';

/**
 * How long it is remembered who may enter which shop, and whether the program serves it: a removed member or a
 * suspended shop is out after this long at the latest (src/tenancy/README.md), and no program serves a tenant for
 * longer than this after it was told not to.
 */
export const ACCESS_CACHE_MS = 5000;

/** Where a tenant is, as `public.tenants` has it. */
export interface TenantState {
  /** Of its newest migration. */
  version: number;
  /** Of its whole history; empty where nobody looked yet. */
  checksum: string;
  /** Programs whose newest tenant migration is older must not serve it. */
  servesFrom: number;
}

/** So many online migrations, counted from the newest, may each be there or not: bounds the histories to know. */
const FREE = 6;

/**
 * Which tenants this program can serve while a fleet is half migrated. It needs the migrations up to the oldest
 * version that it declares, all of them when it declares none. Those of kind `online` it never needs: without an
 * index a shop is slower, not wrong.
 */
export class ServedVersions {
  private readonly latest: number;
  /** Newest of the versions that it needs. */
  private readonly needed: number;
  private readonly checksums: ReadonlySet<string>;

  /**
   * @param migrations all that the program knows, oldest first
   * @param oldest oldest version that its code works with
   * @throws Error when no migration has that version
   */
  constructor(migrations: readonly Migration[], oldest?: number) {
    if (oldest !== undefined && !migrations.some(({ version }) => version === oldest))
      throw new Error(
        `no tenant migration has the version ${oldest}, which is declared as the oldest served`,
      );
    this.latest = migrations.at(-1)?.version ?? 0;
    this.needed =
      migrations.findLast(({ kind, version }) => kind !== 'online' && version <= (oldest ?? Infinity))
        ?.version ?? 0;
    this.checksums = new Set(histories(migrations, this.needed).map(historyChecksum));
  }

  /**
   * A newer program may have taken the tenant further than this one knows: that adds, unless `servesFrom` says
   * otherwise. A history that cannot be told from its checksum may lack something, so it is not served.
   */
  serves({ version, checksum, servesFrom }: TenantState): boolean {
    if (servesFrom > this.latest) return false;
    if (version > this.latest) return true;
    if (checksum === '') return version >= this.needed;
    return this.checksums.has(checksum);
  }
}

/** The list as far as the needed version or further, with each of the newest online migrations there or not. */
function histories(migrations: readonly Migration[], needed: number): Migration[][] {
  const free = migrations.filter(({ kind }) => kind === 'online').slice(-FREE);
  const base = migrations.filter((migration) => !free.includes(migration));
  const shortest = base.filter(({ version }) => version <= needed).length;
  const starts = Array.from({ length: base.length - shortest + 1 }, (_, i) => base.slice(0, shortest + i));
  return starts.flatMap((start) => subsetsOf(free).map((some) => [...start, ...some]));
}

function subsetsOf<T>(items: readonly T[]): T[][] {
  return items.reduce<T[][]>(
    (subsets, item) => [...subsets, ...subsets.map((subset) => [...subset, item])],
    [[]],
  );
}
