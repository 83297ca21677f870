import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { invalidField } from '../../common/common.errors';
import { newId } from '../../common/ids';
import type { Page } from '../../http/page';
import type { Precondition } from '../../http/precondition';
import { assertUnchanged } from '../../http/read-only';
import { slugify } from '../../common/slug';
import { isUniqueViolation } from '../../common/sqlstate';
import { withoutUndefined } from '../../common/without-undefined';
import { TenantCache } from '../../tenancy/tenant-cache';
import { TenantConnection } from '../../tenancy/tenant-connection';
import { recordChanges, recordCreated } from '../changes/record-changes';
import { countRows, type Listing, readList } from '../lists/listing';
import { assertAmountsNamed } from './currency-change';
import { ImageFiles } from './image-files';
import { assertOwnImages, droppedImages, withPositions } from './product-images';
import { optionsOf } from './product-options';
import { assertSize, assertVariants, lockProduct } from './product-rows';
import { PRODUCT_BY_ID, productListOf } from './product-list';
import { isSearch, searchOf } from './product-search';
import { ProductVariant } from './product-variant.entity';
import { Product } from './product.entity';
import type { ListProductsQuery } from './list-products.dto';
import {
  type CreateProductDto,
  type ProductDto,
  type ProductRow,
  toProductDto,
  type UpdateProductDto,
} from './products.dto';
import { HandleTaken, ProductNotFound, VariantsNotNamed } from './products.errors';
import { withShown } from './shown-fields';
import {
  insertVariants,
  replaceVariants,
  updateOnlyVariant,
  type VariantOrigin,
  type VariantRow,
  variantRows,
} from './variants';

/** How long a count may miss the write of a process that dies after its COMMIT. */
const COUNT_MS = 10_000;
const COUNTED = z.object({ count: z.int().min(0), isCountExact: z.boolean() });

const digest = (text: string) => hash('sha256', text, 'base64');

/** The catalogue of one shop. */
@Injectable()
export class ProductsService {
  constructor(
    private readonly tenant: TenantConnection,
    private readonly imageFiles: ImageFiles,
    private readonly cache: TenantCache,
  ) {}

  /** Newest first unless asked otherwise: ids are UUIDv7, which sort by time of creation. */
  list(query: ListProductsQuery): Promise<Page<ProductDto>> {
    if (query.q !== undefined && query.sort !== undefined)
      throw invalidField('sort', 'a search by q has an order of its own');
    const listing = isSearch(query) ? searchOf(query) : productListOf(query);
    if (query.count === true && this.cache.isShared) return this.listCounted(listing, query);
    const read = (manager: EntityManager) => readList(manager, listing, query, toProductDto);
    return query.count === true ? this.tenant.run(read) : this.tenant.runOne(read);
  }

  /** A count is cached where the writes of all processes end it, and nowhere else: it must not contradict what a client has written. */
  private async listCounted(
    listing: Listing<ProductRow>,
    query: ListProductsQuery,
  ): Promise<Page<ProductDto>> {
    const { count } = listing;
    const [page, counted] = await Promise.all([
      this.tenant.runOne((manager) => readList(manager, listing, { limit: query.limit }, toProductDto)),
      this.cache.remember(
        this.tenant.access,
        `count ${digest(JSON.stringify(count))}`,
        { ttlMs: COUNT_MS, shape: COUNTED },
        () => this.tenant.runOne((manager) => countRows(manager, count)),
      ),
    ]);
    return { ...page, ...counted };
  }

  get(id: string): Promise<ProductDto> {
    return this.tenant.runOne((manager) => readProduct(manager, id));
  }

  create(input: CreateProductDto): Promise<ProductDto> {
    const id = newId();
    const { variants, sku, priceMinor, stock, options, images, ...fields } = input;
    const rows =
      variants === undefined
        ? variantRows(id, [], [{ sku, stock }], priceMinor, () => 'stock')
        : withShown(variantRows(id, [], variants, priceMinor), variants, { sku, priceMinor, stock }, []);
    assertVariants(rows, options);
    assertOwnImages(images ?? [], []);
    const product = {
      ...{ attributes: {}, ...fields, id },
      options: options ?? optionsOf(rows),
      images: withPositions(images ?? []),
    };
    assertSize(product, rows);
    const origin = this.correction();
    return this.tenant.transaction(async (manager) => {
      await insertProduct(manager, product, this.tenant.access.currency);
      await insertVariants(manager, rows, origin);
      await recordCreated(manager, Product, [product], origin.author);
      return readProduct(manager, id);
    });
  }

