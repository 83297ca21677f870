import { type EntityManager, In } from 'typeorm';
import { groupBy } from '../../../common/group-by';
import { recordChanges, type RowChange } from '../../changes/record-changes';
import { ProductVariant, type ProductWithVariants } from '../../products/product-variant.entity';
import { Product } from '../../products/product.entity';
import { saveVariants, type VariantOrigin } from '../../products/variants';
import { changesOf, logChanges, type ProductChanges } from '../imports/import-log';
import type { ImportReport } from '../imports/import-report';
import { mergeProduct } from './catalogue-merge';
import type { CatalogueGroup } from './shopify-catalogue';
import { WorkingCatalogue, type WorkingProduct } from './working-catalogue';

/** Limits of a batch: they bound memory, and the time for which nothing else runs. */
const BATCH_ROWS = 100;
const BATCH_SIZE = 1_000_000;

/** Merges groups of a file into the shop's catalogue, a batch at a time, within one transaction. */
export class CatalogueWriter {
  private batch: CatalogueGroup[] = [];
  private rows = 0;
  private size = 0;
  private isIdle = false;

  constructor(
    private readonly manager: EntityManager,
    private readonly origin: VariantOrigin & { importId: string },
    private readonly report: ImportReport,
  ) {}

  /** @returns true if a batch was stored */
  async add(group: CatalogueGroup): Promise<boolean> {
    const isTooMuch = this.rows + group.rows > BATCH_ROWS || this.size + group.size > BATCH_SIZE;
    const isFull = this.rows > 0 && isTooMuch;
    if (isFull) await this.finish();
    this.batch.push(group);
    this.rows += group.rows;
    this.size += group.size;
    return isFull;
  }

  /** Sends a statement if none was sent since the last call: PostgreSQL ends a transaction that idles. */
  async stayAlive(): Promise<void> {
    if (this.isIdle) await this.manager.query('SELECT');
    this.isIdle = true;
  }

  /** Stores what is left. */
  async finish(): Promise<void> {
    const { batch } = this;
    this.batch = [];
    this.rows = 0;
    this.size = 0;
    if (batch.length === 0) return;
    this.isIdle = false;
    const catalogue = new WorkingCatalogue(await readStored(this.manager, batch));
    const merged = new Map<WorkingProduct, Set<string>>();
    for (const group of batch) {
      const result = group.product === null ? null : mergeProduct(group.product, catalogue);
      this.report.addGroup(group, [...group.problems, ...(result?.problems ?? [])]);
      if (!result?.merged) continue;
      const named = merged.get(result.merged) ?? new Set();
      for (const id of result.named) named.add(id);
      merged.set(result.merged, named);
    }
    const changed: { working: WorkingProduct; changes: ProductChanges }[] = [];
    for (const [working, named] of merged) {
      const changes = changesOf(working);
      this.report.addProduct(working, named, changes);
      if (changes.product !== null || changes.variants.length > 0) changed.push({ working, changes });
    }
    await this.write(changed);
  }

  private async write(
    changed: readonly { working: WorkingProduct; changes: ProductChanges }[],
  ): Promise<void> {
    if (changed.length === 0) return;
    const { manager, origin } = this;
    const updatedAt = new Date();
    await manager.upsert(
      Product,
      changed.map(({ working }) => ({ ...working.now.product, updatedAt })),
      ['id'],
    );
    const rows = changed.flatMap(({ working, changes }) => {
      const ids = new Set(changes.variants.map(({ id }) => id));
      return working.now.variants.filter(({ id }) => ids.has(id));
    });
    const present = changed.flatMap(({ working }) => working.before?.variants ?? []);
    await saveVariants(manager, present, rows, origin);
    const products = changed.flatMap(({ changes }) => toRowChange(changes) ?? []);
    await recordChanges(manager, Product, products, { ...origin.author, importId: origin.importId });
    await logChanges(
      manager,
      origin.importId,
      changed.map(({ changes }) => changes),
    );
  }
}

function toRowChange({ product }: ProductChanges): RowChange<Product> | null {
  if (product === null) return null;
  const { id, before, after } = product;
  return before === null ? { id, kind: 'created' } : { id, kind: 'changed', before, after };
}

/** Products with a handle of the batch, or a SKU where its rows have no handle, with all their variants, locked in order of id. */
async function readStored(
  manager: EntityManager,
  batch: readonly CatalogueGroup[],
): Promise<ProductWithVariants[]> {
  const files = batch.flatMap(({ product }) => product ?? []);
  const skus = files.flatMap(({ hasHandle, variants }) => (hasHandle ? [] : (variants[0]?.sku ?? [])));
  const found = await manager
    .createQueryBuilder(Product, 'p')
    .where(
      // An OR of the two would read all products, and a join with the found ids may. The index is of lower(sku).
      `p.id = ANY(ARRAY(SELECT h.id FROM products h WHERE h.handle = ANY(:handles)
         UNION SELECT v.product_id FROM product_variants v WHERE v.sku = ANY(:skus)
           AND lower(v.sku) COLLATE "C" = ANY(ARRAY(SELECT lower(s) COLLATE "C" FROM unnest(:skus::text[]) s))))`,
      { handles: files.map(({ handle }) => handle), skus },
    )
    .orderBy('p.id')
    .setLock('pessimistic_write')
    .getMany();
  const variants = await manager.find(ProductVariant, {
    where: { productId: In(found.map(({ id }) => id)) },
    order: { id: 'ASC' },
    lock: { mode: 'pessimistic_write' },
  });
  const byProduct = groupBy(variants, ({ productId }) => productId);
  return found.map((product) => ({ ...product, variants: byProduct.get(product.id) ?? [] }));
}
