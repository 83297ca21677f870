import { Delete, Get, Headers, Inject, Param, Post, Req, Res, type StreamableFile } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BodyTooLarge, StorageFull, UnsupportedMediaType } from '../../common/common.errors';
import { ENV, type Env } from '../../config/env';
import { sendFile } from '../../http/send-file';
import { Route } from '../../http/route';
import { withUpload } from '../../http/upload';
import { IdPipe } from '../../http/validation';
import { InShop } from '../../tenancy/in-shop.decorator';
import { Adds } from '../../tenancy/quotas';
import { FileNotFound, FilesUnavailable } from '../../tenancy/tenancy.errors';
import type { TenantAccess } from '../../tenancy/tenant';
import { TenantController } from '../../tenancy/tenant-controller.decorator';
import { ImagesService } from './images.service';
import { ProductImageDto } from './products.dto';
import { ImageNotFound, NotAnImage, ProductNotFound } from './products.errors';

const MIB = 1_048_576;

@TenantController('products/:id/images')
export class ImagesController {
  constructor(
    private readonly images: ImagesService,
    @Inject(ENV) private readonly env: Env,
  ) {}

  @Post()
  @Adds('images')
  @RouteConfig({ takesFile: 'image' })
  @Route({
    summary: 'Adds an image to a product: PNG, JPEG, WebP, GIF or AVIF, told by its first bytes',
    status: 201,
    ok: ProductImageDto,
    image: true,
    errors: [ProductNotFound, BodyTooLarge, NotAnImage, UnsupportedMediaType, StorageFull, FilesUnavailable],
  })
  add(
    @Req() request: FastifyRequest,
    @Param('id', IdPipe) productId: string,
    @InShop() { shopId }: TenantAccess,
  ): Promise<ProductImageDto> {
    return withUpload(request, { sender: shopId, maxBytes: this.env.IMAGE_MAX_MB * MIB }, (file) =>
      this.images.add(productId, file),
    );
  }

  @Get(':name')
  @Route({
    summary: 'Sends an image of a product',
    file: 'image/*',
    errors: [ProductNotFound, ImageNotFound, FileNotFound, FilesUnavailable],
  })
  async get(
    @Param('id', IdPipe) productId: string,
    @Param('name') name: string,
    @Headers('if-none-match') known: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile | undefined> {
    return sendFile(await this.images.open(productId, name), known, reply);
  }

  @Delete(':name')
  @Route({
    summary: 'Removes an image of a product',
    status: 204,
    errors: [ProductNotFound, ImageNotFound],
  })
  remove(@Param('id', IdPipe) productId: string, @Param('name') name: string): Promise<void> {
    return this.images.remove(productId, name);
  }
}
