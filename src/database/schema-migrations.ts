import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { quoteLiteral } from './identifiers';
import { kindOf, type MigrationKind, type MigrationMarks, readMarks } from './migration-marks';

/** One migration file, reduced to the SQL it sends. */
export interface Migration {
  /** Milliseconds since 1970, the number at the start of the file name; also the version of a schema. */
  version: number;
  /** File name without extension, for people. */
  name: string;
  kind: MigrationKind;
  /** One text for an empty schema, inside a transaction: nothing is concurrent, a backfill is one batch. */
  up: string;
  down: string;
  /** Statements as the file sends them. */
  statements: { up: readonly string[]; down: readonly string[] };
  /** Checksum of what `up` sends, 32 hexadecimal digits. It must not change once the file was applied anywhere. */
  checksum: string;
  marks: MigrationMarks;
  /** Instance of the class, for `looksAtData`. */
  source: MigrationInterface;
}

const FILE_NAME = /^(\d{13})-[a-z0-9-]+\.(?:js|ts)$/;

/**
 * Reads a folder of TypeORM migration classes, oldest first, and compiles each to one SQL text, which costs one round
 * trip per schema. TypeORM's own executor is not used because it keeps its records in the connection's schema and not
 * in `search_path` (docs/decisions/0003-migrations-compiled-to-sql.md).
 * @throws Error naming the file when its name, its class or its content is invalid
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
  return compileMigration(file, Number(version), new classes[0]!()); // one, see above
}

/**
 * Compiles a migration to the SQL it sends.
 * @throws Error naming the file when its marks or its content are invalid
 */
export async function compileMigration(
  file: string,
  version: number,
  migration: MigrationInterface,
): Promise<Migration> {
  const marks = readMarks(file, migration);
  const kind = kindOf(file, marks);
  const statements = {
    up: await record(file, (runner) => migration.up(runner)),
    down: await record(file, (runner) => migration.down(runner)),
  };
  return {
    version,
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

/** Shortened SHA-256: only distinguishes an edited file from the applied one. */
function checksumOf(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n;\n')).digest('hex').slice(0, 32);
}

const CONCURRENTLY = /^(create\s+(?:unique\s+)?index|drop\s+index|reindex\s+\w+)\s+concurrently\b/i;

/** Placeholder for the condition of a backfill's batch, in its SQL. */
export const BATCH = '{batch}';

/** Joins statements for a schema that nobody else uses yet, in one transaction. */
function asOneText(statements: readonly string[]): string {
  const plain = statements.map((sql) => sql.replace(CONCURRENTLY, '$1').replaceAll(BATCH, 'true'));
  return plain.map((sql) => `${sql}\n;\n`).join('');
}

function isMigrationClass(value: unknown): value is new () => MigrationInterface {
  if (typeof value !== 'function') return false;
  const methods = value.prototype as Partial<MigrationInterface> | undefined;
  return typeof methods?.up === 'function' && typeof methods.down === 'function';
}

/** Runs `up` or `down` with a query runner that only records the statements and returns no rows. */
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

/** Table inside each schema that lists the applied migrations. Written in the transaction of the DDL. */
export const VERSION_TABLE = 'schema_migrations';

/** Row of the version table. The checksum is empty in rows that an old program wrote. */
export interface VersionRow {
  version: number;
  name: string;
  checksum: string;
}

/** Names of files that were edited after they were applied. */
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

/** SQL that applies a migration to the schema in `search_path` and records it there. */
export function applySql(migration: Migration): string {
  return `${migration.up}${writeDownSql(migration)}`;
}

/** SQL that records a migration as applied. */
export function writeDownSql({ version, name, checksum }: Migration): string {
  return `INSERT INTO ${VERSION_TABLE} (version, name, checksum)
    VALUES (${version}, ${quoteLiteral(name)}, '${checksum}');\n`;
}

/** SQL that adds the checksum column to a version table of an older program, and fills in the checksums of today's files. */
export function adoptSql(migrations: readonly Migration[]): string {
  const known = migrations.map(({ version, checksum }) => `(${version}, '${checksum}')`).join(', ');
  return `ALTER TABLE ${VERSION_TABLE} ADD COLUMN IF NOT EXISTS checksum text NOT NULL DEFAULT '';
    UPDATE ${VERSION_TABLE} v SET checksum = known.checksum FROM (VALUES ${known}) AS known (version, checksum)
    WHERE v.version = known.version AND v.checksum = '';`;
}
