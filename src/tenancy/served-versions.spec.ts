import type { Migration } from '../database/schema-migrations';
import { historyChecksum } from './migration-history';
import { ServedVersions, type TenantState } from './served-versions';

type Kind = Migration['kind'];

const migration = (version: number, kind: Kind = 'sql', checksum = `c${version}`) =>
  ({ version, kind, checksum }) as Migration;

/** A tenant with these migrations. */
function tenant(history: readonly Migration[], changes: Partial<TenantState> = {}): TenantState {
  return {
    version: Math.max(...history.map(({ version }) => version)),
    checksum: historyChecksum(history),
    servesFrom: 0,
    ...changes,
  };
}

const [one, two, three, four] = [1, 2, 3, 4].map((version) => migration(version)) as [
  Migration,
  Migration,
  Migration,
  Migration,
];

describe('ServedVersions', () => {
  it('serves tenants that have everything, and none that lacks something, when nothing is declared', () => {
    const served = new ServedVersions([one, two, three]);
    expect(served.serves(tenant([one, two, three]))).toBe(true);
    expect(served.serves(tenant([one, two]))).toBe(false);
    expect(served.serves(tenant([one]))).toBe(false);
  });

  it('serves tenants from the declared oldest version on', () => {
    const served = new ServedVersions([one, two, three], 2);
    expect(served.serves(tenant([one, two, three]))).toBe(true);
    expect(served.serves(tenant([one, two]))).toBe(true);
    expect(served.serves(tenant([one]))).toBe(false);
  });

  it.each<Kind>(['sql', 'code', 'backfill'])('needs a migration of kind %s', (kind) => {
    const last = migration(2, kind);
    expect(new ServedVersions([one, last]).serves(tenant([one]))).toBe(false);
  });

  it('needs no online migration, wherever it stands', () => {
    const [online, later] = [migration(2, 'online'), migration(5, 'online')];
    const served = new ServedVersions([one, online, three, later]);
    for (const extra of [[], [online], [later], [online, later]])
      expect(served.serves(tenant([one, three, ...extra]))).toBe(true);
    expect(served.serves(tenant([one, online]))).toBe(false);
    expect(served.serves(tenant([one, online, later]))).toBe(false);
  });

  it('lets only the newest online ones be missing, of a great many', () => {
    const online = Array.from({ length: 40 }, (_, i) => migration(i + 10, 'online'));
    const served = new ServedVersions([one, ...online]);
    const without = (...missing: number[]) =>
      tenant([one, ...online.filter(({ version }) => !missing.includes(version))]);
    expect(served.serves(without())).toBe(true);
    expect(served.serves(without(44))).toBe(true);
    expect(served.serves(without(44, 45, 46, 47, 48, 49))).toBe(true);
    expect(served.serves(without(10))).toBe(false);
  });

  it('serves a tenant at any place of a long row of online ones behind what it needs', () => {
    const online = Array.from({ length: 40 }, (_, i) => migration(i + 10, 'online'));
    const served = new ServedVersions([one, ...online]);
    for (let length = 0; length <= online.length; length++)
      expect(served.serves(tenant([one, ...online.slice(0, length)]))).toBe(true);
  });

  it('takes an online migration for the declared one', () => {
    const served = new ServedVersions([one, migration(2, 'online'), three], 2);
    expect(served.serves(tenant([one]))).toBe(true);
  });

  it('does not serve a tenant that has the newest version and lacks an earlier one', () => {
    expect(new ServedVersions([one, two, three]).serves(tenant([one, three]))).toBe(false);
    expect(new ServedVersions([one, two, three], 1).serves(tenant([one, three]))).toBe(false);
  });

  it('does not serve a tenant with a migration that it does not know between its own', () => {
    expect(new ServedVersions([one, three]).serves(tenant([one, two, three]))).toBe(false);
  });

  it('does not serve a tenant to which a file was applied that reads otherwise now', () => {
    const edited = migration(2, 'sql', 'other');
    expect(new ServedVersions([one, two]).serves(tenant([one, edited]))).toBe(false);
  });

  it('serves tenants that a newer program took further, unless that took something away', () => {
    const served = new ServedVersions([one, two]);
    const ahead = [one, two, three, four];
    expect(served.serves(tenant(ahead))).toBe(true);
    expect(served.serves(tenant(ahead, { checksum: '' }))).toBe(true);
    expect(served.serves(tenant(ahead, { servesFrom: 2 }))).toBe(true);
    expect(served.serves(tenant(ahead, { servesFrom: 3 }))).toBe(false);
  });

  it('does not serve a tenant for which a step was announced that takes away what it uses', () => {
    expect(new ServedVersions([one, two]).serves(tenant([one, two], { servesFrom: 3 }))).toBe(false);
    expect(new ServedVersions([one, two]).serves(tenant([one, two], { servesFrom: 2 }))).toBe(true);
  });

  it('goes by the version where the history is not known', () => {
    const served = new ServedVersions([one, two, three, migration(4, 'online')], 2);
    expect(served.serves({ version: 1, checksum: '', servesFrom: 0 })).toBe(false);
    for (const version of [2, 3, 4])
      expect(served.serves({ version, checksum: '', servesFrom: 0 })).toBe(true);
    expect(served.serves({ version: 3, checksum: '', servesFrom: 5 })).toBe(false);
  });

  it('refuses a declared version that no migration has', () => {
    expect(() => new ServedVersions([one, three], 2)).toThrow('no tenant migration has the version 2');
  });
});
