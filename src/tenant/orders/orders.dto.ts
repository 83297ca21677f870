import { Currency, Email, Id, ListOf, NeedsOneOf, Nested, OneOf, Text, Time, Whole } from '../../http/fields';
import { MAX_MINOR } from '../../common/money';
import { OptionValues } from '../products/option-values';
import type { OrderLine } from './order-line.entity';
import { type Order, ORDER_KINDS, ORDER_STATUSES, type OrderKind, type OrderStatus } from './order.entity';

const MAX_LINES = 100;
/** Limit for an order from a former system; new orders have at most MAX_LINES. */
export const MAX_IMPORTED_LINES = 1000;
export const MAX_QUANTITY = 100_000;
const QUANTITY = { min: 1, max: MAX_QUANTITY, example: 2 };
const TOTAL = { min: 0, max: Number.MAX_SAFE_INTEGER, example: 3998, description: 'In minor units.' };

@NeedsOneOf('variantId', 'productId')
export class OrderLineInputDto {
  @Id({ optional: true, description: 'A product with one variant. Give either this or variantId.' })
  productId?: string;

  @Id({ optional: true })
  variantId?: string;

  @Whole(QUANTITY)
  quantity: number;
}

export class BuyerDto {
  @Email()
  email: string;

  @Text({ max: 255, optional: true, nullable: true, example: 'Grace Hopper' })
  name?: string | null;
}

export class CreateOrderDto {
  @ListOf(OrderLineInputDto, { min: 1, max: MAX_LINES })
  lines: OrderLineInputDto[];

  @Nested(BuyerDto, { optional: true })
  customer?: BuyerDto;
}

export class OrderLineDto {
  @Id({ description: 'Kept when the product is removed.' })
  productId: string;

  @Id({ nullable: true, description: 'Null once the variant has been removed.' })
  variantId: string | null;

  @Text({ max: 255, nullable: true })
  sku: string | null;

  @Text({ max: 255, description: 'Name at the time of sale.' })
  name: string;

  @OptionValues()
  optionValues: Record<string, string>;

  @Whole({ min: 0, max: MAX_MINOR, example: 1999, description: 'Unit price at the time of sale.' })
  priceMinor: number;

  @Whole(QUANTITY)
  quantity: number;

  @Whole(TOTAL)
  totalMinor: number;
}

export class OrderDto {
  @Id()
  id: string;

  @Whole({ min: 1, max: Number.MAX_SAFE_INTEGER, example: 1, description: 'Counts from 1 in each shop.' })
  number: number;

  @OneOf(ORDER_KINDS, {
    description:
      'Amounts and quantities are never negative: for a return or an adjustment they count in the other direction.',
  })
  kind: OrderKind;

  @OneOf(ORDER_STATUSES)
  status: OrderStatus;

  @Text({ max: 64, nullable: true, example: '489434', description: "Number in the shop's former system." })
  externalNumber: string | null;

  @Currency()
  currency: string;

  @Whole(TOTAL)
  totalMinor: number;

  @Nested(BuyerDto, { nullable: true })
  customer: BuyerDto | null;

  @Id({ nullable: true, description: 'Customer of an order from a former system.' })
  customerId: string | null;

  @ListOf(OrderLineDto, { min: 1, max: MAX_IMPORTED_LINES })
  lines: OrderLineDto[];

  @Id({
    description: 'User who took the order; for a past order, the owner as whom it was imported.',
  })
  createdBy: string;

  @Time({ description: 'When it was placed: before `createdAt` if it came from a former system.' })
  placedAt: string;

  @Time()
  createdAt: string;

  @Time()
  updatedAt: string;
}

/** A row of ORDER_LIST: an order with its lines in order of position. */
export type OrderRow = Omit<Order, 'creator' | 'buyer'> & {
  lines: Omit<OrderLine, 'orderId' | 'order' | 'variant' | 'position'>[];
};

export function toOrderDto(order: OrderRow): OrderDto {
  const { id, number, kind, status, externalNumber, currency, totalMinor, customerId, createdBy } = order;
  const { customerEmail, customerName, placedAt, createdAt } = order;
  return {
    ...{ id, number, kind, status, externalNumber, currency, totalMinor },
    customer: customerEmail === null ? null : { email: customerEmail, name: customerName },
    customerId,
    lines: order.lines.map(toLineDto),
    createdBy,
    placedAt: (placedAt ?? createdAt).toISOString(),
    createdAt: createdAt.toISOString(),
    updatedAt: order.updatedAt.toISOString(),
  };
}

function toLineDto(line: OrderRow['lines'][number]): OrderLineDto {
  const { productId, variantId, sku, name, optionValues, unitPriceMinor, quantity, totalMinor } = line;
  return { productId, variantId, sku, name, optionValues, priceMinor: unitPriceMinor, quantity, totalMinor };
}
