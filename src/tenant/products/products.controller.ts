import { Body, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { InvalidCursor } from '../../common/common.errors';
import { type Page } from '../../http/page';
import { IfMatch, Precondition } from '../../http/precondition';
import { Route } from '../../http/route';
import { IdPipe } from '../../http/validation';
import { Adds } from '../../tenancy/quotas';
import { TenantController } from '../../tenancy/tenant-controller.decorator';
import { addsVariants } from './adds-variants';
import { ListProductsQuery } from './list-products.dto';
import { CreateProductDto, ProductDto, UpdateProductDto } from './products.dto';
import {
  HandleTaken,
  ProductHasVariants,
  ProductNotFound,
  VariantNotFound,
  VariantsNotNamed,
} from './products.errors';
import { ProductsService } from './products.service';
import { ListSimilarQuery, SimilarProductsDto } from './similar/similar.dto';
import { SimilarService } from './similar/similar.service';
import { CreateVariantDto, ProductVariantDto } from './variants.dto';
import { VariantsService } from './variants.service';

@TenantController('products')
export class ProductsController {
  constructor(
    private readonly products: ProductsService,
    private readonly variants: VariantsService,
    private readonly similar: SimilarService,
  ) {}

  @Get()
  @Route({
    summary: 'Lists products, newest first',
    ok: ProductDto,
    list: 'counted',
    errors: [InvalidCursor],
  })
  list(@Query() query: ListProductsQuery): Promise<Page<ProductDto>> {
    return this.products.list(query);
  }

  @Post()
  @Adds()
  @Route({
    summary: 'Adds a product',
    status: 201,
    ok: ProductDto,
    errors: [VariantNotFound, HandleTaken],
  })
  create(@Body() product: CreateProductDto): Promise<ProductDto> {
    return this.products.create(product);
  }

  @Get(':id')
  @Route({ summary: 'Shows a product', ok: ProductDto, errors: [ProductNotFound] })
  get(@Param('id', IdPipe) id: string): Promise<ProductDto> {
    return this.products.get(id);
  }

  @Get(':id/similar')
  @Route({
    summary: 'Lists the products that are most similar to a product',
    ok: SimilarProductsDto,
    errors: [ProductNotFound],
  })
  listSimilar(
    @Param('id', IdPipe) id: string,
    @Query() query: ListSimilarQuery,
  ): Promise<SimilarProductsDto> {
    return this.similar.list(id, query);
  }

  @Patch(':id')
  @Adds(addsVariants)
  @Route({
    summary: 'Changes a product',
    ok: ProductDto,
    errors: [ProductNotFound, VariantNotFound, HandleTaken, ProductHasVariants, VariantsNotNamed],
  })
  update(
    @Param('id', IdPipe) id: string,
    @Body() changes: UpdateProductDto,
    @IfMatch() ifMatch: Precondition,
  ): Promise<ProductDto> {
    return this.products.update(id, changes, ifMatch);
  }

  @Post(':id/variants')
  @Adds()
  @Route({
    summary: 'Adds a variant to a product, which may have 2,048',
    status: 201,
    ok: ProductVariantDto,
    errors: [ProductNotFound],
  })
  addVariant(
    @Param('id', IdPipe) productId: string,
    @Body() variant: CreateVariantDto,
  ): Promise<ProductVariantDto> {
    return this.variants.create(productId, variant);
  }

  @Delete(':id')
  @Route({
    summary: 'Removes a product; past orders keep what was sold',
    status: 204,
    errors: [ProductNotFound],
  })
  remove(@Param('id', IdPipe) id: string, @IfMatch() ifMatch: Precondition): Promise<void> {
    return this.products.remove(id, ifMatch);
  }
}
