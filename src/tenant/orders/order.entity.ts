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
export class Order {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'orders_pkey' })
  id: string;

  /** 1, 2, 3 … in each shop, without gaps. */
  @Column('bigint')
  number: number;

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
