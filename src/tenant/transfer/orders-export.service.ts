import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { CsvCell, CsvSink } from '../../http/csv-download';
import { eachRow } from '../../common/each-row';
import { TenantConnection } from '../../tenancy/tenant-connection';
import { exportInTurn } from './export-turns';
import { type FiledOrder, ORDER_COLUMNS, orderRows } from './order-history/order-file';
import { ORDERS_AFTER } from '../orders/order-list';

/** Writes all orders as a CSV of their lines, from one snapshot and in bounded memory. */
@Injectable()
export class OrdersExportService {
  constructor(private readonly tenant: TenantConnection) {}

  export(sink: CsvSink): Promise<void> {
    return exportInTurn(this.tenant.access.shopId, () =>
      this.tenant.snapshot((manager) => sink(allOrders(manager))),
    );
  }
}

async function* allOrders(manager: EntityManager): AsyncGenerator<CsvCell[]> {
  yield ORDER_COLUMNS;
  const read = (after: number, limit: number) => manager.query<FiledOrder[]>(ORDERS_AFTER, [after, limit]);
  for await (const order of eachRow(0, ({ number }) => number, read)) yield* orderRows(order);
}
