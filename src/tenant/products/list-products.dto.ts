import { Flag, Moment, OneOf, Text, Whole } from '../../http/fields';
import { CountedPageQuery } from '../../http/page';
import { PRODUCT_STATUSES, type ProductStatus } from './product.entity';
import { PRICE, STOCK_ANSWER } from './variants.dto';

export const PRODUCT_SORT_NAMES = ['-createdAt', 'createdAt', 'handle', '-handle'] as const;
export type ProductSort = (typeof PRODUCT_SORT_NAMES)[number];

const FILTER = { optional: true, query: true };

export class ListProductsQuery extends CountedPageQuery {
  @Text({
    ...{ max: 100, optional: true, example: 'lin te' },
    description:
      'Finds products where each word begins a word of the name, then those where the whole text is part of a SKU or barcode. Case is ignored, in names accents too. Words consist of letters and digits. Fewer than three characters find only what begins a SKU.',
  })
  q?: string;

  @OneOf(PRODUCT_STATUSES, {
    optional: true,
    description:
      'A storefront asks for active products: a list without this filter has those of every status.',
  })
  status?: ProductStatus;

  @Text({ ...{ max: 255, optional: true, example: 'Loom & Co.' }, description: 'Exactly this vendor.' })
  vendor?: string;

  @Text({ ...{ max: 255, optional: true, example: 'Shirts' }, description: 'Exactly this type.' })
  type?: string;

  @Text({ ...{ max: 255, optional: true, example: 'summer' }, description: 'Has exactly this tag.' })
  tag?: string;

  @Flag({
    ...{ ...FILTER, example: true },
    description:
      'True: a variant can be ordered, because it has stock, sells when out or is not counted. False: none can.',
  })
  inStock?: boolean;

  @Whole({
    ...{ ...STOCK_ANSWER, ...FILTER, example: 1 },
    description: 'The `stock` of the product is at least this.',
  })
  stockMin?: number;

  @Whole({
    ...{ ...STOCK_ANSWER, ...FILTER, example: 5 },
    description: 'The `stock` of the product is at most this.',
  })
  stockMax?: number;

  @Whole({ ...{ ...PRICE, ...FILTER }, description: 'A variant costs at least this, in minor units.' })
  priceMin?: number;

  @Whole({
    ...{ ...PRICE, ...FILTER },
    description: 'A variant costs at most this: with `priceMin`, the same variant.',
  })
  priceMax?: number;

  @Moment({ optional: true, description: 'Created at this time or later.' })
  createdFrom?: string;

  @Moment({ optional: true, description: 'Created before this time.' })
  createdTo?: string;

  @Moment({
    optional: true,
    description: 'Changed at this time or later. A sale changes the stock, not this time.',
  })
  updatedFrom?: string;

  @Moment({ optional: true, description: 'Changed last before this time.' })
  updatedTo?: string;

  @OneOf(PRODUCT_SORT_NAMES, {
    optional: true,
    description:
      'Default `-createdAt`, the newest first. Not with `q`, whose hits have an order of their own.',
  })
  sort?: ProductSort;
}
