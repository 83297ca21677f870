import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { Described } from '../../tenancy/described.decorator';
import { ProductVariant } from '../products/product-variant.entity';
import { Order } from './order.entity';

@Described('Variants that were sold, with name and price at the time of sale')
@Entity('order_lines')
@Check('order_lines_unit_price_minor_check', `unit_price_minor >= 0`)
@Check('order_lines_quantity_check', `quantity > 0`)
@Check('order_lines_total_minor_check', `total_minor >= 0`)
@Check(
  'order_lines_fulfilled_check',
  `fulfilled >= 0 AND cancelled >= 0 AND fulfilled + cancelled <= quantity AND returned >= 0 AND returned <= fulfilled`,
)
export class OrderLine {
  @Described('Order')
  @PrimaryColumn('uuid', { name: 'order_id', primaryKeyConstraintName: 'order_lines_pkey' })
  orderId: string;

  @Described('Place in the order, from 1')
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'order_lines_pkey' })
  position: number;

  @ManyToOne(() => Order, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'order_id', foreignKeyConstraintName: 'order_lines_order_id_fkey' })
  order: Relation<Order>;

  @Described('Variant; empty once it was removed')
  @Index('order_lines_variant_id_idx')
  @Column('uuid', { name: 'variant_id', nullable: true })
  variantId: string | null;

  @ManyToOne(() => ProductVariant, { onDelete: 'SET NULL', nullable: true })
  @JoinColumn({ name: 'variant_id', foreignKeyConstraintName: 'order_lines_variant_id_fkey' })
  variant: Relation<ProductVariant> | null;

  /** Kept when the product is removed: a record of what was sold, not a reference. Null for an imported line without a SKU. */
  @Described('Product, also after it was removed')
  @Column('uuid', { name: 'product_id', nullable: true })
  productId: string | null;

  @Described('SKU', 'kept')
  @Column('text', { nullable: true })
  sku: string | null;

  @Described('Name of the product', 'kept')
  @Column('text')
  name: string;

  @Described('Value of each option of the variant', 'kept')
  @Column('jsonb', { name: 'option_values' })
  optionValues: Record<string, string>;

  @Described('Price of one unit')
  @Column('bigint', { name: 'unit_price_minor' })
  unitPriceMinor: number;

  @Described('Units')
  @Column('integer')
  quantity: number;

  @Described('Total of the line, less its discount')
  @Column('bigint', { name: 'total_minor' })
  totalMinor: number;

  @Described('Discount on the line')
  @Column('bigint', { name: 'discount_minor', default: 0 })
  discountMinor: number;

  @Described('Units that were handed over')
  @Column('integer', { default: 0 })
  fulfilled: number;

  @Described('Units that will not be handed over')
  @Column('integer', { default: 0 })
  cancelled: number;

  @Described('Units that were handed over and came back')
  @Column('integer', { default: 0 })
  returned: number;

  /** If false, no units go back into stock. */
  @Described('False if the stock was not counted when it was sold')
  @Column('boolean', { name: 'took_stock', default: true })
  tookStock: boolean;
}
