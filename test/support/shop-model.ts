import { type Expected, type GoesBack, OrderModel } from './order-model';

/** Fields of a variant that the steps change. */
export interface Counted {
  stock: number;
  tracksStock: boolean;
  sellsWhenOut: boolean;
  priceMinor: number;
}

export interface VariantModel extends Counted {
  id: string;
  productId: string;
  /** Value of its only option; null if the product has none. */
  size: string | null;
}

/** A variant as the shop has it. */
export type StoredVariant = VariantModel & { handle: string; ledger: number };

export interface ProductModel {
  id: string;
  handle: string;
  /** Values of the option Size; those without a variant are there too. */
  sizes: string[];
}

/** A row of a file; a field is missing if the file has no column for it. */
export type FileRow = { handle: string; size: string | null } & Partial<Counted>;

interface ImportModel {
  id: string;
  isUndone: boolean;
  /** Before is null for what the import created. */
  variants: { before: VariantModel | null; after: VariantModel }[];
  products: { before: ProductModel | null; after: ProductModel }[];
}

const NEW: Counted = { stock: 0, tracksStock: true, sellsWhenOut: false, priceMinor: 0 };
const FIELDS = ['stock', 'tracksStock', 'sellsWhenOut', 'priceMinor'] as const;

export function isShort({ stock, tracksStock, sellsWhenOut }: Counted): boolean {
  return stock < 0 && tracksStock && !sellsWhenOut;
}

/** Stock, orders and imports of a shop as they must be after each request. */
export class ShopModel {
  readonly variants = new Map<string, VariantModel>();
  readonly products = new Map<string, ProductModel>();
  readonly orders: OrderModel[] = [];
  readonly imports: ImportModel[] = [];

  variantsOf(productId: string): VariantModel[] {
    return [...this.variants.values()].filter((variant) => variant.productId === productId);
  }

  /** @returns the lines of the order, one for each variant, or the code of the refusal */
  takeStock(wanted: readonly { variantId: string; quantity: number }[]): OrderModel['lines'] | string {
    const units = new Map<string, number>();
    for (const { variantId, quantity } of wanted)
      units.set(variantId, (units.get(variantId) ?? 0) + quantity);
    const sold = [...units].map(([id, quantity]) => ({ variant: this.variants.get(id), quantity }));
    if (sold.some(({ variant }) => variant === undefined)) return 'VARIANT_NOT_FOUND';
    const lines = sold.map(({ variant, quantity }) => ({ variant: variant!, quantity })); // checked
    if (lines.some(({ variant, quantity }) => variant.stock < quantity && isShort({ ...variant, stock: -1 })))
      return 'INSUFFICIENT_STOCK';
    return lines.map(({ variant, quantity }, i) => {
      if (variant.tracksStock) variant.stock -= quantity;
      return {
        ...{ variantId: variant.id, position: i + 1, quantity, priceMinor: variant.priceMinor },
        ...{ tookStock: variant.tracksStock, fulfilled: 0, cancelled: 0, returned: 0 },
      };
    });
  }

  /** Puts units back, except those of variants that are gone. */
  giveBack(units: GoesBack): void {
    for (const { variantId, quantity } of units) {
      const variant = this.variants.get(variantId);
      if (variant !== undefined) variant.stock += quantity;
    }
  }

  /** Changes a variant. @param refusal code if its stock would be too low */
  change(id: string, values: Partial<Counted>, refusal: string): Expected {
    const variant = this.variants.get(id);
    if (variant === undefined) return 'VARIANT_NOT_FOUND';
    if (isShort({ ...variant, ...values })) return refusal;
    Object.assign(variant, values);
    return null;
  }

  changeProduct(id: string, stock: number): Expected {
    if (!this.products.has(id)) return 'PRODUCT_NOT_FOUND';
    const [only, second] = this.variantsOf(id);
    return second === undefined
      ? this.change(only!.id, { stock }, 'VALIDATION_FAILED')
      : 'PRODUCT_HAS_VARIANTS';
  }

  removeVariant(id: string): Expected {
    const variant = this.variants.get(id);
    if (variant === undefined) return 'VARIANT_NOT_FOUND';
    if (this.variantsOf(variant.productId).length === 1) return 'LAST_VARIANT';
    this.variants.delete(id);
    const product = this.products.get(variant.productId)!; // it has another variant
    product.sizes = product.sizes.filter((size) => size !== variant.size);
    return null;
  }

  removeProduct(id: string): Expected {
    for (const variant of this.variantsOf(id)) this.variants.delete(variant.id);
    return this.products.delete(id) ? null : 'PRODUCT_NOT_FOUND';
  }

