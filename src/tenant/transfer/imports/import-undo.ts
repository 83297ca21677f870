import { type EntityManager, In } from 'typeorm';
import { ProductVariant } from '../../products/product-variant.entity';
import { Product } from '../../products/product.entity';
import { isShort, saveVariants, type VariantRow } from '../../products/variants';
import { groupBy } from '../../../common/group-by';
import { variantProblem } from '../../products/product-options';
import { sizeProblem } from '../../products/product-size';
import type { Author } from '../../../tenancy/tenant';
import { recordChanges } from '../../changes/record-changes';
import type { ProductValues } from '../shopify/working-catalogue';
import { ImportTouched } from '../transfer.errors';
import { ImportChange } from './import.entity';
import { hashOf, isEqual } from './import-log';
import { shown } from './import-report';

/** Products in a batch; bounds memory. */
const BATCH = 50;
const MAX_LISTED = 1000;

interface Touched {
  productId: string;
  variantId: string | null;
  /**
   * Null if the import created it and any field was changed since; `orders` if the import created a variant that was sold since;
   * `variants` if the restored variants would not fit the others, `attributes` if the restored product would be too large.
   */
  field: string | null;
  handle: string | null;
  sku: string | null;
  /** Value that the import stored and that of now, as JSON, shortened; null if `field` is no field of one row. */
  old: string | null;
  new: string | null;
}

/** Undoes one import, a batch of products at a time, within one transaction that the caller rolls back on an error. */
export class ImportUndo {
  private readonly touched: Touched[] = [];
  // Of the batch, locked.
  private products: ReadonlyMap<string, Product> = new Map();
  private variants: ReadonlyMap<string, ProductVariant> = new Map();

  constructor(
    private readonly manager: EntityManager,
    private readonly importId: string,
    private readonly by: { userId: string; author: Author },
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
        detail: `Since the import ${counted(this.touched.length)} changed.`,
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
    this.products = new Map(products.map((product) => [product.id, product]));
    this.variants = new Map(variants.map((variant) => [variant.id, variant]));
    const restored: { products: Product[]; variants: ProductVariant[] } = { products: [], variants: [] };
    const created: { products: string[]; variants: string[] } = { products: [], variants: [] };
    for (const change of changes) {
      const isProduct = change.id === change.productId;
      const now = isProduct ? this.products.get(change.id) : this.variants.get(change.id);
      this.compare(change, now);
      if (change.before === null) created[isProduct ? 'products' : 'variants'].push(change.id);
      else if (isProduct) restored.products.push({ ...(now as Product), ...change.before });
      else restored.variants.push({ ...(now as ProductVariant), ...change.before });
    }
    const revalued = changes.flatMap(({ id, before }) => (before?.['currency'] === undefined ? [] : id));
    await this.compareSold(created.variants);
    this.compareAdded([...created.products, ...revalued], variants, changes);
    if (this.touched.length > 0) return; // what follows would be rolled back
    this.compareRest(variants, restored.variants, created);
    this.compareSizes(variants, restored);
    if (this.touched.length > 0) return;
    await this.restore(restored, variants);
    await this.recordRemoval(created);
    if (created.variants.length > 0) await manager.delete(ProductVariant, created.variants); // throws on an empty list
    if (created.products.length > 0) await manager.delete(Product, created.products);
    await manager.update(Product, { id: In(productIds) }, { updatedAt: new Date() });
  }

  private compare(
    { id, productId, before, after }: ImportChange,
    now: Product | ProductVariant | undefined,
  ): void {
    const variantId = id === productId ? null : id;
    if (now === undefined) this.touch(productId, variantId, null);
    else if (before === null) {
      if (after['hash'] !== hashOf(valuesOf(now))) this.touch(productId, variantId, null);
    } else
      for (const field of Object.keys(before)) {
        const value = (now as unknown as Record<string, unknown>)[field];
        if (!isEqual(after[field], value)) this.touch(productId, variantId, field, [after[field], value]);
      }
  }

  private touch(
    productId: string,
    variantId: string | null,
    field: string | null,
    values?: [old: unknown, now: unknown],
  ): void {
    this.touched.push({
      ...{ productId, variantId, field },
      handle: this.products.get(productId)?.handle ?? null,
      sku: this.variants.get(variantId ?? '')?.sku ?? null,
      old: values === undefined ? null : shown(values[0]),
      new: values === undefined ? null : shown(values[1]),
    });
  }

