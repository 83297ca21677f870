import type { Migration } from '../database/schema-migrations';
import { historyChecksum } from './migration-history';

/**
 * Lifetime of cached grants, milliseconds: a removed member or a suspended shop is locked out after this time at the
 * latest, and a program stops serving a tenant within this time after a migration closes the tenant to it.
 */
export const ACCESS_CACHE_MS = 5000;

/** Migration state of a tenant according to the registry. */
export interface TenantState {
  /** Version of its newest migration. */
  version: number;
  /** Checksum of its whole migration history; empty while it is not known. */
  checksum: string;
  /** Programs whose newest tenant migration is older than this must not serve it. */
  servesFrom: number;
}

/** Number of newest online migrations that a tenant may lack: bounds the number of histories to compute. */
const OPTIONAL = 6;

/**
 * Decides which tenants this program can serve while a fleet is half migrated. It needs the migrations up to the oldest
 * version that it declares, or all of them when it declares none. It never needs those of kind `online`: without an
 * index a shop is slower, not wrong.
 */
export class ServedVersions {
  private readonly latest: number;
  /** Newest version that the program needs. */
  private readonly needed: number;
  private readonly checksums: ReadonlySet<string>;

  /**
   * @param migrations all migrations that the program knows, oldest first
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
   * A newer program may have migrated the tenant further: that only adds, unless `servesFrom` says otherwise. A tenant
   * whose history checksum is unknown may lack something, so it is not served.
   */
  serves({ version, checksum, servesFrom }: TenantState): boolean {
    if (servesFrom > this.latest) return false;
    if (version > this.latest) return true;
    if (checksum === '') return version >= this.needed;
    return this.checksums.has(checksum);
  }
}

/** All histories that the program can serve: up to the needed version or further, with or without each optional migration. */
function histories(migrations: readonly Migration[], needed: number): Migration[][] {
  const optional = migrations.filter(({ kind }) => kind === 'online').slice(-OPTIONAL);
  const base = migrations.filter((migration) => !optional.includes(migration));
  const shortest = base.filter(({ version }) => version <= needed).length;
  const starts = Array.from({ length: base.length - shortest + 1 }, (_, i) => base.slice(0, shortest + i));
  return starts.flatMap((start) => subsetsOf(optional).map((some) => [...start, ...some]));
}

function subsetsOf<T>(items: readonly T[]): T[][] {
  return items.reduce<T[][]>(
    (subsets, item) => [...subsets, ...subsets.map((subset) => [...subset, item])],
    [[]],
  );
}
