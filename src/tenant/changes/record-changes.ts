import { isDeepStrictEqual } from 'node:util';
import type { EntityManager, EntityMetadata, EntityTarget, ObjectLiteral } from 'typeorm';
import { newId } from '../../common/ids';
import { beginningOf } from '../../common/safe-text';
import type { Author } from '../../tenancy/tenant';
import { noteWritten } from '../../tenancy/tenant-cache';
import type { ChangeKind, OldAndNew } from './change.entity';
import { RECORDED_ELSEWHERE, resourceOf } from './resources';

/** Longest value that is kept, in characters of JSON; of a longer one the beginning is. */
export const MAX_VALUE = 1000;

/** Change of one row. Fields that one of two objects lacks are not compared. */
export type RowChange<Row> =
  | { id: string; kind: 'created' | 'erased' }
  | { id: string; kind: 'changed'; before: Partial<Row>; after: Partial<Row> }
  | { id: string; kind: 'removed'; before: Partial<Row> };

/** Author of changes, and the import that makes them, if any. */
export type ChangeOrigin = Author & { importId?: string | undefined };

/**
 * Records what a transaction changes of the rows of an entity. Call it in that transaction, after the rows are locked: the test
 * `test/tenant/recorded-changes` compares what is recorded with what was written. Unchanged rows are left out.
 */
export async function recordChanges<Row extends ObjectLiteral>(
  manager: EntityManager,
  entity: EntityTarget<Row>,
  changes: readonly RowChange<Row>[],
  { userId, requestId, importId }: ChangeOrigin,
): Promise<void> {
  const metadata = manager.connection.getMetadata(entity);
  const names = recordedFields(metadata);
  noteWritten(manager, resourceOf(metadata));
  const rows = changes.flatMap((change) => toRow(change, names) ?? []);
  if (rows.length === 0) return;
  await manager.query(
    `INSERT INTO changes (row_id, id, resource, kind, fields, import_id, request_id, created_by)
     SELECT row_id, id, $1, kind, fields, $2, $3, $4
     FROM json_to_recordset($5) AS c (row_id uuid, id uuid, kind text, fields jsonb)`,
    [resourceOf(metadata), importId ?? null, requestId, userId, JSON.stringify(rows)],
  );
}

/** Records that rows of an entity were created. */
export function recordCreated<Row extends ObjectLiteral>(
  manager: EntityManager,
  entity: EntityTarget<Row>,
  rows: readonly { id: string }[],
  origin: ChangeOrigin,
): Promise<void> {
  const created = rows.map(({ id }) => ({ id, kind: 'created' as const }));
  return recordChanges(manager, entity, created, origin);
}

/** Erases the values of all recorded changes of the rows; the entries stay. */
export async function eraseValues(manager: EntityManager, rowIds: readonly string[]): Promise<void> {
  await manager.query(`UPDATE changes SET fields = '{}' WHERE row_id = ANY($1) AND fields <> '{}'`, [rowIds]);
}

interface ChangeRow {
  row_id: string;
  id: string;
  kind: ChangeKind;
  fields: Record<string, OldAndNew>;
}

/** All columns but the id and the times of the row itself. */
function recordedFields({ columns, tableName }: EntityMetadata): string[] {
  const elsewhere = RECORDED_ELSEWHERE[tableName] ?? [];
  return columns
    .filter((column) => !column.isPrimary && !column.isCreateDate && !column.isUpdateDate)
    .map(({ propertyName }) => propertyName)
    .filter((name) => !elsewhere.includes(name));
}

/** @returns null if nothing has changed */
function toRow<Row>(change: RowChange<Row>, names: readonly string[]): ChangeRow | null {
  const fields = fieldsOf(change, names);
  if (change.kind === 'changed' && Object.keys(fields).length === 0) return null;
  return { row_id: change.id, id: newId(), kind: change.kind, fields };
}

function fieldsOf<Row>(change: RowChange<Row>, names: readonly string[]): Record<string, OldAndNew> {
  const fields: Record<string, OldAndNew> = {};
  if (!('before' in change)) return fields;
  const before = change.before as Record<string, unknown>;
  const after = 'after' in change ? (change.after as Record<string, unknown>) : null;
  for (const name of names) {
    const old = before[name];
    const now = after === null ? null : after[name];
    if (old === undefined || now === undefined || isSame(old, now)) continue;
    fields[name] = [shortened(old), shortened(now)];
  }
  return fields;
}

/** Compares as JSON, which has no undefined, as the columns do. */
function isSame(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a, b) || isDeepStrictEqual(plain(a), plain(b));
}

function plain(value: unknown): unknown {
  return typeof value === 'object' ? JSON.parse(JSON.stringify(value)) : value;
}

function shortened(value: unknown): unknown {
  if (typeof value !== 'object' && typeof value !== 'string') return value;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > MAX_VALUE ? `${beginningOf(text, MAX_VALUE)}…` : value;
}
