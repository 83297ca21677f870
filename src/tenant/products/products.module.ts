import { Module } from '@nestjs/common';
import { ProductVariant } from './product-variant.entity';
import { Product } from './product.entity';
import { ProductsController } from './products.controller';
import { ProductsService } from './products.service';
import { StockChange } from './stock-change.entity';

@Module({ controllers: [ProductsController], providers: [ProductsService] })
export class ProductsModule {
  static readonly entities = [Product, ProductVariant, StockChange];
}
