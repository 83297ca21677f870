import { Module } from '@nestjs/common';
import { Import, ImportChange } from './imports/import.entity';
import { ImportsController } from './imports/imports.controller';
import { ImportsService } from './imports/imports.service';
import { OrdersExportService } from './orders-export.service';
import { OrdersImportService } from './orders-import.service';
import { OrdersTransferController } from './orders-transfer.controller';
import { ProductsExportService } from './products-export.service';
import { ProductsImportService } from './products-import.service';
import { ProductsTransferController } from './products-transfer.controller';
import { ProductsImportKind } from './queued/products-import.kind';
import { QueuedImportsService } from './queued/queued-imports.service';

/** Imports and exports of whole files. This module depends on the resources in src/tenant; they do not depend on it. */
@Module({
  controllers: [ProductsTransferController, OrdersTransferController, ImportsController],
  providers: [
    ProductsImportService,
    ProductsExportService,
    OrdersImportService,
    OrdersExportService,
    ImportsService,
    ProductsImportKind,
    QueuedImportsService,
  ],
})
export class TransferModule {
  static readonly entities = [Import, ImportChange];
}
