import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { ShopReport } from './shop-report.entity';

/** Sales of a shop on one day, UTC, in one currency. */
@Entity('shop_days')
export class ShopDay {
  @PrimaryColumn('uuid', { name: 'shop_id', primaryKeyConstraintName: 'shop_days_pkey' })
  shopId: string;

  @ManyToOne(() => ShopReport, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'shop_id', foreignKeyConstraintName: 'shop_days_shop_id_fkey' })
  report: Relation<ShopReport>;

  @Index('shop_days_day_idx')
  @PrimaryColumn('date', { primaryKeyConstraintName: 'shop_days_pkey' })
  day: string;

  /** ISO 4217. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'shop_days_pkey' })
  currency: string;

  /** Sales that are not cancelled. */
  @Column('bigint')
  orders: number;

  /** Those sales less refunds, returns and adjustments, in minor units of the currency. */
  @Column('bigint', { name: 'revenue_minor' })
  revenueMinor: number;
}