  async update(id: string, input: UpdateProductDto, ifMatch: Precondition): Promise<ProductDto> {
    const { variants, options, images, sku, priceMinor, stock, removeVariants, ...rest } = input;
    const { id: sameId, createdAt, updatedAt, ...fields } = rest;
    const only = withoutUndefined({ sku, priceMinor, stock });
    const same = withoutUndefined({ id: sameId, createdAt, updatedAt });
    const origin = this.correction();
    let dropped: string[] = [];
    const updated = await this.tenant.transaction(async (manager) => {
      const product = await lockProduct(manager, id);
      await ifMatch.check(() => readProduct(manager, id));
      if (Object.keys(same).length > 0) assertUnchanged(await readProduct(manager, id), same);
      const { variants: present } = product;
      if (![undefined, product.currency].includes(fields.currency))
        assertAmountsNamed(present, variants ?? present.map((variant) => ({ id: variant.id, priceMinor })));
      const rows =
        variants && withShown(variantRows(id, present, variants, priceMinor), variants, only, present);
      if (rows !== undefined && removeVariants !== true) assertAllNamed(present, rows);
      if (rows !== undefined || options !== undefined) assertVariants(rows ?? present, options);
      assertOwnImages(images ?? [], product.images);
      dropped = droppedImages(product.images, images ?? product.images);
      const changes = withoutUndefined({
        ...{ ...fields, options: options ?? (rows && optionsOf(rows)), updatedAt: new Date() },
        images: images && withPositions(images),
      });
      assertSize({ ...product, ...changes }, rows ?? present);
      if (rows !== undefined) await replaceVariants(manager, present, rows, origin);
      else if (Object.keys(only).length > 0) await updateOnlyVariant(manager, product, only, origin);
      await saveProduct(manager, id, changes);
      const changed = { id, kind: 'changed' as const, before: product, after: changes };
      await recordChanges(manager, Product, [changed], origin.author);
      return readProduct(manager, id);
    });
    await this.imageFiles.drop(this.tenant.access, dropped);
    return updated;
  }

  async remove(id: string, ifMatch: Precondition): Promise<void> {
    const dropped = await this.tenant.transaction(async (manager) => {
      const { variants, ...product } = await lockProduct(manager, id); // the cascade would lock the variants in any order
      await ifMatch.check(() => readProduct(manager, id));
      const removed = <T extends { id: string }>(before: T) => ({
        id: before.id,
        kind: 'removed' as const,
        before,
      });
      await recordChanges(manager, Product, [removed(product)], this.tenant.author);
      await recordChanges(manager, ProductVariant, variants.map(removed), this.tenant.author);
      await manager.delete(Product, { id });
      return droppedImages(product.images, []);
    });
    await this.imageFiles.drop(this.tenant.access, dropped);
  }

  private correction(): VariantOrigin {
    const { access, author } = this.tenant;
    return { reason: 'correction', createdBy: access.userId, author };
  }
}

/** @throws VariantsNotNamed */
function assertAllNamed(present: readonly ProductVariant[], rows: readonly VariantRow[]): void {
  const named = new Set(rows.map(({ id }) => id));
  const errors = present.filter(({ id }) => !named.has(id)).map(({ id, sku }) => ({ variantId: id, sku }));
  if (errors.length > 0) throw new VariantsNotNamed({ errors });
}

async function readProduct(manager: EntityManager, id: string): Promise<ProductDto> {
  const [product] = await manager.query<ProductRow[]>(PRODUCT_BY_ID, [id]);
  if (product === undefined) throw new ProductNotFound();
  return toProductDto(product);
}

type NewProduct = Omit<CreateProductDto, 'variants' | 'sku' | 'priceMinor' | 'stock' | 'images'> &
  Pick<Product, 'id' | 'images'>;

/** Inserts under the requested handle, or under a free one made from the name. @throws HandleTaken */
async function insertProduct(manager: EntityManager, input: NewProduct, currency: string): Promise<void> {
  const { handle, ...fields } = input;
  const made = slugify(input.name) || 'product';
  for (const candidate of handle === undefined ? [made, `${made}-${input.id.slice(-8)}`] : [handle]) {
    const { raw } = await manager
      .createQueryBuilder()
      .insert()
      .into(Product)
      .values({ currency, status: 'active', ...withoutUndefined(fields), handle: candidate })
      .orIgnore()
      .returning('id')
      .execute();
    if ((raw as unknown[]).length === 1) return;
  }
  throw new HandleTaken();
}

async function saveProduct(manager: EntityManager, id: string, changes: Partial<Product>): Promise<void> {
  try {
    await manager.update(Product, { id }, changes);
  } catch (error) {
    if (isUniqueViolation(error)) throw new HandleTaken({ cause: error });
    throw error;
  }
}
