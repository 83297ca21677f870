import { Flag, Id, ListOf, NeedsOneOf, OneOf, Text, Time, Whole } from '../../http/fields';
import { ORDER_EVENT_KINDS, type OrderEvent, type OrderEventKind } from './order-event.entity';
import { MAX_IMPORTED_LINES, MAX_UNITS } from './orders.dto';

const AMOUNT = { min: 1, max: Number.MAX_SAFE_INTEGER, example: 1999 };
const POSITION = { min: 1, max: MAX_IMPORTED_LINES, example: 1 };
const UNITS = { min: 1, max: MAX_IMPORTED_LINES, optional: true };
const note = (description: string) => Text({ max: 1000, optional: true, description });

@NeedsOneOf('position', 'variantId')
export class OrderUnitsDto {
  @Id({ optional: true, description: 'Variant of the line. Give either this or position.' })
  variantId?: string;

  @Whole({ ...POSITION, optional: true, description: 'Position of the line in the order, from 1.' })
  position?: number;

  @Whole({ min: 1, max: MAX_UNITS, example: 1 })
  quantity: number;
}

export class PayOrderDto {
  @Whole({ ...AMOUNT, optional: true, description: 'In minor units; default: all that is due.' })
  amountMinor?: number;

  @note('Such as the reference of the payment.')
  note?: string;
}

export class FulfilOrderDto {
  @ListOf(OrderUnitsDto, { ...UNITS, description: 'Default: all units that are left.' })
  lines?: OrderUnitsDto[];

  @note('Such as the number of the parcel.')
  note?: string;
}

export class CancelOrderDto {
  @ListOf(OrderUnitsDto, { ...UNITS, description: 'Default: all units that are not fulfilled.' })
  lines?: OrderUnitsDto[];

  @Flag({ optional: true, description: 'Whether the units go back into stock; default: true.' })
  restock?: boolean;

  @note('Why.')
  reason?: string;
}

export class RefundOrderDto {
  @Whole({
    ...{ ...AMOUNT, min: 0 },
    optional: true,
    description:
      'In minor units; default: all that was paid and not refunded. Compulsory with `lines`; 0 if no money goes back.',
  })
  amountMinor?: number;

  @ListOf(OrderUnitsDto, {
    ...UNITS,
    description: 'Fulfilled units that came back, with `amountMinor`; default: none.',
  })
  lines?: OrderUnitsDto[];

  @Flag({ optional: true, description: 'Whether these units go back into stock; default: true.' })
  restock?: boolean;

  @note('Why.')
  reason?: string;
}

export class LineUnitsDto {
  @Whole(POSITION)
  position: number;

  @Whole({ min: 1, max: MAX_UNITS, example: 1 })
  quantity: number;
}

export class OrderEventDto {
  @Id()
  id: string;

  @OneOf(ORDER_EVENT_KINDS)
  kind: OrderEventKind;

  @Whole({ ...AMOUNT, nullable: true, description: 'Of a payment or refund, in minor units.' })
  amountMinor: number | null;

  @ListOf(LineUnitsDto, {
    max: MAX_IMPORTED_LINES,
    description: 'Units that were fulfilled, cancelled or, by a refund, taken back.',
  })
  lines: LineUnitsDto[];

  @Flag({ nullable: true, description: 'Whether the units went back into stock; null without units.' })
  restock: boolean | null;

  @Text({ max: 1000, nullable: true, description: 'Erased with the customer of the order.' })
  note: string | null;

  @Id({
    nullable: true,
    description: 'User who did it; null for a payment from before events were recorded.',
  })
  createdBy: string | null;

  @Time()
  createdAt: string;
}

export function toOrderEventDto(event: OrderEvent): OrderEventDto {
  const { id, kind, amountMinor, units: lines, restock, note: text, createdBy, createdAt } = event;
  return { id, kind, amountMinor, lines, restock, note: text, createdBy, createdAt: createdAt.toISOString() };
}
