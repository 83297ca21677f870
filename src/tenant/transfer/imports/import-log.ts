import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { EntityManager } from 'typeorm';
import { AMOUNTS } from '../../products/product-variant.entity';
import type { WorkingProduct } from '../shopify/working-catalogue';

type Values = Record<string, unknown>;

/** A product or variant that an import has created or changed, with the fields that differ. */
export interface LoggedChange {
  id: string;
  productId: string;
  /** Old values of changed fields; null if the import created it. */
  before: Values | null;
  /** New values of changed fields, and as `hash` that of all values. */
  after: Values;
}

export interface ProductChanges {
  product: LoggedChange | null;
  variants: LoggedChange[];
}

/** The fields in which a product and its variants differ from what is stored. */
export function changesOf({ before, now }: WorkingProduct): ProductChanges {
  const { id } = now.product;
  const known = new Map(before?.variants.map((variant) => [variant.id, variant]));
  const isRevalued = before !== null && before.product.currency !== now.product.currency;
  const always = isRevalued ? AMOUNTS : [];
  return {
    product: changeOf(id, id, before?.product, now.product),
    variants: now.variants.flatMap(
      (variant) => changeOf(variant.id, id, known.get(variant.id), variant, always) ?? [],
    ),
  };
}

/** @param always fields that count as changed even if they are equal */
function changeOf(
  id: string,
  productId: string,
  before: object | undefined,
  now: object,
  always: readonly string[] = [],
): LoggedChange | null {
  if (before === undefined) return { id, productId, before: null, after: { hash: hashOf(now) } };
  const changed = Object.entries(now).filter(
    ([field, value]) => always.includes(field) || !isEqual(value, (before as Values)[field]),
  );
  if (changed.length === 0) return null;
  const old = changed.map(([field]) => [field, (before as Values)[field]]);
  const after = { ...Object.fromEntries(changed), hash: hashOf(now) };
  return { id, productId, before: Object.fromEntries(old) as Values, after };
}

/** Hash of the values of a product or variant, with which an undo finds out whether it was changed since. */
export function hashOf(values: object): string {
  return createHash('sha256').update(canonical(values)).digest('base64url');
}

/** The order of keys does not matter, except of lists. */
export function isEqual(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a, b);
}

/** Values as a text that does not depend on the order of keys, except of lists. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** Days for which an import can be undone. */
export const KEPT_DAYS = 30;

/**
 * Locks a row that only imports and their undoing use, until COMMIT: two loads of one new catalogue would take each other's
 * handles, and two that name products in another order would deadlock.
 */
export async function waitForImports(manager: EntityManager): Promise<void> {
  await manager.query(
    `INSERT INTO counters AS c (name, value) VALUES ('imports', 1)
     ON CONFLICT (name) DO UPDATE SET value = c.value + 1`,
  );
}

/** Removes what is needed to undo imports of long ago, a day late, because the clocks of program and database differ. */
export async function forgetOldChanges(manager: EntityManager): Promise<void> {
  await manager.query(
    `DELETE FROM import_changes c USING imports i
     WHERE c.import_id = i.id AND i.created_at < now() - make_interval(days => $1)`,
    [KEPT_DAYS + 1],
  );
}

/** Adds changes to the log. A row that several batches change keeps its first old and its last new values. */
export async function logChanges(
  manager: EntityManager,
  importId: string,
  changes: readonly ProductChanges[],
): Promise<void> {
  const rows = changes.flatMap(({ product, variants }) => [
    ...(product === null ? [] : [product]),
    ...variants,
  ]);
  if (rows.length === 0) return;
  await manager.query(
    `INSERT INTO import_changes AS c (import_id, id, product_id, before, after)
     SELECT $1, id, product_id, before, after
     FROM json_to_recordset($2) AS r (id uuid, product_id uuid, before jsonb, after jsonb)
     ON CONFLICT (import_id, id) DO UPDATE
     SET before = EXCLUDED.before || c.before, after = c.after || EXCLUDED.after`,
    // One JSON text: pg escapes the elements of an array, which takes ten times as long for texts with quotes.
    [importId, JSON.stringify(rows.map(({ productId, ...row }) => ({ ...row, product_id: productId })))],
  );
}
