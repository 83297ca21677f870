import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { Described } from '../../tenancy/described.decorator';
import { Product } from './product.entity';

/** The unit of sale: one combination of option values, with its own SKU, price and stock. */
@Described('Variants of products, which are what is sold')
@Entity('product_variants')
@Index('product_variants_sku_start_idx', { synchronize: false }) // of an expression
@Index('product_variants_codes_idx', { synchronize: false })
// The writers check that option values differ, under the product's row lock: for an index the values could be too long.
@Check('product_variants_price_minor_check', `price_minor >= 0`)
@Check('product_variants_compare_at_minor_check', `compare_at_minor >= 0`)
@Check('product_variants_cost_minor_check', `cost_minor >= 0`)
@Check('product_variants_stock_check', `stock >= 0 OR sells_when_out OR NOT tracks_stock`)
@Check('product_variants_grams_check', `grams >= 0`)
export class ProductVariant {
  @Described('Id of the variant')
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'product_variants_pkey' })
  id: string;

  @Described('Product')
  @Index('product_variants_product_id_idx')
  @Column('uuid', { name: 'product_id' })
  productId: string;

  @ManyToOne(() => Product, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'product_id', foreignKeyConstraintName: 'product_variants_product_id_fkey' })
  product: Relation<Product>;

  @Described('Place in the product, from 1')
  @Column('integer')
  position: number;

  /** Several variants may share one. */
  @Described('SKU', 'kept')
  @Column('text', { nullable: true })
  sku: string | null;

  /** Option name → value; `{}` for the only variant of a product without options. */
  @Described('Value of each option of the product', 'kept')
  @Column('jsonb', { name: 'option_values', default: {} })
  optionValues: Record<string, string>;

  @Described('Price')
  @Column('bigint', { name: 'price_minor' })
  priceMinor: number;

  @Described('Price before a reduction')
  @Column('bigint', { name: 'compare_at_minor', nullable: true })
  compareAtMinor: number | null;

  @Described('Purchase price of the shop')
  @Column('bigint', { name: 'cost_minor', nullable: true })
  costMinor: number | null;

  /** The sum of its `stock_changes`. */
  @Described('Units in stock; below 0 if more was sold')
  @Column('bigint')
  stock: number;

  @Described('False if orders neither check nor change the stock')
  @Column('boolean', { name: 'tracks_stock', default: true })
  tracksStock: boolean;

  @Described('True if orders may exceed the stock')
  @Column('boolean', { name: 'sells_when_out', default: false })
  sellsWhenOut: boolean;

  @Described('Barcode', 'kept')
  @Column('text', { nullable: true })
  barcode: string | null;

  @Described('Weight in grams')
  @Column('integer', { default: 0 })
  grams: number;

  @Described('True if it is shipped')
  @Column('boolean', { name: 'requires_shipping', default: true })
  requiresShipping: boolean;

  @Described('True if it is taxed')
  @Column('boolean', { default: true })
  taxable: boolean;

  @Described('Address of its image', 'kept')
  @Column('text', { name: 'image_src', nullable: true })
  imageSrc: string | null;

  @Described('Columns of an imported file that have no field of their own, by name', 'kept')
  @Column('jsonb', { default: {} })
  attributes: Record<string, string>;
}

/** Fields that are amounts in the currency of the product. */
export const AMOUNTS = ['priceMinor', 'compareAtMinor', 'costMinor'] as const;

export type ProductWithVariants = Product & { variants: ProductVariant[] };
