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
import { Described } from '../../tenancy/described.decorator';

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
@Described('Products, as the shop shows them')
@Entity('products')
@Index('products_search_idx', { synchronize: false }) // of expressions, which TypeORM cannot compare
@Unique('products_handle_key', ['handle'])
@Check('products_currency_check', `currency ~ '^[A-Z]{3}$'`)
@Check('products_status_check', `status IN ('draft', 'active', 'unlisted', 'archived')`)
export class Product {
  @Described('Id of the product')
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'products_pkey' })
  id: string;

  @Described('Unique name in URLs and imports', 'kept')
  @Column('text')
  handle: string;

  @Described('Name', 'kept')
  @Column('text')
  name: string;

  /** Stored unchanged; a client must sanitise it before display. */
  @Described('Description, which may hold HTML', 'kept')
  @Column('text', { default: '' })
  description: string;

  /** The currency of all its variants. */
  @Described('ISO 4217 code of the currency of its amounts', 'kept')
  @Column('text')
  currency: string;

  @Described('draft, active, unlisted or archived', 'kept')
  @Column('text')
  status: ProductStatus;

  @Described('Vendor', 'kept')
  @Column('text', { default: '' })
  vendor: string;

  @Described('Type', 'kept')
  @Column('text', { default: '' })
  type: string;

  @Described('Tags', 'kept')
  @Column('text', { array: true, default: '{}' })
  tags: string[];

  @Described('Choices of a buyer, such as Size, each with its values', 'kept')
  @Column('jsonb', { default: [] })
  options: ProductOption[];

  @Described('Address, position and description of each image', 'kept')
  @Column('jsonb', { default: [] })
  images: ProductImage[];

  @Described('Columns of an imported file that have no field of their own, by name', 'kept')
  @Column('jsonb', { default: {} })
  attributes: Record<string, string>;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
