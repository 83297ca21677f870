import { Get, Req, type StreamableFile } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Overloaded, StorageFull } from '../../common/common.errors';
import { csvDownload } from '../../http/csv-download';
import { Route } from '../../http/route';
import { TenantController } from '../../tenancy/tenant-controller.decorator';
import { OrdersExportService } from './orders-export.service';

@TenantController('orders')
export class OrdersTransferController {
  constructor(private readonly exports: OrdersExportService) {}

  @Get('export')
  @Route({
    summary: 'Exports all orders as a CSV with a row for each line, oldest first, from one snapshot',
    operationId: 'OrdersController_export',
    file: 'text/csv',
    errors: [Overloaded, StorageFull],
  })
  export(@Req() request: FastifyRequest): Promise<StreamableFile> {
    return csvDownload(request, 'orders.csv', (sink) => this.exports.export(sink));
  }
}
