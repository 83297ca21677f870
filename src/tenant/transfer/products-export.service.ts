import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { CsvCell, CsvSink } from '../../http/csv-download';
import { FIRST_ID } from '../../common/ids';
import { eachRow } from '../../common/each-row';
import { TenantConnection } from '../../tenancy/tenant-connection';
import { PRODUCTS_AFTER } from '../products/product-list';
import type { ProductRow } from '../products/products.dto';
import { exportInTurn } from './export-turns';
import { attributeColumn, DEFAULTS } from './shopify/shopify-columns';
import { SHOPIFY_COLUMNS, shopifyRows } from './shopify/shopify-file';

/** Writes the catalogue as the CSV that `ProductsImportService` reads, from one snapshot and in bounded memory. */
@Injectable()
export class ProductsExportService {
  constructor(private readonly tenant: TenantConnection) {}

  /** Oldest first, so that a shop that imports the file lists its products in the same order. */
  export(sink: CsvSink): Promise<void> {
    return exportInTurn(this.tenant.access.shopId, () =>
      this.tenant.snapshot((manager) => sink(catalogue(manager))),
    );
  }
}

async function* catalogue(manager: EntityManager): AsyncGenerator<CsvCell[]> {
  const columns = [...SHOPIFY_COLUMNS, ...(await attributeColumns(manager))];
  yield columns;
  const read = (after: string, limit: number) => manager.query<ProductRow[]>(PRODUCTS_AFTER, [after, limit]);
  for await (const product of eachRow(FIRST_ID, ({ id }) => id, read)) yield* shopifyRows(product, columns);
}

/** Columns of the attributes that any product or variant of the shop has, in order of their names. */
async function attributeColumns(manager: EntityManager): Promise<string[]> {
  const rows = await manager.query<{ kind: 'product' | 'variant'; name: string }[]>(
    `SELECT DISTINCT a.kind, e.key COLLATE "C" AS name FROM (
       SELECT 'product' AS kind, attributes FROM products
       UNION ALL SELECT 'variant', attributes FROM product_variants) a, jsonb_each_text(a.attributes) e
     WHERE lower(e.value) IS DISTINCT FROM $1::jsonb ->> e.key
     ORDER BY name, a.kind`,
    [JSON.stringify(DEFAULTS)],
  );
  return rows
    .map(({ kind, name }) => attributeColumn(kind, name))
    .filter((column) => !SHOPIFY_COLUMNS.includes(column));
}
