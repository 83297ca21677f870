import { Body, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { InvalidCursor } from '../../common/common.errors';
import { type Page, PageQuery } from '../../http/page';
import { IfMatch, Precondition } from '../../http/precondition';
import { Route } from '../../http/route';
import { IdPipe } from '../../http/validation';
import { Feature } from '../../tenancy/features';
import { Adds } from '../../tenancy/quotas';
import { TenantController } from '../../tenancy/tenant-controller.decorator';
import { BulkDto, BulkResultDto } from './bulk.dto';
import { BulkService } from './bulk.service';
import { LastVariant, StockTooLow, VariantNotFound } from './products.errors';
import {
  ChangeStockDto,
  ListVariantsQuery,
  ProductVariantDto,
  StockChangeDto,
  UpdateVariantDto,
} from './variants.dto';
import { VariantsService } from './variants.service';

@TenantController('variants')
export class VariantsController {
  constructor(
    private readonly variants: VariantsService,
    private readonly bulk: BulkService,
  ) {}

  @Get()
  @Route({
    summary: 'Lists variants, newest first',
    ok: ProductVariantDto,
    list: true,
    errors: [InvalidCursor],
  })
  list(@Query() query: ListVariantsQuery): Promise<Page<ProductVariantDto>> {
    return this.variants.list(query);
  }

  @Post('bulk')
  @Adds()
  @Feature('bulkUpdates')
  @Route({
    summary: 'Sets prices and stocks of many variants; each is applied or refused on its own',
    ok: BulkResultDto,
  })
  changeMany(@Body() changes: BulkDto): Promise<BulkResultDto> {
    return this.bulk.change(changes);
  }

  @Get(':id')
  @Route({ summary: 'Shows a variant', ok: ProductVariantDto, errors: [VariantNotFound] })
  get(@Param('id', IdPipe) id: string): Promise<ProductVariantDto> {
    return this.variants.get(id);
  }

  @Patch(':id')
  @Route({
    summary: 'Changes a variant; the others of its product stay as they are',
    ok: ProductVariantDto,
    errors: [VariantNotFound],
  })
  update(
    @Param('id', IdPipe) id: string,
    @Body() changes: UpdateVariantDto,
    @IfMatch() ifMatch: Precondition,
  ): Promise<ProductVariantDto> {
    return this.variants.update(id, changes, ifMatch);
  }

  @Delete(':id')
  @Route({
    summary: 'Removes a variant; past orders keep what was sold',
    status: 204,
    errors: [VariantNotFound, LastVariant],
  })
  remove(@Param('id', IdPipe) id: string, @IfMatch() ifMatch: Precondition): Promise<void> {
    return this.variants.remove(id, ifMatch);
  }

  @Post(':id/stock')
  @Route({
    summary: 'Adds to the stock of a variant, or takes from it',
    ok: ProductVariantDto,
    errors: [VariantNotFound, StockTooLow],
  })
  changeStock(@Param('id', IdPipe) id: string, @Body() change: ChangeStockDto): Promise<ProductVariantDto> {
    return this.variants.changeStock(id, change);
  }

  @Get(':id/stock-changes')
  @Route({
    summary: 'Lists the changes of the stock of a variant, newest first; they add up to it',
    ok: StockChangeDto,
    list: true,
    errors: [VariantNotFound, InvalidCursor],
  })
  listStockChanges(@Param('id', IdPipe) id: string, @Query() page: PageQuery): Promise<Page<StockChangeDto>> {
    return this.variants.listStockChanges(id, page);
  }
}
