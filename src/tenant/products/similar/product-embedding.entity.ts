import { Column, Entity, JoinColumn, OneToOne, PrimaryColumn, type Relation } from 'typeorm';
import { Product } from '../product.entity';

/** Vector of a product. It may be missing or old at any time: `similar.service.ts` finds that out and makes it again. */
@Entity('product_embeddings')
export class ProductEmbedding {
  @PrimaryColumn('uuid', { name: 'product_id', primaryKeyConstraintName: 'product_embeddings_pkey' })
  productId: string;

  @OneToOne(() => Product, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'product_id', foreignKeyConstraintName: 'product_embeddings_product_id_fkey' })
  product: Relation<Product>;

  /** Name of the embedder that made it. */
  @Column('text')
  model: string;

  /** `updatedAt` of the product that it was made from. */
  @Column('timestamptz', { name: 'made_from' })
  madeFrom: Date;

  /** Bits that two vectors share in proportion to their similarity. */
  @Column({ type: 'bit', length: 256 })
  signature: string;

  @Column('real', { array: true })
  vector: number[];
}
