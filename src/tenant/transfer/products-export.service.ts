import { Injectable } from '@nestjs/common';
import { NIL } from 'uuid';
import type { EntityManager } from 'typeorm';
import type { CsvCell, CsvSink } from '../../http/csv-download';
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
  yield SHOPIFY_COLUMNS;
  const read = (after: string, limit: number) => manager.query<ProductRow[]>(PRODUCTS_AFTER, [after, limit]);
  for await (const product of eachRow(NIL, ({ id }) => id, read)) yield* shopifyRows(product);
}
