import {
  Currency,
  Email,
  Id,
  ListOf,
  NeedsOneOf,
  Nested,
  OneOf,
  Text,
  Texts,
  Time,
  Whole,
} from '../../http/fields';
import { TextMap } from '../../http/text-map';
import { MAX_MINOR } from '../../common/money';
import { OptionValues } from '../products/option-values';
import {
  dueMinor,
  FULFILMENT_STATUSES,
  type FulfilmentStatus,
  fulfilmentStatus,
  overpaidMinor,
  PAYMENT_STATUSES,
  type PaymentStatus,
  paymentStatus,
} from './order-state';
import type { OrderLine } from './order-line.entity';
import { type Order, ORDER_KINDS, ORDER_STATUSES, type OrderKind, type OrderStatus } from './order.entity';

const MAX_LINES = 100;
/** Limit for an order from a former system; new orders have at most MAX_LINES. */
export const MAX_IMPORTED_LINES = 1000;
/** Limit for a line of a request. Lines for one variant are added up. */
export const MAX_QUANTITY = 100_000;
export const MAX_UNITS = MAX_LINES * MAX_QUANTITY;
const MAX_TEXT = 5000;
const COLUMNS = { entries: 100, length: MAX_TEXT, example: { 'Shipping Method': 'Standard' } };
const QUANTITY = { min: 1, max: MAX_QUANTITY, example: 2 };
const UNITS = { min: 0, max: MAX_UNITS, example: 0 };
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

export class BuyerInputDto {
  @Email({
    optional: true,
    description: 'The order gets the customer with this address, who is created if new.',
  })
  email?: string;

  @Text({
    max: 255,
    optional: true,
    nullable: true,
    example: 'Grace Hopper',
    description:
      'Compulsory without an address; the order then gets a customer of its own. Default: the name of the customer.',
  })
  name?: string | null;
}

export class BuyerDto {
  @Email({ nullable: true })
  email: string | null;

  @Text({ max: 255, nullable: true, example: 'Grace Hopper' })
  name: string | null;
}

export class CreateOrderDto {
  @ListOf(OrderLineInputDto, { min: 1, max: MAX_LINES })
  lines: OrderLineInputDto[];

  @Nested(BuyerInputDto, { optional: true, nullable: true, description: 'Absent or null: no customer.' })
  customer?: BuyerInputDto | null;
}

export class OrderLineDto {
  @Whole({ min: 1, max: MAX_IMPORTED_LINES, example: 1, description: 'From 1.' })
  position: number;

  @Id({
    nullable: true,
    description: 'Kept when the product is removed; null for a line of a former system without a SKU.',
  })
  productId: string | null;

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

  @Whole({ ...QUANTITY, max: MAX_UNITS })
  quantity: number;

  @Whole({ ...TOTAL, example: 0, description: 'Discount on the line.' })
  discountMinor: number;

  @Whole({ ...TOTAL, description: 'Price times quantity, less the discount.' })
  totalMinor: number;

  @Whole({ ...UNITS, description: 'Units handed over.' })
  fulfilledQuantity: number;

  @Whole({ ...UNITS, description: 'Units that will not be handed over.' })
  cancelledQuantity: number;

  @Whole({ ...UNITS, description: 'Fulfilled units that came back.' })
  returnedQuantity: number;
}

export class OrderDto {
  @Id()
  id: string;

  @Whole({ min: 1, max: Number.MAX_SAFE_INTEGER, example: 1, description: 'Counts from 1 in each shop.' })
  number: number;

  @Text({
    max: 64,
    example: 'DE-1',
    description:
      'For people: the prefix of the settings when it was placed, and the number; for an imported order, its former number.',
  })
  name: string;

  @OneOf(ORDER_KINDS, {
    description:
      'Amounts and quantities are never negative: for a return or an adjustment they count in the other direction.',
  })
  kind: OrderKind;

  @OneOf(ORDER_STATUSES, {
    description:
      'Overall: pending until all is paid, paid until no unit is left to fulfil. Cancelled if all units were cancelled.',
  })
  status: OrderStatus;

  @OneOf(PAYMENT_STATUSES)
  paymentStatus: PaymentStatus;

  @OneOf(FULFILMENT_STATUSES)
  fulfilmentStatus: FulfilmentStatus;

