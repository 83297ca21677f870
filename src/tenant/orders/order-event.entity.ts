import {
  Check,
  Column,
  CreateDateColumn,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  type Relation,
} from 'typeorm';
import { Described } from '../../tenancy/described.decorator';
import { Order } from './order.entity';

export const ORDER_EVENT_KINDS = ['payment', 'refund', 'fulfilment', 'cancellation'] as const;
export type OrderEventKind = (typeof ORDER_EVENT_KINDS)[number];

/** Units of one line. */
export interface LineUnits {
  position: number;
  quantity: number;
}

/**
 * One thing that was done to an order; never changed. Payments add up to the order's `paidMinor`, refunds to its
 * `refundedMinor`. Imported orders have their payments, and what else their file dates.
 */
@Described('Payments, refunds, fulfilments and cancellations of orders')
@Entity('order_events')
@Index('order_events_order_id_idx', ['orderId', 'id'])
@Check('order_events_kind_check', `kind IN ('payment', 'refund', 'fulfilment', 'cancellation')`)
@Check('order_events_amount_minor_check', `amount_minor > 0`)
export class OrderEvent {
  @Described('Id of the event')
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'order_events_pkey' })
  id: string;

  @Described('Order')
  @Column('uuid', { name: 'order_id' })
  orderId: string;

  @ManyToOne(() => Order, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'order_id', foreignKeyConstraintName: 'order_events_order_id_fkey' })
  order: Relation<Order>;

  @Described('payment, refund, fulfilment or cancellation', 'kept')
  @Column('text')
  kind: OrderEventKind;

  @Described('Amount of a payment or refund')
  @Column('bigint', { name: 'amount_minor', nullable: true })
  amountMinor: number | null;

  /** Units that were fulfilled, cancelled or, by a refund, taken back. */
  @Described('Position of a line and number of its units, for each line concerned', 'kept')
  @Column('jsonb', { default: [] })
  units: LineUnits[];

  /** Null if there were no units that could go back into stock. */
  @Described('True if the units went back into stock')
  @Column('boolean', { nullable: true })
  restock: boolean | null;

  /** Erased with the customer of the order. */
  @Described('Words of a member', 'null')
  @Column('text', { nullable: true })
  note: string | null;

  /** Null for a payment from before there were events. */
  @Described('Member who did it')
  @Column('uuid', { name: 'created_by', nullable: true })
  createdBy: string | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
