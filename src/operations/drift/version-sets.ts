import { DENIED, sqlState } from '../../common/sqlstate';
import type { Installation } from '../../database/installation';
import { type Migration, VERSION_TABLE } from '../../database/schema-migrations';
import type { CheckName } from './checks';
import type { Observation } from './findings';
import { buildReference, type Reference } from './reference';
import { TenantMigrations } from '../../tenancy/tenant-migrations';
import type { Tenant } from './tenants';

/** Tenants that have the same migrations, and so should be the same. */
export interface VersionSet {
  migrations: Migration[];
  /** Known migrations older than the newest of these, which these tenants have no row of. */
  gaps: number[];
  tenants: Tenant[];
  reference: Reference;
}

export interface Parted {
  sets: VersionSet[];
  /** Tenants of which nobody can say what they should look like. */
  observations: Observation[];
}

/** Parts tenants by the migrations that they have, and makes a reference for each such set, once. */
export class VersionSets {
  private readonly references = new Map<string, Reference | Error>();

  constructor(
    private readonly installation: Installation,
    private readonly migrations: TenantMigrations,
  ) {}

  async part(tenants: readonly Tenant[], versions: ReadonlyMap<string, number[]>): Promise<Parted> {
    const parted: Parted = { sets: [], observations: [] };
    const byKey = new Map<string, { migrations: Migration[]; tenants: Tenant[] }>();
    for (const tenant of tenants) {
      const inside = versions.get(tenant.schema);
      const problem = this.problemOf(tenant, inside);
      if (problem !== null) parted.observations.push(problem);
      if (problem !== null || !tenant.hasSchema) continue;
      const migrations = this.migrationsOf(tenant, inside);
      const key = migrations.map(({ version }) => version).join(',');
      const set = byKey.get(key);
      if (set === undefined) byKey.set(key, { migrations, tenants: [tenant] });
      else set.tenants.push(tenant);
    }
    for (const [key, { migrations, tenants: same }] of byKey) {
      const reference = await this.referenceOf(key, migrations);
      if (reference instanceof Error)
        parted.observations.push(...same.map((tenant) => lostRow(tenant, reference.message)));
      else parted.sets.push({ migrations, gaps: this.gapsOf(migrations), tenants: same, reference });
    }
    return parted;
  }

  private problemOf(tenant: Tenant, inside: readonly number[] | undefined): Observation | null {
    if (inside === undefined) return null; // its table of versions is told as missing or changed
    const ahead = inside.filter(
      (version) => !this.migrations.list.some((known) => known.version === version),
    );
    if (ahead.length > 0)
      return observe('version-ahead', tenant, `has ${ahead.join(', ')}, which this program does not know`);
    const { index } = tenant;
    if (inside.length === 0) return lostRow(tenant, 'there is no row at all');
    if (index === null || index === 0 || inside.includes(index)) return null;
    return lostRow(tenant, `public.tenants says ${index}, and there is no such row`);
  }

  /** By its rows; where there is nothing to read, by the index. */
  private migrationsOf({ index }: Tenant, inside: readonly number[] | undefined): Migration[] {
    const newest = index ?? this.migrations.latest;
    return this.migrations.list.filter(({ version }) => inside?.includes(version) ?? version <= newest);
  }

  private gapsOf(migrations: readonly Migration[]): number[] {
    const newest = migrations.at(-1)?.version ?? 0;
    return this.migrations.list
      .filter((known) => known.version < newest && !migrations.includes(known))
      .map(({ version }) => version);
  }

  private async referenceOf(key: string, migrations: Migration[]): Promise<Reference | Error> {
    const reference = this.references.get(key) ?? (await this.build(migrations));
    this.references.set(key, reference);
    return reference;
  }

  private async build(migrations: Migration[]): Promise<Reference | Error> {
    if (migrations.length === 0) return new Error('there is none');
    try {
      return await buildReference(this.installation, new TenantMigrations(migrations));
    } catch (error) {
      const state = sqlState(error) ?? '';
      // Rows of a history that never was, such as those of a later migration without the one it builds on.
      if (error instanceof Error && state.startsWith('42') && state !== DENIED) return error;
      throw error;
    }
  }
}

/** Its rows are not the history of its tables. */
export function lostRow(tenant: { schema: string }, detail: string): Observation {
  return observe('version-row-missing', tenant, detail);
}

function observe(check: CheckName, { schema }: { schema: string }, detail: string): Observation {
  return { check, schema, object: VERSION_TABLE, detail };
}
