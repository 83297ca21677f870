import type { Product } from '../../products/product.entity';
import type { ProductWithVariants } from '../../products/product-variant.entity';
import type { VariantRow } from '../../products/variants';

export type ProductValues = Omit<Product, 'createdAt' | 'updatedAt'>;

/** A product with its variants in order of position. */
export interface ProductState {
  product: ProductValues;
  variants: readonly VariantRow[];
}

/** A product that a batch of the file refers to, as it is stored and as it shall be. */
export interface WorkingProduct {
  /** Null for a new product. */
  readonly before: ProductState | null;
  now: ProductState;
}

/** The products that a batch of the file refers to. Several groups of the batch may change one of them. */
export class WorkingCatalogue {
  private readonly byHandle = new Map<string, WorkingProduct>();
  private readonly bySku = new Map<string, readonly WorkingProduct[]>();

  /** @param stored all products with a handle or, as far as needed, a SKU of the batch, with all their variants */
  constructor(stored: readonly ProductWithVariants[]) {
    for (const { variants, createdAt: _created, updatedAt: _updated, ...product } of stored) {
      const before = { product, variants: variants.toSorted((a, b) => a.position - b.position) };
      this.add({ before, now: before });
    }
  }

  withHandle(handle: string): WorkingProduct | undefined {
    return this.byHandle.get(handle);
  }

  /** A product for each variant with that SKU, so a product may be there twice. */
  withSku(sku: string): readonly WorkingProduct[] {
    return this.bySku.get(sku) ?? [];
  }

  /** @param working undefined for a new product */
  set(working: WorkingProduct | undefined, now: ProductState): WorkingProduct {
    if (working === undefined) return this.add({ before: null, now });
    for (const { sku } of working.now.variants)
      if (sku !== null)
        this.bySku.set(
          sku,
          this.withSku(sku).filter((other) => other !== working),
        );
    working.now = now;
    this.addSkus(working);
    return working;
  }

  private add(working: WorkingProduct): WorkingProduct {
    this.byHandle.set(working.now.product.handle, working);
    this.addSkus(working);
    return working;
  }

  private addSkus(working: WorkingProduct): void {
    for (const { sku } of working.now.variants)
      if (sku !== null) this.bySku.set(sku, [...this.withSku(sku), working]);
  }
}
