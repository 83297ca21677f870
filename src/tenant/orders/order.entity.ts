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
  Unique,
  UpdateDateColumn,
} from 'typeorm';
import { Described } from '../../tenancy/described.decorator';
import { Customer } from '../customers/customer.entity';
import { Member } from '../members/member.entity';

export const ORDER_STATUSES = ['pending', 'paid', 'fulfilled', 'cancelled'] as const;
/** The overall status; order-state.ts derives those of payment and fulfilment. */
export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** Returns (goods sent back) and adjustments (goods or money written off) come only from a former system. */
export const ORDER_KINDS = ['sale', 'return', 'adjustment'] as const;
export type OrderKind = (typeof ORDER_KINDS)[number];

@Described('Orders')
@Entity('orders')
@Unique('orders_number_key', ['number'])
@Index('orders_placed_at_idx', { synchronize: false }) // of an expression
@Index('orders_status_idx', ['status', 'number'], { where: `status <> 'fulfilled'` })
@Check('orders_status_check', `status IN ('pending', 'paid', 'fulfilled', 'cancelled')`)
@Check('orders_kind_check', `kind IN ('sale', 'return', 'adjustment')`)
@Check('orders_currency_check', `currency ~ '^[A-Z]{3}$'`)
@Check('orders_total_minor_check', `total_minor >= 0`)
@Check(
  'orders_paid_minor_check',
  `refunded_minor >= 0 AND refunded_minor <= paid_minor AND paid_minor <= total_minor`,
)
export class Order {
  @Described('Id of the order')
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'orders_pkey' })
  id: string;

  /** Without gaps. */
  @Described('Number in the shop: 1, 2, 3 …')
  @Column('bigint')
  number: number;

  /** Setting `orderPrefix` when it was placed: the name that a buyer was told never changes. */
  @Described('Prefix of the number, for people; empty for an imported order', 'kept')
  @Column('text', { name: 'number_prefix', default: '' })
  numberPrefix: string;

  @Described('pending, paid, fulfilled or cancelled', 'kept')
  @Column('text')
  status: OrderStatus;

  @Described('sale, or return and adjustment of a former system', 'kept')
  @Column('text', { default: 'sale' })
  kind: OrderKind;

  /** Null for orders taken here, which the partial index leaves out. */
  @Described('Number in a former system; empty for orders taken here', 'kept')
  @Index('orders_external_number_key', { unique: true, where: 'external_number IS NOT NULL' })
  @Column('text', { name: 'external_number', nullable: true })
  externalNumber: string | null;

  @Described('ISO 4217 code of the currency of its amounts', 'kept')
  @Column('text')
  currency: string;

  @Described('Total')
  @Column('bigint', { name: 'total_minor' })
  totalMinor: number;

  /** Null for orders taken here. */
  @Described('The lines less discounts; empty if that is the total')
  @Column('bigint', { name: 'subtotal_minor', nullable: true })
  subtotalMinor: number | null;

  /** Those of lines included. */
  @Described('Sum of all discounts')
  @Column('bigint', { name: 'discount_minor', default: 0 })
  discountMinor: number;

  @Described('Shipping')
  @Column('bigint', { name: 'shipping_minor', default: 0 })
  shippingMinor: number;

  @Described('Taxes')
  @Column('bigint', { name: 'tax_minor', default: 0 })
  taxMinor: number;

  @Described('Tags', 'empty')
  @Column('text', { array: true, default: [] })
  tags: string[];

  /** Erased with the customer. */
  @Described('Words of the buyer or the shop', 'null')
  @Column('text', { nullable: true })
  note: string | null;

  @Described('Columns of an imported file that have no field of their own, by name', 'empty')
  @Column('jsonb', { default: {} })
  attributes: Record<string, string>;

  /** Erased with the customer. */
  @Described('Addresses and telephone numbers of an imported file, by column', 'empty')
  @Column('jsonb', { name: 'customer_details', default: {} })
  customerDetails: Record<string, string>;

  @Described('Sum of the payments')
  @Column('bigint', { name: 'paid_minor', default: 0 })
  paidMinor: number;

  @Described('Sum of the refunds')
  @Column('bigint', { name: 'refunded_minor', default: 0 })
  refundedMinor: number;

  @Described('E-mail address at the time of the order', 'email')
  @Column('text', { name: 'customer_email', nullable: true })
  customerEmail: string | null;

  @Described('Name of the customer at the time of the order', 'name')
  @Column('text', { name: 'customer_name', nullable: true })
  customerName: string | null;

  @Described('Customer')
  @Index('orders_customer_id_idx')
  @Column('uuid', { name: 'customer_id', nullable: true })
  customerId: string | null;

  @ManyToOne(() => Customer, { nullable: true })
  @JoinColumn({ name: 'customer_id', foreignKeyConstraintName: 'orders_customer_id_fkey' })
  buyer: Relation<Customer> | null;

  @Described('Member who took the order')
  @Index('orders_created_by_idx')
  @Column('uuid', { name: 'created_by' })
  createdBy: string;

  @ManyToOne(() => Member)
  @JoinColumn({ name: 'created_by', foreignKeyConstraintName: 'orders_created_by_fkey' })
  creator: Relation<Member>;

  @Described('Time of an imported order; empty if it is createdAt')
  @Column('timestamptz', { name: 'placed_at', nullable: true })
  placedAt: Date | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