  @Text({ max: 64, nullable: true, example: '489434', description: "Number in the shop's former system." })
  externalNumber: string | null;

  @Currency()
  currency: string;

  @Whole({ ...TOTAL, description: 'The lines less discounts.' })
  subtotalMinor: number;

  @Whole({ ...TOTAL, example: 0, description: 'Sum of all discounts.' })
  discountMinor: number;

  @Whole({ ...TOTAL, example: 0 })
  shippingMinor: number;

  @Whole({
    ...TOTAL,
    example: 0,
    description: 'Part of the total; whether prices include it is up to the shop.',
  })
  taxMinor: number;

  @Whole({ ...TOTAL, description: 'As ordered, in minor units; cancelled units count.' })
  totalMinor: number;

  @Whole({ ...TOTAL, example: 0, description: 'Sum of the payments.' })
  paidMinor: number;

  @Whole({ ...TOTAL, example: 0, description: 'Sum of the refunds; at most what was paid.' })
  refundedMinor: number;

  @Whole({ ...TOTAL, description: 'What is left to pay. A refund does not make it due again.' })
  dueMinor: number;

  @Whole({
    ...TOTAL,
    example: 0,
    description:
      'What is left to refund after a cancellation: paid and not refunded, beyond the price of what was not cancelled.',
  })
  overpaidMinor: number;

  @Nested(BuyerDto, { nullable: true, description: 'As the order names the buyer; null once erased.' })
  customer: BuyerDto | null;

  @Id({ nullable: true, description: 'Customer of the order; null without one, and once erased.' })
  customerId: string | null;

  @ListOf(OrderLineDto, { min: 1, max: MAX_IMPORTED_LINES })
  lines: OrderLineDto[];

  @Texts({ max: MAX_TEXT / 2, length: MAX_TEXT })
  tags: string[];

  @Text({ max: MAX_TEXT, nullable: true })
  note: string | null;

  @TextMap({ ...COLUMNS, description: 'Columns of an imported file that have no field of their own.' })
  attributes: Record<string, string>;

  @TextMap({ ...COLUMNS, description: 'Addresses and telephone numbers of an imported file.' })
  customerDetails: Record<string, string>;

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
  lines: Omit<OrderLine, 'orderId' | 'order' | 'variant'>[];
};

/** Name of an order for people, which never changes. */
export function orderName({ number, numberPrefix, externalNumber }: OrderRow): string {
  return externalNumber ?? `${numberPrefix}${number}`;
}

export function toOrderDto(order: OrderRow): OrderDto {
  const { id, number, kind, status, externalNumber, currency, customerId, createdBy } = order;
  const { discountMinor, shippingMinor, taxMinor, totalMinor, paidMinor, refundedMinor } = order;
  const { customerEmail, customerName, placedAt, createdAt } = order;
  const { tags, note, attributes, customerDetails } = order;
  return {
    ...{ id, number, name: orderName(order), kind, status },
    paymentStatus: paymentStatus(order),
    fulfilmentStatus: fulfilmentStatus(order),
    ...{ externalNumber, currency },
    subtotalMinor: order.subtotalMinor ?? totalMinor,
    ...{ discountMinor, shippingMinor, taxMinor, totalMinor, paidMinor, refundedMinor },
    dueMinor: dueMinor(order),
    overpaidMinor: overpaidMinor(order),
    customer:
      customerEmail === null && customerName === null ? null : { email: customerEmail, name: customerName },
    customerId,
    lines: order.lines.map(toLineDto),
    ...{ tags, note, attributes, customerDetails },
    createdBy,
    placedAt: (placedAt ?? createdAt).toISOString(),
    createdAt: createdAt.toISOString(),
    updatedAt: order.updatedAt.toISOString(),
  };
}

function toLineDto(line: OrderRow['lines'][number]): OrderLineDto {
  const { position, productId, variantId, sku, name, optionValues, unitPriceMinor, quantity, totalMinor } =
    line;
  return {
    ...{ position, productId, variantId, sku, name, optionValues },
    ...{ priceMinor: unitPriceMinor, quantity, discountMinor: line.discountMinor, totalMinor },
    fulfilledQuantity: line.fulfilled,
    cancelledQuantity: line.cancelled,
    returnedQuantity: line.returned,
  };
}
