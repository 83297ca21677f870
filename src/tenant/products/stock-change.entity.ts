import {
  Check,
  Column,
  CreateDateColumn,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
} from 'typeorm';
import type { Relation } from 'typeorm';
import { Described } from '../../tenancy/described.decorator';
import { ProductVariant } from './product-variant.entity';

export const STOCK_REASONS = ['opening', 'sale', 'cancel', 'return', 'correction', 'import'] as const;
export type StockReason = (typeof STOCK_REASONS)[number];

/** One change of a variant's stock. The changes of a variant add up to its stock; doctor compares the two. */
@Described('Changes of the stock; those of a variant add up to its stock')
@Entity('stock_changes')
@Index('stock_changes_variant_id_idx', ['variantId', 'id'])
@Check('stock_changes_change_check', `change <> 0`)
@Check(
  'stock_changes_reason_check',
  `reason IN ('opening', 'sale', 'cancel', 'return', 'correction', 'import')`,
)
export class StockChange {
  @Described('Id of the change')
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'stock_changes_pkey' })
  id: string;

  @Described('Variant')
  @Column('uuid', { name: 'variant_id' })
  variantId: string;

  @ManyToOne(() => ProductVariant, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'variant_id', foreignKeyConstraintName: 'stock_changes_variant_id_fkey' })
  variant: Relation<ProductVariant>;

  @Described('Units that came, or went if below 0')
  @Column('bigint')
  change: number;

  @Described('opening, sale, cancel, return, correction or import', 'kept')
  @Column('text')
  reason: StockReason;

  @Described('Words of the person who corrected the stock', 'null')
  @Column('text', { nullable: true })
  note: string | null;

  /** Orders and members are never deleted, so a foreign key would only cost an index. */
  @Described('Order of a sale, cancellation or return')
  @Column('uuid', { name: 'order_id', nullable: true })
  orderId: string | null;

  @Described('Import that set the stock')
  @Column('uuid', { name: 'import_id', nullable: true })
  importId: string | null;

  /** Null for the opening stock. */
  @Described('Member who changed it')
  @Column('uuid', { name: 'created_by', nullable: true })
  createdBy: string | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
