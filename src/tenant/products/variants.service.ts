import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { InvalidCursor } from '../../common/common.errors';
import { isId, LAST_ID } from '../../common/ids';
import { type Page, type PageQuery, toPage } from '../../http/page';
import type { Precondition } from '../../http/precondition';
import { assertUnchanged } from '../../http/read-only';
import { TenantConnection } from '../../tenancy/tenant-connection';
import { recordChanges } from '../changes/record-changes';
import { mergeOptions } from './product-options';
import { assertSize, assertVariants, lockProduct } from './product-rows';
import { ProductVariant, type ProductWithVariants } from './product-variant.entity';
import { Product } from './product.entity';
import { LastVariant, StockTooLow, VariantNotFound } from './products.errors';
import { StockChange } from './stock-change.entity';
import { recordStock } from './stock-ledger';
import {
  type ChangeStockDto,
  type CreateVariantDto,
  type ListVariantsQuery,
  type StockChangeDto,
  toProductVariantDto,
  toStockChangeDto,
  type UpdateVariantDto,
  type ProductVariantDto,
} from './variants.dto';
import {
  isBeyond,
  isShort,
  removeVariants,
  saveVariants,
  type VariantOrigin,
  variantRows,
  type VariantRow,
} from './variants';

/** The index is of lower(sku). */
const HAS_SKU = 'v.sku = :sku AND lower(v.sku) COLLATE "C" = lower(:sku) COLLATE "C"';

/** Single variants of products, and their stock. */
@Injectable()
export class VariantsService {
  constructor(private readonly tenant: TenantConnection) {}

  /** Newest first. */
  async list({ sku, limit, cursor }: ListVariantsQuery): Promise<Page<ProductVariantDto>> {
    if (cursor !== undefined && !isId(cursor)) throw new InvalidCursor();
    const found = await this.tenant.runOne((manager) => {
      const query = manager
        .createQueryBuilder(ProductVariant, 'v')
        .where('v.id < :cursor', { cursor: cursor ?? LAST_ID })
        .orderBy('v.id', 'DESC')
        .limit(limit + 1);
      if (sku !== undefined) query.andWhere(HAS_SKU, { sku });
      return query.getMany();
    });
    return toPage(found, limit, ({ id }) => id, toProductVariantDto);
  }

  get(id: string): Promise<ProductVariantDto> {
    return this.tenant.runOne((manager) => readVariant(manager, id));
  }

  /** Adds a variant behind the others of its product. @throws ProductNotFound; ValidationFailed */
  create(productId: string, input: CreateVariantDto): Promise<ProductVariantDto> {
    return this.tenant.transaction(async (manager) => {
      const product = await lockProduct(manager, productId);
      const [row] = variantRows(productId, [], [input], undefined, () => 'stock');
      const position = Math.max(0, ...product.variants.map((variant) => variant.position)) + 1;
      const added = { ...row!, position }; // one for the one input
      const all = [...product.variants, added];
      assertVariants(all, undefined);
      assertSize(product, all);
      await saveVariants(manager, product.variants, [added], this.correction());
      await this.saveOptions(manager, product, all);
      return readVariant(manager, added.id);
    });
  }

  update(id: string, input: UpdateVariantDto, ifMatch: Precondition): Promise<ProductVariantDto> {
    const { id: sameId, productId, ...changes } = input;
    return this.tenant.transaction(async (manager) => {
      const { product, variant } = await lockVariant(manager, id);
      await ifMatch.check(() => readVariant(manager, id));
      assertUnchanged(toProductVariantDto(variant), { id: sameId, productId });
      const [changed] = variantRows(product.id, [variant], [{ ...changes, id }], undefined, () => 'stock');
      const row = { ...changed!, position: variant.position }; // one for the one input
      const all = product.variants.map((other) => (other.id === id ? row : other));
      assertVariants(all, undefined);
      assertSize(product, all);
      await saveVariants(manager, [variant], [row], this.correction());
      await this.saveOptions(manager, product, all);
      return readVariant(manager, id);
    });
  }

