import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DERIVED_TABLES } from '../../src/operations/lifecycle/copy/tenant-tables';
import { MemberOperations } from '../../src/operations/lifecycle/member-operations';
import { TOOLS, type Tools } from '../../src/operations/lifecycle/operation-kind';
import type { Operation } from '../../src/operations/lifecycle/operation.entity';
import { OperationRunner, type RunOptions } from '../../src/operations/lifecycle/operation-runner';
import { type NewOperation, queueOperation } from '../../src/operations/lifecycle/operation-store';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import { withClient } from './database';
import type { TestApp } from './test-app';

type Wanted = Pick<NewOperation, 'kind' | 'input'> & Partial<NewOperation>;

/** Records an operation and runs it to its end, as a command does. */
export async function operate(
  app: TestApp,
  wanted: Wanted,
  options: RunOptions = {},
  tools: Partial<Tools> = {},
): Promise<Operation> {
  const id = await withClient(app.database.url, (client) =>
    queueOperation(client, { shop: null, by: { kind: 'command', id: null }, isExclusive: false, ...wanted }),
  );
  const ended = await runnerOf(app, tools).run(id, options);
  if (ended === null) throw new Error('another runner has the operation');
  return ended;
}

/** @param tools parts that differ from the program's, such as more migrations */
export function runnerOf({ app }: TestApp, tools: Partial<Tools> = {}): OperationRunner {
  return new OperationRunner({ ...app.get<Tools>(TOOLS), ...tools }, app.get(MemberOperations).all);
}

/** Folder for backups, removed after the tests. */
export function useBackupFolder(): { readonly path: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'stoa-backups-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return { path: folder };
}

/** Backs up one shop. @returns path of the file */
export async function backUp(app: TestApp, folder: string, shopId: string): Promise<string> {
  const { state, error } = await operate(app, {
    kind: 'backup',
    input: { shops: [shopId], target: folder, keep: null, isEncrypted: false, concurrency: 1 },
  });
  if (state !== 'done') throw new Error(`the backup ended as ${state}: ${error?.message}`);
  const [row] = await app.database.query<{ file: string }>(
    'SELECT file FROM backups WHERE shop_id = $1 ORDER BY snapshot_at DESC LIMIT 1',
    [shopId],
  );
  if (row === undefined) throw new Error('the backup failed');
  return path.join(folder, row.file);
}

/** Restores a file. @returns how it ended, and the id of the shop; empty if it failed */
export async function restore(
  app: TestApp,
  input: { file: string; as?: string; over?: string; tables?: string[]; isOther?: boolean },
): Promise<{
  state: string;
  code: string | null | undefined;
  message: string;
  id: string;
  invited: string[];
}> {
  const { state, error, result } = await operate(app, {
    kind: 'restore',
    input: { as: null, over: null, tables: null, ...input },
  });
  const { id = '', invited = [] } = (result ?? {}) as { id?: string; invited?: string[] };
  return { state, code: error?.code, message: error?.message ?? '', id, invited };
}

export async function undoRestore(app: TestApp, shopId: string): Promise<void> {
  const { state, error } = await operate(app, { kind: 'undo-restore', input: { shop: shopId } });
  if (state !== 'done') throw new Error(`the undo ended as ${state}: ${error?.message}`);
}

/**
 * Every row of a tenant as text, by table, sorted: equal for tenants with the same data. Without the version table and
 * tables that are derived from others.
 */
export async function rowsOf(app: TestApp, tenantId: string): Promise<Record<string, string[]>> {
  const { schema } = new TenantLocator().locate(tenantId);
  return withClient(app.database.url, async (client) => {
    const { rows: tables } = await client.query<{ name: string; columns: string }>(
      `SELECT c.relname AS name, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname) AS columns
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND c.relkind = 'r'
         AND c.relname <> ALL ($2) GROUP BY c.relname ORDER BY c.relname`,
      [schema, ['schema_migrations', ...DERIVED_TABLES]],
    );
    const found: Record<string, string[]> = {};
    for (const { name, columns } of tables) {
      const { rows } = await client.query<{ row: string }>(
        `SELECT ROW(${columns})::text COLLATE "C" AS row FROM ${schema}.${name} ORDER BY 1`,
      );
      found[name] = rows.map(({ row }) => row);
    }
    return found;
  });
}
