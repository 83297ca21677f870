import { Module } from '@nestjs/common';
import { OrdersExportService } from './orders-export.service';
import { OrdersImportService } from './orders-import.service';
import { OrdersTransferController } from './orders-transfer.controller';
import { ProductsExportService } from './products-export.service';
import { ProductsImportService } from './products-import.service';
import { ProductsTransferController } from './products-transfer.controller';

/** Whole files in and out of a shop. It uses the resources of src/tenant; none of them knows it. */
@Module({
  controllers: [ProductsTransferController, OrdersTransferController],
  providers: [ProductsImportService, ProductsExportService, OrdersImportService, OrdersExportService],
})
export class TransferModule {}
