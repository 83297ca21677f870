import { createHash } from 'node:crypto';
import type { Migration, VersionRow } from '../database/schema-migrations';

/** What a tenant has had applied: its rows of `schema_migrations`, or those that it should have. */
export type History = readonly Pick<VersionRow, 'version' | 'checksum'>[];

/**
 * One value for a whole history: two schemas with the same have had the same migrations, each with the same
 * content. The function `open_step` in `public` computes it in SQL; the two must agree.
 */
export function historyChecksum(history: History): string {
  const lines = [...history]
    .sort((a, b) => a.version - b.version)
    .map(({ version, checksum }) => `${version}:${checksum}`);
  return createHash('sha256').update(lines.join(',')).digest('hex').slice(0, 32);
}

/** The same as an aggregate in SQL, over the rows of a version table. */
export const HISTORY_CHECKSUM = `left(encode(sha256(convert_to(
  coalesce(string_agg(version || ':' || checksum, ',' ORDER BY version), ''), 'UTF8')), 'hex'), 32)`;

/** Version of the newest migration in it; 0 when there is none. */
export function newestVersion(history: History): number {
  return history.reduce((newest, { version }) => Math.max(newest, version), 0);
}

/** A history as the index has it. */
export function placeOf(history: History): { checksum: string; version: number } {
  return { checksum: historyChecksum(history), version: newestVersion(history) };
}

/** Programs whose newest tenant migration is older must not serve a tenant that has these; 0 when all may. */
export function servesFromOf(migrations: readonly Pick<Migration, 'marks'>[]): number {
  return Math.max(0, ...migrations.map(({ marks }) => marks.contract?.since ?? 0));
}
