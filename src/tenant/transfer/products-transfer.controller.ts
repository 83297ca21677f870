import { Get, Inject, Post, Query, Req, Res, type StreamableFile } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  BodyTooLarge,
  MalformedBody,
  Overloaded,
  StorageFull,
  UnsupportedMediaType,
} from '../../common/common.errors';
import { ENV, type Env } from '../../config/env';
import { csvDownload } from '../../http/csv-download';
import { Route } from '../../http/route';
import { withUpload } from '../../http/upload';
import { Feature } from '../../tenancy/features';
import { InShop } from '../../tenancy/in-shop.decorator';
import type { TenantAccess } from '../../tenancy/tenant';
import { Adds } from '../../tenancy/quotas';
import { FilesUnavailable } from '../../tenancy/tenancy.errors';
import { TenantController } from '../../tenancy/tenant-controller.decorator';
import { ImportQuery, ImportReportDto, QueuedImportDto, toImportOptions } from './import.dto';
import { ProductsExportService } from './products-export.service';
import { ProductsImportService } from './products-import.service';
import { QueuedImportsService } from './queued/queued-imports.service';
import {
  EncodingUnclear,
  ImportRejected,
  ImportsWaiting,
  NotACatalogueFile,
  SeparatorUnclear,
} from './transfer.errors';

const MIB = 1_048_576;
const EXAMPLE = 'Handle,Title,Variant SKU,Variant Inventory Qty,Variant Price\nmug,Mug,MUG-1,3,5.00\n';

/** The router prefers `products/export` to `products/:id`, whichever is registered first. */
@TenantController('products')
export class ProductsTransferController {
  constructor(
    private readonly imports: ProductsImportService,
    private readonly queued: QueuedImportsService,
    private readonly exports: ProductsExportService,
    @Inject(ENV) private readonly env: Env,
  ) {}

  @Post('import')
  @Adds('many')
  @Feature('productImports')
  @RouteConfig({ takesFile: true })
  @Route({
    summary: 'Imports a Shopify product CSV; creates or updates by handle, or by SKU where there is none',
    operationId: 'ProductsController_import',
    ok: ImportReportDto,
    queued: QueuedImportDto,
    csv: EXAMPLE,
    errors: [
      NotACatalogueFile,
      EncodingUnclear,
      SeparatorUnclear,
      ImportRejected,
      ImportsWaiting,
      BodyTooLarge,
      UnsupportedMediaType,
      MalformedBody,
      FilesUnavailable,
    ],
  })
  import(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Query() query: ImportQuery,
    @InShop() { shopId }: TenantAccess,
  ): Promise<ImportReportDto | QueuedImportDto> {
    return withUpload<ImportReportDto | QueuedImportDto>(
      request,
      { sender: shopId, maxBytes: this.env.IMPORT_MAX_MB * MIB },
      (file) =>
        this.queued.isFor(request, file)
          ? this.queued.add(file, toImportOptions(query), reply)
          : this.imports.import(file, toImportOptions(query)),
    );
  }

  @Get('export')
  @Route({
    summary: 'Exports the catalogue as a Shopify product CSV, from one snapshot',
    operationId: 'ProductsController_export',
    file: 'text/csv',
    errors: [Overloaded, StorageFull],
  })
  export(@Req() request: FastifyRequest): Promise<StreamableFile> {
    return csvDownload(request, 'products.csv', (sink) => this.exports.export(sink));
  }
}
