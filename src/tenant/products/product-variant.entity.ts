import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { Product } from './product.entity';

/** The unit of sale: one combination of option values, with its own SKU, price and stock. */
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
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'product_variants_pkey' })
  id: string;

  @Index('product_variants_product_id_idx')
  @Column('uuid', { name: 'product_id' })
  productId: string;

  @ManyToOne(() => Product, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'product_id', foreignKeyConstraintName: 'product_variants_product_id_fkey' })
  product: Relation<Product>;

  /** Order of display, from 1. */
  @Column('integer')
  position: number;

  /** Several variants may share one. */
  @Column('text', { nullable: true })
  sku: string | null;

  /** Option name → value; `{}` for the only variant of a product without options. */
  @Column('jsonb', { name: 'option_values', default: {} })
  optionValues: Record<string, string>;

  @Column('bigint', { name: 'price_minor' })
  priceMinor: number;

  /** Price before a reduction. */
  @Column('bigint', { name: 'compare_at_minor', nullable: true })
  compareAtMinor: number | null;

  /** Purchase price of the shop. */
  @Column('bigint', { name: 'cost_minor', nullable: true })
  costMinor: number | null;

  /** Below 0 if more was sold than was there, which `sellsWhenOut` allows. The sum of its `stock_changes`. */
  @Column('bigint')
  stock: number;

  /** If false, orders neither check nor change the stock. */
  @Column('boolean', { name: 'tracks_stock', default: true })
  tracksStock: boolean;

  /** If true, orders may exceed the stock. */
  @Column('boolean', { name: 'sells_when_out', default: false })
  sellsWhenOut: boolean;

  @Column('text', { nullable: true })
  barcode: string | null;

  @Column('integer', { default: 0 })
  grams: number;

  @Column('boolean', { name: 'requires_shipping', default: true })
  requiresShipping: boolean;

  @Column('boolean', { default: true })
  taxable: boolean;

  @Column('text', { name: 'image_src', nullable: true })
  imageSrc: string | null;

  /** Columns of an imported file that have no field of their own, by name. */
  @Column('jsonb', { default: {} })
  attributes: Record<string, string>;
}

/** Fields that are amounts in the currency of the product. */
export const AMOUNTS = ['priceMinor', 'compareAtMinor', 'costMinor'] as const;

export type ProductWithVariants = Product & { variants: ProductVariant[] };
