import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { AppError } from '../../common/app-error';
import { assertNoErrors } from '../../common/common.errors';
import { TenantConnection } from '../../tenancy/tenant-connection';
import type { BulkChangeDto, BulkDto, BulkItemDto, BulkResultDto } from './bulk.dto';
import { recordChanges } from '../changes/record-changes';
import { ProductVariant } from './product-variant.entity';
import { StockTooLow, VariantNotFound } from './products.errors';
import { recordStock } from './stock-ledger';
import { isBeyond, isShort } from './variants';

type Locked = Pick<
  ProductVariant,
  'id' | 'productId' | 'priceMinor' | 'compareAtMinor' | 'stock' | 'tracksStock' | 'sellsWhenOut'
>;

/** A variant before and after an item of the request. */
interface Applied {
  before: Locked;
  after: Locked;
}

/** Prices and stocks of many variants in one transaction. */
@Injectable()
export class BulkService {
  constructor(private readonly tenant: TenantConnection) {}

  /** Applies each item or refuses it, whatever becomes of the others. @throws ValidationFailed if an item is ambiguous */
  change({ variants: changes, reason }: BulkDto): Promise<BulkResultDto> {
    assertClear(changes, reason);
    const { userId } = this.tenant.access;
    return this.tenant.transaction(async (manager) => {
      const locked = await lock(
        manager,
        changes.map(({ id }) => id),
      );
      const results = changes.map((change) => applied(change, locked.get(change.id)));
      const done = results.flatMap((result) => ('after' in result ? result : []));
      await store(manager, done);
      const changed = done.map((item) => ({ ...item, id: item.after.id, kind: 'changed' as const }));
      await recordChanges(manager, ProductVariant, changed, this.tenant.author);
      const stocks = done.map(({ before, after }) => ({
        variantId: after.id,
        before: before.stock,
        after: after.stock,
      }));
      await recordStock(manager, stocks, { reason: 'correction', createdBy: userId, note: reason ?? null });
      const items = changes.map(({ id }, i) => toItem(id, results[i]!, locked.get(id))); // one for each
      return { applied: done.length, refused: items.length - done.length, items };
    });
  }
}

/** An item that could mean two things, or nothing, is a mistake of the client: the whole request is refused. */
function assertClear(changes: readonly BulkChangeDto[], reason: string | undefined): void {
  const first = new Map<string, number>();
  const errors = changes.flatMap(({ id, delta, ...values }, i) => {
    const field = `variants.${i}`;
    const twin = first.get(id);
    first.set(id, twin ?? i);
    if (twin !== undefined)
      return { field: `${field}.id`, message: `variant ${id} is in variants.${twin} too` };
    if (delta !== undefined && values.stock !== undefined)
      return { field: `${field}.delta`, message: 'give either stock or delta' };
    if (delta !== undefined && reason === undefined)
      return { field: 'reason', message: `${field}.delta needs a reason` };
    const isEmpty = delta === undefined && Object.values(values).every((value) => value === undefined);
    return isEmpty ? { field, message: 'give a price, a stock or a delta' } : [];
  });
  assertNoErrors(errors);
}

/** Locks products and then variants, each in order of id, as all writers do. */
async function lock(manager: EntityManager, ids: string[]): Promise<Map<string, Locked>> {
  await manager.query(
    `SELECT FROM products p WHERE p.id IN (SELECT v.product_id FROM product_variants v WHERE v.id = ANY($1))
     ORDER BY p.id FOR UPDATE`,
    [ids],
  );
  const rows = await manager.query<Locked[]>(
    `SELECT v.id, v.product_id AS "productId", v.price_minor AS "priceMinor", v.compare_at_minor AS "compareAtMinor",
       v.stock, v.tracks_stock AS "tracksStock", v.sells_when_out AS "sellsWhenOut"
     FROM product_variants v WHERE v.id = ANY($1) ORDER BY v.id FOR UPDATE`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

function applied(change: BulkChangeDto, before: Locked | undefined): Applied | AppError {
  if (before === undefined) return new VariantNotFound({ detail: `There is no variant ${change.id}.` });
  const { priceMinor = before.priceMinor, compareAtMinor = before.compareAtMinor, delta = 0 } = change;
  const stock = (change.stock ?? before.stock) + delta;
  if (stock !== before.stock && (isShort({ ...before, stock }) || isBeyond(stock, before.stock)))
    return new StockTooLow({ detail: `The stock is ${before.stock}; it cannot become ${stock}.` });
  return { before, after: { ...before, priceMinor, compareAtMinor, stock } };
}

async function store(manager: EntityManager, done: readonly Applied[]): Promise<void> {
  if (done.length === 0) return;
  const after = done.map((one) => one.after);
  await manager.query(
    `UPDATE product_variants v SET price_minor = c.price, compare_at_minor = c.compare_at, stock = c.stock
     FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[]) AS c (id, price, compare_at, stock)
     WHERE v.id = c.id`,
    [
      after.map(({ id }) => id),
      after.map(({ priceMinor }) => priceMinor),
      after.map(({ compareAtMinor }) => compareAtMinor),
      after.map(({ stock }) => stock),
    ],
  );
  await manager.query('UPDATE products SET updated_at = now() WHERE id = ANY($1)', [
    [...new Set(after.map(({ productId }) => productId))],
  ]);
}

function toItem(id: string, result: Applied | AppError, before: Locked | undefined): BulkItemDto {
  const shown = 'after' in result ? result.after : before;
  const values = { priceMinor: shown?.priceMinor ?? null, stock: shown?.stock ?? null };
  return 'after' in result
    ? { id, isApplied: true, code: null, detail: null, ...values }
    : { id, isApplied: false, code: result.kind.code, detail: result.message, ...values };
}
