import { Column, Entity, JoinColumn, OneToOne, PrimaryColumn, type Relation } from 'typeorm';
import { Shop } from '../shops/shop.entity';

/** Facts of a shop as they were last read, and why they could not be read since. */
@Entity('shop_reports')
export class ShopReport {
  @PrimaryColumn('uuid', { name: 'shop_id', primaryKeyConstraintName: 'shop_reports_pkey' })
  shopId: string;

  @OneToOne(() => Shop, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'shop_id', foreignKeyConstraintName: 'shop_reports_shop_id_fkey' })
  shop: Relation<Shop>;

  @Column('bigint', { default: 0 })
  products: number;

  /** Size on disk, indexes included: PostgreSQL's estimate. */
  @Column('bigint', { default: 0 })
  bytes: number;

  /** Null if the shop was never read. */
  @Column('timestamptz', { name: 'read_at', nullable: true })
  readAt: Date | null;

  /** Set while the newest attempt has failed. */
  @Column('timestamptz', { name: 'failed_at', nullable: true })
  failedAt: Date | null;

  @Column('text', { nullable: true })
  error: string | null;
}