  /** Lines of orders would lose their variant. A sale of one whose stock is not counted changes nothing else. */
  private async compareSold(variantIds: readonly string[]): Promise<void> {
    if (variantIds.length === 0) return;
    const sold = await this.manager.query<{ id: string }[]>(
      'SELECT DISTINCT variant_id AS id FROM order_lines WHERE variant_id = ANY($1)',
      [variantIds],
    );
    for (const { id } of sold) this.touch(this.variants.get(id)!.productId, id, 'orders'); // locked, or no line would refer to it
  }

  /**
   * A variant that somebody has added to one of these products would be lost with the product that the import created, or
   * get its price in the restored currency.
   */
  private compareAdded(
    productIds: readonly string[],
    variants: readonly ProductVariant[],
    changes: readonly ImportChange[],
  ): void {
    const known = new Set(changes.map(({ id }) => id));
    for (const { id, productId } of variants)
      if (productIds.includes(productId) && !known.has(id)) this.touch(productId, id, null);
  }

  /** Fields that the import left alone may have got values since that do not fit the restored ones. */
  private compareRest(
    variants: readonly ProductVariant[],
    restored: readonly ProductVariant[],
    created: { products: readonly string[]; variants: readonly string[] },
  ): void {
    const old = new Map(restored.map((variant) => [variant.id, variant]));
    for (const [productId, all] of groupBy(variants, (variant) => variant.productId)) {
      if (created.products.includes(productId)) continue;
      const rest = all
        .filter(({ id }) => !created.variants.includes(id))
        .map((now) => old.get(now.id) ?? now);
      for (const { id } of rest.filter(isShort)) this.touch(productId, id, 'stock');
      if (rest.length === 0 || variantProblem(rest, undefined) !== null)
        this.touch(productId, null, 'variants');
    }
  }

  /** Values of before may be large, and so may be those that other fields have got since. */
  private compareSizes(
    variants: readonly ProductVariant[],
    restored: { products: readonly Product[]; variants: readonly ProductVariant[] },
  ): void {
    const oldProducts = new Map(restored.products.map((product) => [product.id, product]));
    const oldVariants = new Map(restored.variants.map((variant) => [variant.id, variant]));
    for (const [productId, all] of groupBy(variants, (variant) => variant.productId)) {
      const product = oldProducts.get(productId) ?? this.products.get(productId);
      const after = all.map((variant) => oldVariants.get(variant.id) ?? variant);
      if (product !== undefined && sizeProblem(product, after) !== null)
        this.touch(productId, null, 'attributes');
    }
  }

  private async restore(
    { products, variants }: { products: Product[]; variants: ProductVariant[] },
    present: readonly VariantRow[],
  ): Promise<void> {
    const { manager, importId } = this;
    const { userId, author } = this.by;
    if (products.length > 0) await manager.upsert(Product, products, ['id']);
    const changed = products.map((after) => ({
      ...{ id: after.id, kind: 'changed' as const, after },
      before: this.products.get(after.id)!, // locked
    }));
    await recordChanges(manager, Product, changed, { ...author, importId });
    if (variants.length > 0)
      await saveVariants(manager, present, variants, {
        ...{ reason: 'import', note: 'undone', createdBy: userId, importId, author },
      });
  }

  /** Without values: they are those of the file. A product stands for its variants. */
  private async recordRemoval({
    products,
    variants,
  }: {
    products: string[];
    variants: string[];
  }): Promise<void> {
    const { manager, importId, by } = this;
    const origin = { ...by.author, importId };
    const removed = (id: string) => ({ id, kind: 'removed' as const, before: {} });
    const gone = new Set(products);
    const alone = variants.filter((id) => !gone.has(this.variants.get(id)!.productId)); // locked
    await recordChanges(manager, Product, products.map(removed), origin);
    await recordChanges(manager, ProductVariant, alone.map(removed), origin);
  }
}

/** The values of which an import keeps a hash: all but the times. */
function valuesOf(row: Product | ProductVariant): ProductValues | VariantRow {
  if (!('handle' in row)) return row;
  const { createdAt: _created, updatedAt: _updated, ...values } = row;
  return values;
}

function counted(touched: number): string {
  return touched === 1 ? '1 field, product or variant was' : `${touched} fields, products or variants were`;
}
