import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { type EntityManager, In } from 'typeorm';
import { UnreadableCsv } from '../../common/csv-records';
import { groupBy } from '../../common/group-by';
import { isUniqueViolation } from '../../common/sqlstate';
import { TenantConnection } from '../../tenancy/tenant-connection';
import { type KnownProducts, keysOf, type Merged, mergeProduct, skusOf } from './shopify/catalogue-merge';
import { type ImportMode, type ImportReportDto, MAX_LISTED_PROBLEMS } from './import.dto';
import { ProductVariant, type ProductWithVariants } from '../products/product-variant.entity';
import { Product } from '../products/product.entity';
import { HandleTaken } from '../products/products.errors';
import { ImportRejected, NotACatalogueFile } from './transfer.errors';
import type { CatalogueGroup, RowProblem } from './shopify/shopify-catalogue';
import { readShopifyCsv } from './shopify/shopify-csv';
import type { StockOrigin } from '../products/stock-ledger';
import { saveVariants } from '../products/variants';

export interface ImportOptions {
  mode: ImportMode;
  /** ISO 4217, for products that do not name theirs; default: that of the shop. */
  currency?: string;
  /** Called after each batch with the number of rows read. */
  onProgress?: (rows: number) => void;
}

/** Rows in a batch; bounds memory. */
const BATCH_ROWS = 500;

/** Loads a Shopify product CSV into the shop, in one transaction and in bounded memory. */
@Injectable()
export class ProductsImportService {
  constructor(private readonly tenant: TenantConnection) {}

  /**
   * @param source the file; must be fast to read, because a transaction stays open meanwhile
   * @throws NotACatalogueFile; ImportRejected in mode `atomic` when a row has a problem; HandleTaken
   *   when another request took one meanwhile. After an error nothing is stored
   */
  async import(source: Readable, { mode, currency, onProgress }: ImportOptions): Promise<ImportReportDto> {
    const notStored = new Set<string>();
    const report = emptyReport();
    try {
      return await this.tenant.transaction(async (manager) => {
        const { userId, currency: own } = this.tenant.access;
        const money = currency ?? own;
        for await (const batch of batches(readShopifyCsv(source, money, notStored))) {
          await storeBatch(manager, batch, report, { reason: 'import', createdBy: userId });
          onProgress?.(report.rows);
        }
        report.notStored = [...notStored].sort();
        if (mode === 'atomic' && report.skippedRows > 0)
          throw new ImportRejected({
            detail: `${report.skippedRows} of ${report.rows} rows have problems.`,
            errors: report.errors,
          });
        return report;
      });
    } catch (error) {
      if (error instanceof UnreadableCsv) throw new NotACatalogueFile({ detail: error.detail, cause: error });
      throw error;
    } finally {
      source.destroy();
    }
  }
}

function emptyReport(): ImportReportDto {
  const none = { created: 0, updated: 0 };
  return {
    ...{ rows: 0, skippedRows: 0, products: { ...none }, variants: { ...none } },
    ...{ errors: [], notStored: [] },
  };
}

/** A group that repeats a handle or SKU of the current batch starts the next batch, and so finds the stored rows. */
async function* batches(groups: AsyncIterable<CatalogueGroup>): AsyncGenerator<CatalogueGroup[]> {
  let batch: CatalogueGroup[] = [];
  let rows = 0;
  const keys = new Set<string>();
  for await (const group of groups) {
    const own = keysOf(group);
    if (rows + group.rows > BATCH_ROWS || own.some((key) => keys.has(key))) {
      if (batch.length > 0) yield batch;
      batch = [];
      rows = 0;
      keys.clear();
    }
    batch.push(group);
    rows += group.rows;
    for (const key of own) keys.add(key);
  }
  if (batch.length > 0) yield batch;
}

async function storeBatch(
  manager: EntityManager,
  batch: readonly CatalogueGroup[],
  report: ImportReportDto,
  origin: StockOrigin,
): Promise<void> {
  const known = await readKnown(manager, batch);
  const merged: Merged[] = [];
  for (const { product, problems, rows } of batch) {
    const result = product === null ? null : mergeProduct(product, known);
    report.rows += rows;
    note(report, [...problems, ...(result?.problems ?? [])]);
    if (result?.merged) merged.push(result.merged);
  }
  await write(manager, merged, origin);
  for (const { isNew, variants, newVariants } of merged) {
    report.products[isNew ? 'created' : 'updated']++;
    report.variants.created += newVariants;
    report.variants.updated += variants.length - newVariants;
  }
}

function note(report: ImportReportDto, problems: readonly RowProblem[]): void {
  report.skippedRows += new Set(problems.map(({ row }) => row)).size;
  report.errors.push(...problems.slice(0, MAX_LISTED_PROBLEMS - report.errors.length));
}

/** Products that have a handle or SKU of the batch, with all their variants, locked in order of id. */
async function readKnown(manager: EntityManager, batch: readonly CatalogueGroup[]): Promise<KnownProducts> {
  const files = batch.flatMap(({ product }) => product ?? []);
  const found = await manager
    .createQueryBuilder(Product, 'p')
    .where(
      // An OR of the two would read all products, and a join with the found ids may.
      `p.id = ANY(ARRAY(SELECT h.id FROM products h WHERE h.handle = ANY(:handles)
         UNION SELECT v.product_id FROM product_variants v WHERE v.sku = ANY(:skus)))`,
      { handles: files.map(({ handle }) => handle), skus: files.flatMap(skusOf) },
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
  const products: ProductWithVariants[] = found.map((product) => ({
    ...product,
    variants: byProduct.get(product.id) ?? [],
  }));
  return {
    byHandle: new Map(products.map((product) => [product.handle, product])),
    bySku: new Map(
      products.flatMap((product) =>
        product.variants.flatMap(({ sku }) => (sku === null ? [] : [[sku, product] as const])),
      ),
    ),
  };
}

async function write(manager: EntityManager, merged: readonly Merged[], origin: StockOrigin): Promise<void> {
  if (merged.length === 0) return;
  const products = merged.map(({ product }) => product);
  await orHandleTaken(manager.upsert(Product, products, ['id']));
  await saveVariants(
    manager,
    merged.flatMap(({ present }) => present),
    merged.flatMap(({ variants }) => variants),
    origin,
  );
}

/** @throws HandleTaken when another request has just created a product with that handle */
async function orHandleTaken(statement: Promise<unknown>): Promise<void> {
  try {
    await statement;
  } catch (error) {
    if (isUniqueViolation(error)) throw new HandleTaken({ cause: error });
    throw error;
  }
}
