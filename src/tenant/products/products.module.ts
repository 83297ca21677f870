import { Module } from '@nestjs/common';
import { BulkService } from './bulk.service';
import { ProductVariant } from './product-variant.entity';
import { ImageFiles } from './image-files';
import { ImageSweepService } from './image-sweep.service';
import { ImagesController } from './images.controller';
import { ImagesService } from './images.service';
import { Product } from './product.entity';
import { ProductsController } from './products.controller';
import { ProductsService } from './products.service';
import { VariantsController } from './variants.controller';
import { VariantsService } from './variants.service';
import { EmbeddingJobs } from './similar/embedding-jobs';
import { ProductEmbedding } from './similar/product-embedding.entity';
import { SimilarService } from './similar/similar.service';
import { StockChange } from './stock-change.entity';

@Module({
  controllers: [ProductsController, VariantsController, ImagesController],
  providers: [
    ProductsService,
    VariantsService,
    BulkService,
    ImagesService,
    ImageFiles,
    ImageSweepService,
    SimilarService,
    EmbeddingJobs,
  ],
})
export class ProductsModule {
  static readonly entities = [Product, ProductVariant, StockChange, ProductEmbedding];
}
