import {
  Check,
  Column,
  CreateDateColumn,
  Entity,
  Index,
  PrimaryColumn,
  Unique,
  UpdateDateColumn,
} from 'typeorm';

export const PRODUCT_STATUSES = ['draft', 'active', 'unlisted', 'archived'] as const;
/** Statuses in which a product is sold; an unlisted one by its link only. */
export const SOLD_STATUSES: readonly ProductStatus[] = ['active', 'unlisted'];
export type ProductStatus = (typeof PRODUCT_STATUSES)[number];

/** A choice that a buyer makes, such as Size with Small, Medium, Large. */
export interface ProductOption {
  name: string;
  values: string[];
}

export interface ProductImage {
  src: string;
  position: number;
  alt: string | null;
}

/**
 * A product as the shop shows it. The shop sells its variants: price, SKU and stock are stored only there, and a
 * product without options has exactly one variant.
 */
@Entity('products')
@Index('products_search_idx', { synchronize: false }) // of expressions, which TypeORM cannot compare
@Unique('products_handle_key', ['handle'])
@Check('products_currency_check', `currency ~ '^[A-Z]{3}$'`)
@Check('products_status_check', `status IN ('draft', 'active', 'unlisted', 'archived')`)
export class Product {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'products_pkey' })
  id: string;

  /** Unique in the shop; used in URLs and imports. */
  @Column('text')
  handle: string;

  @Column('text')
  name: string;

  /** May hold HTML, stored unchanged; a client must sanitise it before display. */
  @Column('text', { default: '' })
  description: string;

  /** ISO 4217; the currency of all its variants. */
  @Column('text')
  currency: string;

  @Column('text')
  status: ProductStatus;

  @Column('text', { default: '' })
  vendor: string;

  @Column('text', { default: '' })
  type: string;

  @Column('text', { array: true, default: '{}' })
  tags: string[];

  @Column('jsonb', { default: [] })
  options: ProductOption[];

  @Column('jsonb', { default: [] })
  images: ProductImage[];

  /** Columns of an imported file that have no field of their own, by name. */
  @Column('jsonb', { default: {} })
  attributes: Record<string, string>;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
