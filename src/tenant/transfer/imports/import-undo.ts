import { type EntityManager, In } from 'typeorm';
import { ProductVariant } from '../../products/product-variant.entity';
import { Product } from '../../products/product.entity';
import { isShort, saveVariants, type VariantRow } from '../../products/variants';
import type { ProductValues } from '../shopify/working-catalogue';
import { ImportTouched } from '../transfer.errors';
import { ImportChange } from './import.entity';
import { hashOf, isEqual } from './import-log';

/** Products in a batch; bounds memory. */
const BATCH = 50;
const MAX_LISTED = 1000;

interface Touched {
  productId: string;
  variantId: string | null;
  /** Null if the import created it and any field was changed since. */
  field: string | null;
}

/** Undoes one import, a batch of products at a time, within one transaction that the caller rolls back on an error. */
export class ImportUndo {
  private readonly touched: Touched[] = [];

  constructor(
    private readonly manager: EntityManager,
    private readonly importId: string,
    private readonly userId: string,
  ) {}

  /** @throws ImportTouched naming what was changed since */
  async run(): Promise<void> {
    const rows = await this.manager.query<{ id: string }[]>(
      'SELECT DISTINCT product_id AS id FROM import_changes WHERE import_id = $1 ORDER BY 1',
      [this.importId],
    );
    for (let i = 0; i < rows.length; i += BATCH)
      await this.undo(rows.slice(i, i + BATCH).map(({ id }) => id));
    if (this.touched.length > 0)
      throw new ImportTouched({
        detail: `${this.touched.length} fields, products or variants were changed since the import.`,
        errors: this.touched.slice(0, MAX_LISTED),
      });
  }

  private async undo(productIds: string[]): Promise<void> {
    const { manager, importId } = this;
    const changes = await manager.findBy(ImportChange, { importId, productId: In(productIds) });
    const lock = { mode: 'pessimistic_write' as const };
    const products = await manager.find(Product, {
      where: { id: In(productIds) },
      order: { id: 'ASC' },
      lock,
    });
    const variants = await manager.find(ProductVariant, {
      where: { productId: In(productIds) },
      order: { id: 'ASC' },
      lock,
    });
    const productOf = new Map(products.map((product) => [product.id, product]));
    const variantOf = new Map(variants.map((variant) => [variant.id, variant]));
    const restored: { products: Product[]; variants: ProductVariant[] } = { products: [], variants: [] };
    const created: { products: string[]; variants: string[] } = { products: [], variants: [] };
    for (const change of changes) {
      const isProduct = change.id === change.productId;
      const now = isProduct ? productOf.get(change.id) : variantOf.get(change.id);
      this.compare(change, now);
      if (change.before === null) created[isProduct ? 'products' : 'variants'].push(change.id);
      else if (isProduct) restored.products.push({ ...(now as Product), ...change.before });
      else restored.variants.push(this.restoredVariant(change, now as ProductVariant));
    }
    this.assertComplete(created, variants, changes);
    if (this.touched.length > 0) return; // what follows would be rolled back
    await this.restore(restored, variants);
    if (created.variants.length > 0) await manager.delete(ProductVariant, created.variants); // throws on an empty list
    if (created.products.length > 0) await manager.delete(Product, created.products);
  }

  private compare(
    { id, productId, before, after }: ImportChange,
    now: Product | ProductVariant | undefined,
  ): void {
    const variantId = id === productId ? null : id;
    const touch = (field: string | null) => this.touched.push({ productId, variantId, field });
    if (now === undefined) touch(null);
    else if (before === null) {
      if (after['hash'] !== hashOf(valuesOf(now))) touch(null);
    } else
      for (const [field, value] of Object.entries(after))
        if (!isEqual(value, (now as unknown as Record<string, unknown>)[field])) touch(field);
  }

  /** Units may have been sold beyond the stock since, which the old values would not allow. */
  private restoredVariant({ before }: ImportChange, now: ProductVariant): ProductVariant {
    const variant = { ...now, ...before };
    if (isShort(variant))
      this.touched.push({ productId: variant.productId, variantId: variant.id, field: 'stock' });
    return variant;
  }

  /**
   * A variant that somebody has added to a product that the import created would be lost with it. A variant that the import
   * created may by now be the only one of an older product.
   */
  private assertComplete(
    created: { products: readonly string[]; variants: readonly string[] },
    variants: readonly ProductVariant[],
    changes: readonly ImportChange[],
  ): void {
    const known = new Set(changes.map(({ id }) => id));
    const gone = new Set(created.variants);
    const kept = new Set(variants.filter(({ id }) => !gone.has(id)).map(({ productId }) => productId));
    for (const { id, productId } of variants) {
      const isAdded = created.products.includes(productId) && !known.has(id);
      const isLast = !created.products.includes(productId) && !kept.has(productId);
      if (isAdded || isLast) this.touched.push({ productId, variantId: id, field: null });
    }
  }

  private async restore(
    { products, variants }: { products: Product[]; variants: ProductVariant[] },
    present: readonly VariantRow[],
  ): Promise<void> {
    const { manager, importId } = this;
    const updatedAt = new Date();
    if (products.length > 0)
      await manager.upsert(
        Product,
        products.map((product) => ({ ...product, updatedAt })),
        ['id'],
      );
    if (variants.length > 0)
      await saveVariants(manager, present, variants, {
        ...{ reason: 'import', note: 'undone', createdBy: this.userId, importId },
      });
  }
}

/** The values of which an import keeps a hash: all but the times. */
function valuesOf(row: Product | ProductVariant): ProductValues | VariantRow {
  if (!('handle' in row)) return row;
  const { createdAt: _created, updatedAt: _updated, ...values } = row;
  return values;
}
