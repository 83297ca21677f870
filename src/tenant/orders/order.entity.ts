import {
  Check,
  Column,
  CreateDateColumn,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  type Relation,
  Unique,
  UpdateDateColumn,
} from 'typeorm';
import { Member } from '../members/member.entity';
import { OrderLine } from './order-line.entity';

export const ORDER_STATUSES = ['pending', 'paid', 'fulfilled', 'cancelled'] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

@Entity('orders')
@Unique('orders_number_key', ['number'])
@Check('orders_status_check', `status IN ('pending', 'paid', 'fulfilled', 'cancelled')`)
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

  @Column('text')
  currency: string;

  @Column('bigint', { name: 'total_minor' })
  totalMinor: number;

  @Column('text', { name: 'customer_email', nullable: true })
  customerEmail: string | null;

  @Column('text', { name: 'customer_name', nullable: true })
  customerName: string | null;

  @Index('orders_created_by_idx')
  @Column('uuid', { name: 'created_by' })
  createdBy: string;

  @ManyToOne(() => Member)
  @JoinColumn({ name: 'created_by', foreignKeyConstraintName: 'orders_created_by_fkey' })
  creator: Relation<Member>;

  @OneToMany(() => OrderLine, (line) => line.order)
  lines: Relation<OrderLine[]>;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
