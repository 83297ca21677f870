import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { quoteLiteral } from './identifiers';
import { kindOf, type MigrationKind, type MigrationMarks, readMarks } from './migration-marks';

/** One migration file, reduced to the SQL it sends. */
export interface Migration {
  /** Milliseconds since 1970, the number that its file name starts with. Versions of a schema are these. */
  version: number;
  /** File name without ending, for people. */
  name: string;
  kind: MigrationKind;
  /** As one text for an empty schema, inside a transaction: nothing is concurrent, a backfill is one batch. */
  up: string;
  down: string;
  /** Each as the file says it. */
  statements: { up: readonly string[]; down: readonly string[] };
  /** Of what `up` sends; it never changes once the file was applied anywhere. 32 hexadecimal digits. */
  checksum: string;
  marks: MigrationMarks;
  /** The class itself, for `looksAtData`. */
  source: MigrationInterface;
}

const FILE_NAME = /^(\d{13})-[a-z0-9-]+\.(?:js|ts)$/;

/**
 * Reads a folder of TypeORM migration classes, oldest first, each compiled to one SQL text: sent as a single
 * message it costs one round trip a schema. TypeORM's own executor is not used because it looks for its
 * bookkeeping in the schema of the connection and not in `search_path`
 * (docs/decisions/0003-migrations-compiled-to-sql.md).
 * @throws Error naming the file when a name, a class or its content is not what it must be
 */
export async function loadMigrations(folder: string): Promise<Migration[]> {
  const files = readdirSync(folder).filter((file) => /\.(js|ts)$/.test(file) && !file.endsWith('.d.ts'));
  const migrations = await Promise.all(files.sort().map((file) => loadMigration(folder, file)));
  for (const [i, migration] of migrations.entries())
    if (migration.version === migrations[i - 1]?.version)
      throw new Error(`two migrations have the version ${migration.version}`);
  return migrations;
}

async function loadMigration(folder: string, file: string): Promise<Migration> {
  const version = FILE_NAME.exec(file)?.[1];
  if (version === undefined)
    throw new Error(`${file} is not named <13 digits>-<verb>-<table>: see CONTRIBUTING.md`);
  const module = (await import(path.join(folder, file))) as Record<string, unknown>;
  const classes = Object.values(module).filter(isMigrationClass);
  if (classes.length !== 1) throw new Error(`${file} must export exactly one migration class`);
  const migration = new classes[0]!(); // length checked above
  const marks = readMarks(file, migration);
  const kind = kindOf(file, marks);
  const statements = {
    up: await record(file, (runner) => migration.up(runner)),
    down: await record(file, (runner) => migration.down(runner)),
  };
  return {
    version: Number(version),
    name: path.parse(file).name,
    kind,
    up: asOneText(statements.up),
    down: asOneText(statements.down),
    statements,
    checksum: checksumOf([kind, ...statements.up]),
    marks,
    source: migration,
  };
}

/** Shortened SHA-256: tells an edited file from the one that was applied, nothing else hangs on it. */
function checksumOf(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n;\n')).digest('hex').slice(0, 32);
}

const CONCURRENTLY = /^(create\s+(?:unique\s+)?index|drop\s+index|reindex\s+\w+)\s+concurrently\b/i;

/** The condition of a backfill's batch, in its SQL. */
export const BATCH = '{batch}';

/** For a schema that nobody else uses yet, in one transaction. */
function asOneText(statements: readonly string[]): string {
  const plain = statements.map((sql) => sql.replace(CONCURRENTLY, '$1').replaceAll(BATCH, 'true'));
  return plain.map((sql) => `${sql}\n;\n`).join('');
}

function isMigrationClass(value: unknown): value is new () => MigrationInterface {
  if (typeof value !== 'function') return false;
  const methods = value.prototype as Partial<MigrationInterface> | undefined;
  return typeof methods?.up === 'function' && typeof methods.down === 'function';
}

/** Runs `up` or `down` against a runner that only writes down the statements, and finds nothing in any table. */
async function record(file: string, run: (runner: QueryRunner) => Promise<unknown>): Promise<string[]> {
  const statements: string[] = [];
  const recorder = {
    query(sql: string, parameters?: unknown[]) {
      if (parameters !== undefined && parameters.length > 0)
        throw new Error(`${file}: a migration sends plain SQL, without parameters`);
      statements.push(sql.trim().replace(/;+$/, ''));
      return Promise.resolve([]);
    },
  };
  const onlyQuery = new Proxy(recorder, {
    get(target, property) {
      if (property in target) return Reflect.get(target, property) as unknown;
      throw new Error(`${file}: a migration uses only queryRunner.query(sql), not ${String(property)}`);
    },
  });
  await run(onlyQuery as unknown as QueryRunner);
  return statements;
}

/** The table inside each schema that says what was applied there. Written in the transaction of the DDL. */
export const VERSION_TABLE = 'schema_migrations';

/** A row of it. The checksum is empty where a program wrote the row that knew none. */
export interface VersionRow {
  version: number;
  name: string;
  checksum: string;
}

/** Names of files whose content is no longer what was applied. */
export function editedFiles(rows: readonly VersionRow[], migrations: readonly Migration[]): string[] {
  const known = new Map(migrations.map((migration) => [migration.version, migration]));
  return rows
    .map((row) => ({ row, file: known.get(row.version) }))
    .filter(({ row, file }) => file !== undefined && row.checksum !== '' && row.checksum !== file.checksum)
    .map(({ row }) => row.name);
}

export const CREATE_VERSION_TABLE = `CREATE TABLE IF NOT EXISTS ${VERSION_TABLE} (
  version bigint PRIMARY KEY,
  name text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  checksum text NOT NULL DEFAULT ''
);
`;

/** SQL that applies a migration to the schema in `search_path` and writes it down there. */
export function applySql(migration: Migration): string {
  return `${migration.up}${writeDownSql(migration)}`;
}

/** SQL that writes a migration down as applied. */
export function writeDownSql({ version, name, checksum }: Migration): string {
  return `INSERT INTO ${VERSION_TABLE} (version, name, checksum)
    VALUES (${version}, ${quoteLiteral(name)}, '${checksum}');\n`;
}

/** SQL that gives a version table of an older program its column, and its rows the checksums of today's files. */
export function adoptSql(migrations: readonly Migration[]): string {
  const known = migrations.map(({ version, checksum }) => `(${version}, '${checksum}')`).join(', ');
  return `ALTER TABLE ${VERSION_TABLE} ADD COLUMN IF NOT EXISTS checksum text NOT NULL DEFAULT '';
    UPDATE ${VERSION_TABLE} v SET checksum = known.checksum FROM (VALUES ${known}) AS known (version, checksum)
    WHERE v.version = known.version AND v.checksum = '';`;
}
