import { PLACEHOLDER_ID } from '../../common/ids';
import { Example, Flag, Id, ListOf, NeedsAnyOf, Text, Whole } from '../../http/fields';
import { MAX_STOCK, PRICE, STOCK, STOCK_ANSWER } from './variants.dto';

export const MAX_BULK = 1000;

@NeedsAnyOf('priceMinor', 'compareAtMinor', 'stock', 'delta')
@Example({ id: PLACEHOLDER_ID, priceMinor: 1799, delta: -2 })
export class BulkChangeDto {
  @Id({ description: 'A variant; named once in a request.' })
  id: string;

  @Whole({ ...PRICE, optional: true })
  priceMinor?: number;

  @Whole({ ...PRICE, optional: true, nullable: true, description: 'Price before a reduction.' })
  compareAtMinor?: number | null;

  @Whole({ ...STOCK, optional: true, description: 'Replaces the stock. Give either this or delta.' })
  stock?: number;

  @Whole({
    ...{ min: -MAX_STOCK, max: MAX_STOCK, optional: true, example: -2 },
    description: 'Is added to the stock, whatever it is meanwhile. Needs a reason.',
  })
  delta?: number;
}

export class BulkDto {
  @ListOf(BulkChangeDto, { min: 1, max: MAX_BULK })
  variants: BulkChangeDto[];

  @Text({
    ...{ max: 255, optional: true, example: 'Counted in the warehouse' },
    description: 'Reason of the changes of stock, for their ledger.',
  })
  reason?: string;
}

export class BulkItemDto {
  @Id()
  id: string;

  @Flag({ description: 'False: nothing of this variant was changed; `code` says why.' })
  isApplied: boolean;

  @Text({
    max: 100,
    nullable: true,
    example: 'STOCK_TOO_LOW',
    description: 'As the error of a single variant.',
  })
  code: string | null;

  @Text({ max: 1000, nullable: true, example: 'The stock is 1; it cannot become -1.' })
  detail: string | null;

  @Whole({ ...PRICE, nullable: true, description: 'After the change; null for an unknown variant.' })
  priceMinor: number | null;

  @Whole({ ...STOCK_ANSWER, nullable: true, description: 'After the change; null for an unknown variant.' })
  stock: number | null;
}

export class BulkResultDto {
  @Whole({ min: 0, max: MAX_BULK, example: 1 })
  applied: number;

  @Whole({ min: 0, max: MAX_BULK, example: 0 })
  refused: number;

  @ListOf(BulkItemDto, { min: 1, max: MAX_BULK, description: 'In the order of the request.' })
  items: BulkItemDto[];
}
