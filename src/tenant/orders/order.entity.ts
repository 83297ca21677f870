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
import { Customer } from '../customers/customer.entity';
import { Member } from '../members/member.entity';

export const ORDER_STATUSES = ['pending', 'paid', 'fulfilled', 'cancelled'] as const;
/** The overall status; order-state.ts derives those of payment and fulfilment. */
export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** Returns (goods sent back) and adjustments (goods or money written off) come only from a former system. */
export const ORDER_KINDS = ['sale', 'return', 'adjustment'] as const;
export type OrderKind = (typeof ORDER_KINDS)[number];

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
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'orders_pkey' })
  id: string;

  /** 1, 2, 3 … in each shop, without gaps. */
  @Column('bigint')
  number: number;

  /** Setting `orderPrefix` when it was placed: the name that a buyer was told never changes. */
  @Column('text', { name: 'number_prefix', default: '' })
  numberPrefix: string;

  @Column('text')
  status: OrderStatus;

  @Column('text', { default: 'sale' })
  kind: OrderKind;

  /** Number in the shop's former system; null for orders taken here, which the partial index leaves out. */
  @Index('orders_external_number_key', { unique: true, where: 'external_number IS NOT NULL' })
  @Column('text', { name: 'external_number', nullable: true })
  externalNumber: string | null;

  @Column('text')
  currency: string;

  @Column('bigint', { name: 'total_minor' })
  totalMinor: number;

  /** The lines less discounts; null if that is the total, as for orders taken here. */
  @Column('bigint', { name: 'subtotal_minor', nullable: true })
  subtotalMinor: number | null;

  /** The sum of all discounts, those of lines included. */
  @Column('bigint', { name: 'discount_minor', default: 0 })
  discountMinor: number;

  @Column('bigint', { name: 'shipping_minor', default: 0 })
  shippingMinor: number;

  @Column('bigint', { name: 'tax_minor', default: 0 })
  taxMinor: number;

  @Column('text', { array: true, default: [] })
  tags: string[];

  /** Words of the buyer or the shop; erased with the customer. */
  @Column('text', { nullable: true })
  note: string | null;

  /** Columns of an imported file that have no field of their own, by name. */
  @Column('jsonb', { default: {} })
  attributes: Record<string, string>;

  /** Addresses and telephone numbers of an imported file, by name of the column; erased with the customer. */
  @Column('jsonb', { name: 'customer_details', default: {} })
  customerDetails: Record<string, string>;

  /** The sum of its payments. */
  @Column('bigint', { name: 'paid_minor', default: 0 })
  paidMinor: number;

  /** The sum of its refunds. */
  @Column('bigint', { name: 'refunded_minor', default: 0 })
  refundedMinor: number;

  @Column('text', { name: 'customer_email', nullable: true })
  customerEmail: string | null;

  @Column('text', { name: 'customer_name', nullable: true })
  customerName: string | null;

  @Index('orders_customer_id_idx')
  @Column('uuid', { name: 'customer_id', nullable: true })
  customerId: string | null;

  @ManyToOne(() => Customer, { nullable: true })
  @JoinColumn({ name: 'customer_id', foreignKeyConstraintName: 'orders_customer_id_fkey' })
  buyer: Relation<Customer> | null;

  @Index('orders_created_by_idx')
  @Column('uuid', { name: 'created_by' })
  createdBy: string;

  @ManyToOne(() => Member)
  @JoinColumn({ name: 'created_by', foreignKeyConstraintName: 'orders_created_by_fkey' })
  creator: Relation<Member>;

  /** Null for orders taken here: they were placed at `createdAt`. */
  @Column('timestamptz', { name: 'placed_at', nullable: true })
  placedAt: Date | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
