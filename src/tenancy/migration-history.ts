import { createHash } from 'node:crypto';
import type { Migration, VersionRow } from '../database/schema-migrations';

/** Migrations that a tenant has: its rows of `schema_migrations`, or those that it should have. */
export type MigrationHistory = readonly Pick<VersionRow, 'version' | 'checksum'>[];

/**
 * One value for a whole history: schemas with the same value have the same migrations, each with the same content. The
 * function `open_step` in `public` computes it in SQL; the two must agree.
 */
export function historyChecksum(history: MigrationHistory): string {
  const lines = [...history]
    .sort((a, b) => a.version - b.version)
    .map(({ version, checksum }) => `${version}:${checksum}`);
  return createHash('sha256').update(lines.join(',')).digest('hex').slice(0, 32);
}

/** SQL aggregate that computes `historyChecksum` over the rows of a version table. */
export const HISTORY_CHECKSUM = `left(encode(sha256(convert_to(
  coalesce(string_agg(version || ':' || checksum, ',' ORDER BY version), ''), 'UTF8')), 'hex'), 32)`;

/** Version of the newest migration in the history; 0 when it is empty. */
export function newestVersion(history: MigrationHistory): number {
  return history.reduce((newest, { version }) => Math.max(newest, version), 0);
}

/**
 * Oldest program that may serve a tenant that has these migrations, as the version of that program's newest tenant
 * migration; 0 when every program may.
 */
export function servesFromOf(migrations: readonly Pick<Migration, 'marks'>[]): number {
  return Math.max(0, ...migrations.map(({ marks }) => marks.contract?.since ?? 0));
}
