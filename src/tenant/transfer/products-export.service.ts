import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { CsvCell, CsvSink } from '../../http/csv-download';
import { FIRST_ID } from '../../common/ids';
import { eachRow } from '../../common/each-row';
import { TenantConnection } from '../../tenancy/tenant-connection';
import { PRODUCTS_AFTER } from '../products/product-list';
import type { ProductRow } from '../products/products.dto';
import { SHOPIFY_COLUMNS, shopifyRows } from './shopify/shopify-file';

/** Writes the catalogue as the CSV that `ProductsImportService` reads, from one snapshot and in bounded memory. */
@Injectable()
export class ProductsExportService {
  constructor(private readonly tenant: TenantConnection) {}

  /** Oldest first, so that a shop that imports the file lists its products in the same order. */
  export(sink: CsvSink): Promise<void> {
    return this.tenant.snapshot((manager) => sink(catalogue(manager)));
  }
}

async function* catalogue(manager: EntityManager): AsyncGenerator<CsvCell[]> {
  const columns = [...SHOPIFY_COLUMNS, ...(await attributeNames(manager))];
  yield columns;
  const read = (after: string, limit: number) => manager.query<ProductRow[]>(PRODUCTS_AFTER, [after, limit]);
  for await (const product of eachRow(FIRST_ID, ({ id }) => id, read)) yield* shopifyRows(product, columns);
}

/** Names of the attributes that any product or variant of the shop has. */
async function attributeNames(manager: EntityManager): Promise<string[]> {
  const rows = await manager.query<{ name: string }[]>(
    `SELECT name COLLATE "C" AS name FROM (
       SELECT jsonb_object_keys(attributes) AS name FROM products
       UNION SELECT jsonb_object_keys(attributes) FROM product_variants) a
     ORDER BY 1`,
  );
  return rows.map(({ name }) => name).filter((name) => !SHOPIFY_COLUMNS.includes(name));
}
