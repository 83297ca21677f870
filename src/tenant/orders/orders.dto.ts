import { Currency, Email, Id, ListOf, OneOf, Part, Text, Time, Whole } from '../../common/fields';
import { MAX_MINOR } from '../../common/money';
import { OptionValues } from '../products/option-values';
import type { OrderLine } from './order-line.entity';
import { type Order, ORDER_STATUSES, type OrderStatus } from './order.entity';

const MAX_LINES = 100;
const QUANTITY = { min: 1, max: 100_000, example: 2 };
const TOTAL = { min: 0, max: Number.MAX_SAFE_INTEGER, example: 3998, description: 'In minor units.' };

export class OrderLineInputDto {
  @Id({ optional: true, description: 'Of a product with one variant. Either this or variantId.' })
  productId?: string;

  @Id({ optional: true })
  variantId?: string;

  @Whole(QUANTITY)
  quantity: number;
}

export class CustomerDto {
  @Email()
  email: string;

  @Text({ max: 255, optional: true, nullable: true, example: 'Grace Hopper' })
  name?: string | null;
}

export class CreateOrderDto {
  @ListOf(OrderLineInputDto, { min: 1, max: MAX_LINES })
  lines: OrderLineInputDto[];

  @Part(CustomerDto, { optional: true })
  customer?: CustomerDto;
}

export class OrderLineDto {
  @Id({ description: 'Kept when the product is removed.' })
  productId: string;

  @Id({ nullable: true, description: 'Null once the variant has been removed.' })
  variantId: string | null;

  @Text({ max: 255, nullable: true })
  sku: string | null;

  @Text({ max: 255, description: 'At the time of sale.' })
  name: string;

  @OptionValues()
  optionValues: Record<string, string>;

  @Whole({ min: 0, max: MAX_MINOR, example: 1999, description: 'Of one, at the time of sale.' })
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

  @OneOf(ORDER_STATUSES)
  status: OrderStatus;

  @Currency()
  currency: string;

  @Whole(TOTAL)
  totalMinor: number;

  @Part(CustomerDto, { nullable: true })
  customer: CustomerDto | null;

  @ListOf(OrderLineDto, { min: 1, max: MAX_LINES })
  lines: OrderLineDto[];

  @Id({ description: 'User who took the order.' })
  createdBy: string;

  @Time()
  createdAt: string;

  @Time()
  updatedAt: string;
}

/** An order as it is read, with its lines in order of position. */
export type OrderRow = Omit<Order, 'lines' | 'creator'> & {
  lines: Omit<OrderLine, 'orderId' | 'order' | 'variant' | 'position'>[];
};

export function toOrderDto(order: OrderRow): OrderDto {
  const { id, number, status, currency, totalMinor, customerEmail, customerName, createdBy } = order;
  return {
    id,
    number,
    status,
    currency,
    totalMinor,
    customer: customerEmail === null ? null : { email: customerEmail, name: customerName },
    lines: order.lines.map(toLineDto),
    createdBy,
    createdAt: order.createdAt.toISOString(),
    updatedAt: order.updatedAt.toISOString(),
  };
}

function toLineDto(line: OrderRow['lines'][number]): OrderLineDto {
  const { productId, variantId, sku, name, optionValues, unitPriceMinor, quantity, totalMinor } = line;
  return { productId, variantId, sku, name, optionValues, priceMinor: unitPriceMinor, quantity, totalMinor };
}
