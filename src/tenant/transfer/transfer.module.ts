import { Module } from '@nestjs/common';
import { OrdersExportService } from './orders-export.service';
import { OrdersImportService } from './orders-import.service';
import { OrdersTransferController } from './orders-transfer.controller';
import { ProductsExportService } from './products-export.service';
import { ProductsImportService } from './products-import.service';
import { ProductsTransferController } from './products-transfer.controller';

/** Imports and exports of whole files. This module depends on the resources in src/tenant; they do not depend on it. */
@Module({
  controllers: [ProductsTransferController, OrdersTransferController],
  providers: [ProductsImportService, ProductsExportService, OrdersImportService, OrdersExportService],
})
export class TransferModule {}