  /** @throws VariantNotFound; LastVariant: a product without a variant could not be sold */
  remove(id: string, ifMatch: Precondition): Promise<void> {
    return this.tenant.transaction(async (manager) => {
      const { product, variant } = await lockVariant(manager, id);
      await ifMatch.check(() => readVariant(manager, id));
      const rest = product.variants.filter((other) => other.id !== id);
      if (rest.length === 0) throw new LastVariant();
      await removeVariants(manager, [variant], this.correction());
      await this.saveOptions(manager, product, rest);
    });
  }

  /** Adds to the stock, whatever it is meanwhile. @throws VariantNotFound, StockTooLow */
  changeStock(id: string, { delta, reason, isReturn }: ChangeStockDto): Promise<ProductVariantDto> {
    return this.tenant.transaction(async (manager) => {
      const lock = { mode: 'pessimistic_write' as const };
      const variant = await manager.findOne(ProductVariant, { where: { id }, lock });
      if (variant === null) throw new VariantNotFound();
      const stock = variant.stock + delta;
      if (isShort({ ...variant, stock }) || isBeyond(stock, variant.stock))
        throw new StockTooLow({ detail: `The stock is ${variant.stock}; it cannot become ${stock}.` });
      await manager.update(ProductVariant, { id }, { stock });
      await recordStock(manager, [{ variantId: id, before: variant.stock, after: stock }], {
        ...this.correction(),
        ...{ reason: isReturn === true ? 'return' : 'correction', note: reason },
      });
      return readVariant(manager, id);
    });
  }

  /** Newest first. */
  async listStockChanges(id: string, { limit, cursor }: PageQuery): Promise<Page<StockChangeDto>> {
    if (cursor !== undefined && !isId(cursor)) throw new InvalidCursor();
    const changes = await this.tenant.run(async (manager) => {
      if (!(await manager.existsBy(ProductVariant, { id }))) throw new VariantNotFound();
      return manager
        .createQueryBuilder(StockChange, 'c')
        .where('c.variant_id = :id AND c.id < :cursor', { id, cursor: cursor ?? LAST_ID })
        .orderBy('c.id', 'DESC')
        .limit(limit + 1)
        .getMany();
    });
    return toPage(changes, limit, (change) => change.id, toStockChangeDto);
  }

  private correction(): VariantOrigin {
    const { access, author } = this.tenant;
    return { reason: 'correction', createdBy: access.userId, author };
  }

  private async saveOptions(
    manager: EntityManager,
    product: ProductWithVariants,
    variants: readonly VariantRow[],
  ): Promise<void> {
    const { id } = product;
    const after = { options: mergeOptions({ product, variants: product.variants }, variants) };
    await manager.update(Product, { id }, { ...after, updatedAt: new Date() });
    const changed = { id, kind: 'changed' as const, before: product, after };
    await recordChanges(manager, Product, [changed], this.tenant.author);
  }
}

async function readVariant(manager: EntityManager, id: string): Promise<ProductVariantDto> {
  const variant = await manager.findOneBy(ProductVariant, { id });
  if (variant === null) throw new VariantNotFound();
  return toProductVariantDto(variant);
}

/** Locks the product of a variant with all its variants, in the order in which all writers lock them. */
async function lockVariant(
  manager: EntityManager,
  id: string,
): Promise<{ product: ProductWithVariants; variant: ProductVariant }> {
  const found = await manager.findOne(ProductVariant, {
    select: { id: true, productId: true },
    where: { id },
  });
  if (found === null) throw new VariantNotFound();
  const product = await lockProduct(manager, found.productId);
  const variant = product.variants.find((other) => other.id === id);
  if (variant === undefined) throw new VariantNotFound(); // removed a moment ago
  return { product, variant };
}
