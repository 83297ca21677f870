import { Column, Entity, JoinColumn, OneToOne, PrimaryColumn, type Relation } from 'typeorm';
import { Shop } from '../shops/shop.entity';

/** Rows and size of a shop as `measure_shop` last found them. */
@Entity('shop_usage')
export class ShopUsage {
  @PrimaryColumn('uuid', { name: 'shop_id', primaryKeyConstraintName: 'shop_usage_pkey' })
  shopId: string;

  @OneToOne(() => Shop, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'shop_id', foreignKeyConstraintName: 'shop_usage_shop_id_fkey' })
  shop: Relation<Shop>;

  @Column('bigint')
  rows: number;

  /** Size on disk, indexes included. */
  @Column('bigint')
  bytes: number;

  @Column('timestamptz', { name: 'measured_at' })
  measuredAt: Date;
}
