import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { Shop } from './shop.entity';

/** A slug that a shop had before. Until `endsAt` it names that shop, and no other shop may take it. */
@Entity('former_slugs')
export class FormerSlug {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'former_slugs_pkey' })
  slug: string;

  @Index('former_slugs_shop_id_idx')
  @Column('uuid', { name: 'shop_id' })
  shopId: string;

  @ManyToOne(() => Shop, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'shop_id', foreignKeyConstraintName: 'former_slugs_shop_id_fkey' })
  shop: Relation<Shop>;

  @Column('timestamptz', { name: 'ends_at' })
  endsAt: Date;
}
