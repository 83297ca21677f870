import { Injectable } from '@nestjs/common';
import type { Readable } from 'node:stream';
import type { EntityManager } from 'typeorm';
import { AppError } from '../../common/app-error';
import { invalidField } from '../../common/common.errors';
import { newId } from '../../common/ids';
import type { UploadedFile } from '../../http/upload';
import { Quotas } from '../../tenancy/quotas';
import { TenantConnection } from '../../tenancy/tenant-connection';
import { recordChanges } from '../changes/record-changes';
import { ImageFiles } from './image-files';
import { HEAD_BYTES, IMAGE_TYPES, type ImageType, imageTypeOf } from './image-type';
import { imagePath, MAX_IMAGES, withPositions } from './product-images';
import { lockProduct } from './product-rows';
import { Product, type ProductImage } from './product.entity';
import { ImageNotFound, NotAnImage, ProductNotFound } from './products.errors';

/** An image as it is sent. */
export interface ImageContent {
  name: string;
  type: string;
  length: number;
  open: () => Promise<Readable>;
}

/** Images of products that the shop itself stores. A file is written before a product shows it, and removed after none does. */
@Injectable()
export class ImagesService {
  constructor(
    private readonly tenant: TenantConnection,
    private readonly files: ImageFiles,
    private readonly quotas: Quotas,
  ) {}

  /** Adds an image behind those that the product has. @throws ProductNotFound, NotAnImage, QuotaExceeded */
  async add(productId: string, upload: UploadedFile): Promise<ProductImage> {
    const type = imageTypeOf(await headOf(upload));
    if (type === null) throw new NotAnImage();
    await this.tenant.runOne((manager) => imagesOf(manager, productId)); // before a file is written for nothing
    const { access } = this.tenant;
    const takeBack = await this.quotas.countImage(access, upload.size);
    const name = `${newId()}.${type}`;
    let isShown = false;
    try {
      await this.files.of(access).write(name, upload.open(), upload.size);
      return await this.tenant.transaction(async (manager) => {
        const image = await this.show(manager, productId, name);
        isShown = true; // from here on, of an error nobody knows whether it came before COMMIT: the sweep finds what no product shows
        return image;
      });
    } catch (error) {
      if (error instanceof AppError) isShown = false; // refused before COMMIT
      throw error;
    } finally {
      if (!isShown) {
        takeBack();
        await this.files.discard(access, name); // also of a repetition, which ends before the work
      }
    }
  }

  /** @throws ProductNotFound, ImageNotFound, FileNotFound */
  async open(productId: string, name: string): Promise<ImageContent> {
    const images = await this.tenant.runOne((manager) => imagesOf(manager, productId));
    if (!images.some(({ src }) => src === imagePath(productId, name))) throw new ImageNotFound();
    const files = this.files.of(this.tenant.access);
    const type = IMAGE_TYPES[name.slice(name.lastIndexOf('.') + 1) as ImageType];
    return { name, type, length: await files.size(name), open: () => files.read(name) };
  }

  /** @throws ProductNotFound, ImageNotFound */
  async remove(productId: string, name: string): Promise<void> {
    await this.tenant.transaction(async (manager) => {
      const product = await lockProduct(manager, productId);
      const images = product.images.filter(({ src }) => src !== imagePath(productId, name));
      if (images.length === product.images.length) throw new ImageNotFound();
      await this.save(manager, product, images);
    });
    await this.files.drop(this.tenant.access, [name]);
  }

  private async show(manager: EntityManager, productId: string, name: string): Promise<ProductImage> {
    const product = await lockProduct(manager, productId);
    if (product.images.length >= MAX_IMAGES)
      throw invalidField('images', `a product has at most ${MAX_IMAGES} images`);
    const src = imagePath(productId, name);
    const images = withPositions([...product.images, { src }]);
    await this.save(manager, product, images);
    return images.find((image) => image.src === src)!; // it has just been put in
  }

  private async save(manager: EntityManager, before: Product, images: ProductImage[]): Promise<void> {
    const after = { images, updatedAt: new Date() };
    await manager.update(Product, { id: before.id }, after);
    const changed = { id: before.id, kind: 'changed' as const, before, after };
    await recordChanges(manager, Product, [changed], this.tenant.author);
  }
}

async function imagesOf(manager: EntityManager, id: string): Promise<ProductImage[]> {
  const product = await manager.findOne(Product, { select: { images: true }, where: { id } });
  if (product === null) throw new ProductNotFound();
  return product.images;
}

async function headOf(upload: UploadedFile): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of upload.open() as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= HEAD_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, HEAD_BYTES);
}
