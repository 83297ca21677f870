import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { ProductVariant } from '../products/product-variant.entity';
import { Order } from './order.entity';

/** A variant that was sold, with its name and price at the time of sale. */
@Entity('order_lines')
@Check('order_lines_unit_price_minor_check', `unit_price_minor >= 0`)
@Check('order_lines_quantity_check', `quantity > 0`)
@Check('order_lines_total_minor_check', `total_minor >= 0`)
@Check(
  'order_lines_fulfilled_check',
  `fulfilled >= 0 AND cancelled >= 0 AND fulfilled + cancelled <= quantity AND returned >= 0 AND returned <= fulfilled`,
)
export class OrderLine {
  @PrimaryColumn('uuid', { name: 'order_id', primaryKeyConstraintName: 'order_lines_pkey' })
  orderId: string;

  @PrimaryColumn('integer', { primaryKeyConstraintName: 'order_lines_pkey' })
  position: number;

  @ManyToOne(() => Order, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'order_id', foreignKeyConstraintName: 'order_lines_order_id_fkey' })
  order: Relation<Order>;

  /** Null once the variant has been removed from the catalogue. */
  @Index('order_lines_variant_id_idx')
  @Column('uuid', { name: 'variant_id', nullable: true })
  variantId: string | null;

  @ManyToOne(() => ProductVariant, { onDelete: 'SET NULL', nullable: true })
  @JoinColumn({ name: 'variant_id', foreignKeyConstraintName: 'order_lines_variant_id_fkey' })
  variant: Relation<ProductVariant> | null;

  /** Kept when the product is removed: a record of what was sold, not a reference. Null for an imported line without a SKU. */
  @Column('uuid', { name: 'product_id', nullable: true })
  productId: string | null;

  @Column('text', { nullable: true })
  sku: string | null;

  @Column('text')
  name: string;

  @Column('jsonb', { name: 'option_values' })
  optionValues: Record<string, string>;

  @Column('bigint', { name: 'unit_price_minor' })
  unitPriceMinor: number;

  @Column('integer')
  quantity: number;

  @Column('bigint', { name: 'total_minor' })
  totalMinor: number;

  /** Discount on the line, which its total is reduced by. */
  @Column('bigint', { name: 'discount_minor', default: 0 })
  discountMinor: number;

  /** Units that were handed over. */
  @Column('integer', { default: 0 })
  fulfilled: number;

  /** Units that will not be handed over. */
  @Column('integer', { default: 0 })
  cancelled: number;

  /** Units that were handed over and came back. */
  @Column('integer', { default: 0 })
  returned: number;

  /** False if the stock of the variant was not counted when it was sold: then no units go back into stock. */
  @Column('boolean', { name: 'took_stock', default: true })
  tookStock: boolean;
}
