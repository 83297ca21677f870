import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadMigrations, type Migration } from '../../src/database/schema-migrations';

const SOURCE = `exports.AddSeason = class {
  allow = { 'index-not-concurrent': 'the tables of a benchmark have no rows and no readers' };
  async up(q) {
    await q.query('ALTER TABLE products ADD COLUMN season text');
    await q.query('CREATE INDEX products_season_idx ON products (season)');
  }
  async down(q) {
    await q.query('DROP INDEX products_season_idx');
    await q.query('ALTER TABLE products DROP COLUMN season');
  }
};`;

/** A column and an index, as in a next release, loaded from a file like every migration. */
export async function nextMigration(): Promise<Migration> {
  const folder = mkdtempSync(path.join(tmpdir(), 'stoa-bench-migration-'));
  try {
    writeFileSync(path.join(folder, '1900000000000-add-season.js'), SOURCE);
    const [migration] = await loadMigrations(folder);
    return migration!; // the one that was just written
  } finally {
    rmSync(folder, { recursive: true });
  }
}
