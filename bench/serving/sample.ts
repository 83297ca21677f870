import { newId } from '../../src/common/ids';
import type { ProductRow, VariantDto } from '../../src/tenant/products/products.dto';

const variant = (product: number, position: number, of: number): VariantDto => ({
  id: newId(),
  sku: `SKU-${product}-${position}`,
  optionValues: of === 1 ? {} : { Size: ['S', 'M', 'L', 'XL'][position]! }, // there are four
  priceMinor: 1000 + product,
  compareAtMinor: null,
  costMinor: null,
  stock: 1_000_000,
  barcode: null,
  grams: 180,
  requiresShipping: true,
  taxable: true,
  imageSrc: null,
});

/** Products as the list reads them: every third has four variants, the others one, as `fill-shop.ts` makes them. */
export function sampleProducts(count: number): ProductRow[] {
  const now = new Date();
  return Array.from({ length: count }, (_, n) => {
    const of = n % 3 === 0 ? 4 : 1;
    return {
      id: newId(),
      handle: `product-${n}`,
      name: `Linen Ochre Tee No ${n}`,
      description: '<p>Made to last, by people who know how.</p>'.repeat(10),
      currency: 'EUR',
      status: 'active',
      vendor: `Vendor ${n}`,
      type: `Type ${n}`,
      tags: ['new', 'summer'],
      options: of === 1 ? [] : [{ name: 'Size', values: ['S', 'M', 'L', 'XL'] }],
      images: [],
      variants: Array.from({ length: of }, (_each, position) => variant(n, position, of)),
      createdAt: now,
      updatedAt: now,
    };
  });
}
