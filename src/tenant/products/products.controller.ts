import {
  Body,
  Delete,
  Get,
  Inject,
  Param,
  Patch,
  Post,
  Query,
  Req,
  type StreamableFile,
} from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import {
  BodyTooLarge,
  InvalidCursor,
  MalformedBody,
  Overloaded,
  StorageFull,
  UnsupportedMediaType,
} from '../../common/common.errors';
import { csvDownload } from '../../http/csv-download';
import { type Page } from '../../http/page';
import { Route } from '../../http/route';
import { withUpload } from '../../http/upload';
import { IdPipe } from '../../http/validation';
import { ENV, type Env } from '../../config/env';
import { TenantController } from '../../tenancy/tenant-controller.decorator';
import { CreateProductDto, ListProductsQuery, ProductDto, UpdateProductDto } from './products.dto';
import {
  HandleTaken,
  ImportRejected,
  NotACatalogueFile,
  ProductHasVariants,
  ProductNotFound,
  SkuTaken,
  VariantNotFound,
} from './products.errors';
import { ImportQuery, ImportReportDto } from '../transfer/import.dto';
import { ProductsExportService } from '../transfer/products-export.service';
import { ProductsImportService } from '../transfer/products-import.service';
import { ProductsService } from './products.service';

const MIB = 1_048_576;

@TenantController('products')
export class ProductsController {
  constructor(
    private readonly products: ProductsService,
    private readonly imports: ProductsImportService,
    private readonly exports: ProductsExportService,
    @Inject(ENV) private readonly env: Env,
  ) {}

  @Get()
  @Route({ summary: 'Lists products, newest first', ok: ProductDto, list: true, errors: [InvalidCursor] })
  list(@Query() query: ListProductsQuery): Promise<Page<ProductDto>> {
    return this.products.list(query);
  }

  @Post()
  @Route({
    summary: 'Adds a product',
    status: 201,
    ok: ProductDto,
    errors: [VariantNotFound, HandleTaken, SkuTaken],
  })
  create(@Body() product: CreateProductDto): Promise<ProductDto> {
    return this.products.create(product);
  }

  @Post('import')
  @RouteConfig({ takesFile: true })
  @Route({
    summary: 'Loads a Shopify product CSV; creates or updates by handle and SKU',
    ok: ImportReportDto,
    csv: true,
    errors: [
      NotACatalogueFile,
      ImportRejected,
      HandleTaken,
      SkuTaken,
      BodyTooLarge,
      UnsupportedMediaType,
      MalformedBody,
    ],
  })
  import(@Req() request: FastifyRequest, @Query() query: ImportQuery): Promise<ImportReportDto> {
    return withUpload(request, this.env.IMPORT_MAX_MB * MIB, (file) =>
      this.imports.import(file.open(), query),
    );
  }

  @Get('export')
  @Route({
    summary: 'The whole catalogue as the Shopify product CSV that the import reads, as of one moment',
    csvFile: true,
    errors: [Overloaded, StorageFull],
  })
  export(@Req() request: FastifyRequest): Promise<StreamableFile> {
    return csvDownload(request, 'products.csv', (sink) => this.exports.export(sink));
  }

  @Get(':id')
  @Route({ summary: 'Shows a product', ok: ProductDto, errors: [ProductNotFound] })
  get(@Param('id', IdPipe) id: string): Promise<ProductDto> {
    return this.products.get(id);
  }

  @Patch(':id')
  @Route({
    summary: 'Changes a product',
    ok: ProductDto,
    errors: [ProductNotFound, VariantNotFound, HandleTaken, SkuTaken, ProductHasVariants],
  })
  update(@Param('id', IdPipe) id: string, @Body() changes: UpdateProductDto): Promise<ProductDto> {
    return this.products.update(id, changes);
  }

  @Delete(':id')
  @Route({
    summary: 'Removes a product; past orders keep what was sold',
    status: 204,
    errors: [ProductNotFound],
  })
  remove(@Param('id', IdPipe) id: string): Promise<void> {
    return this.products.remove(id);
  }
}