  /** One bad row refuses the file. */
  expectedOfImport(rows: readonly FileRow[]): Expected {
    const isBad = rows.some((row) => {
      const before = this.find(row);
      const hasNoPrice = before === undefined && row.priceMinor === undefined;
      return hasNoPrice || isShort({ ...NEW, ...before, ...valuesOf(row) });
    });
    return isBad ? 'IMPORT_REJECTED' : null;
  }

  private find({ handle, size }: Pick<FileRow, 'handle' | 'size'>): VariantModel | undefined {
    const product = this.productOf(handle);
    return product && this.variantsOf(product.id).find((variant) => variant.size === size);
  }

  /** @param stored variants that the shop has now, among them those that the file has created */
  import(id: string, rows: readonly FileRow[], stored: readonly StoredVariant[]): void {
    const log: ImportModel = { id, isUndone: false, variants: [], products: [] };
    const known = new Map([...this.products].map(([key, product]) => [key, copyOf(product)]));
    for (const row of rows) {
      const before = this.find(row);
      const after = { ...NEW, ...before, ...valuesOf(row), ...identityOf(row, stored) };
      this.variants.set(after.id, after);
      if (before === undefined) this.addSize(row, after.productId);
      if (before === undefined || differs(before, after))
        log.variants.push({ before: before ?? null, after: { ...after } });
    }
    for (const product of this.products.values()) {
      const before = known.get(product.id) ?? null;
      if (before === null || !isSame(before.sizes, product.sizes))
        log.products.push({ before, after: copyOf(product) });
    }
    this.imports.push(log);
  }

  undo(place: number): Expected {
    const log = this.imports[place]!; // the steps name one that exists
    if (log.isUndone) return 'IMPORT_UNDONE';
    if (this.isTouched(log)) return 'IMPORT_TOUCHED';
    log.isUndone = true;
    for (const { before, after } of log.variants)
      if (before === null) this.variants.delete(after.id);
      else Object.assign(this.variants.get(after.id)!, changesBack(before, after));
    for (const { before, after } of log.products)
      if (before === null) this.products.delete(after.id);
      else this.products.set(before.id, copyOf(before));
    return null;
  }

  private isTouched({ variants, products }: ImportModel): boolean {
    const created = new Set(variants.filter(({ before }) => before === null).map(({ after }) => after.id));
    const createdProducts = new Set(
      products.filter(({ before }) => before === null).map(({ after }) => after.id),
    );
    return (
      variants.some(({ before, after }) => {
        const now = this.variants.get(after.id);
        if (now === undefined) return true;
        if (before === null) return differs(now, after) || this.isSold(after.id);
        const isChanged = FIELDS.some(
          (field) => before[field] !== after[field] && now[field] !== after[field],
        );
        return isChanged || isShort({ ...now, ...changesBack(before, after) });
      }) ||
      products.some(({ after }) => !isSame(this.products.get(after.id)?.sizes, after.sizes)) ||
      // What somebody has added to a new product would be lost, and a product needs a variant.
      [...this.products.keys()].some((id) => {
        const rest = this.variantsOf(id).filter((variant) => !created.has(variant.id));
        return createdProducts.has(id) ? rest.length > 0 : rest.length === 0;
      })
    );
  }

  /** The line of an order would lose its variant, whether the order is cancelled or not. */
  private isSold(id: string): boolean {
    return this.orders.some(({ lines }) => lines.some(({ variantId }) => variantId === id));
  }

  private productOf(handle: string): ProductModel | undefined {
    return [...this.products.values()].find((product) => product.handle === handle);
  }

  private addSize({ handle, size }: FileRow, productId: string): void {
    const product = this.products.get(productId) ?? { id: productId, handle, sizes: [] };
    if (size !== null && !product.sizes.includes(size)) product.sizes.push(size);
    this.products.set(productId, product);
  }
}

function copyOf(product: ProductModel): ProductModel {
  return { ...product, sizes: [...product.sizes] };
}

function identityOf({ handle, size }: FileRow, stored: readonly StoredVariant[]) {
  const made = stored.find((variant) => variant.handle === handle && variant.size === size);
  if (made === undefined) throw new Error(`the shop has no ${handle} ${size} after the import`);
  return { id: made.id, productId: made.productId, size };
}

function valuesOf({ handle: _handle, size: _size, ...values }: FileRow): Partial<Counted> {
  return values;
}

function differs(a: Counted, b: Counted): boolean {
  return FIELDS.some((field) => a[field] !== b[field]);
}

/** The old values of the fields that an import has changed. */
function changesBack(before: Counted, after: Counted): Partial<Counted> {
  const changed = FIELDS.filter((field) => before[field] !== after[field]);
  return Object.fromEntries(changed.map((field) => [field, before[field]]));
}

function isSame(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
