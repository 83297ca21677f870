import {
  Column,
  CreateDateColumn,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  type Relation,
} from 'typeorm';

/** An import of products. */
@Entity('imports')
export class Import {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'imports_pkey' })
  id: string;

  /** Hash of the bytes of the file, in hexadecimal. */
  @Column('text')
  sha256: string;

  @Column('text')
  mode: string;

  /** Rows, products and variants, as the answer of the import has them. */
  @Column('jsonb')
  counts: object;

  /** Member who imported it. No foreign key, as in `stock_changes`. */
  @Column('uuid', { name: 'created_by' })
  createdBy: string;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column('uuid', { name: 'undone_by', nullable: true })
  undoneBy: string | null;

  @Column('timestamptz', { name: 'undone_at', nullable: true })
  undoneAt: Date | null;
}

/** Fields of one product or variant that an import has changed. */
@Entity('import_changes')
@Index('import_changes_import_id_product_id_idx', ['importId', 'productId'])
export class ImportChange {
  @PrimaryColumn('uuid', { name: 'import_id', primaryKeyConstraintName: 'import_changes_pkey' })
  importId: string;

  @ManyToOne(() => Import, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'import_id', foreignKeyConstraintName: 'import_changes_import_id_fkey' })
  import: Relation<Import>;

  /** Id of the product or variant. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'import_changes_pkey' })
  id: string;

  /** Equals `id` for a product. */
  @Column('uuid', { name: 'product_id' })
  productId: string;

  /** Old values by field; null if the import created it. */
  @Column('jsonb', { nullable: true })
  before: Record<string, unknown> | null;

  /** New values by field, and as `hash` that of all values, by which what the import created is compared. */
  @Column('jsonb')
  after: Record<string, unknown>;
}
