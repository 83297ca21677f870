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
import { Described } from '../../../tenancy/described.decorator';

@Described('Imports of products')
@Entity('imports')
export class Import {
  @Described('Id of the import')
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'imports_pkey' })
  id: string;

  /** Hexadecimal. */
  @Described('Hash of the imported file', 'kept')
  @Column('text')
  sha256: string;

  @Described('Handling of bad rows: atomic or skip', 'kept')
  @Column('text')
  mode: string;

  /** As the answer of the import has them. */
  @Described('Rows, products and variants that were read, created and changed', 'kept')
  @Column('jsonb')
  counts: object;

  /** No foreign key, as in `stock_changes`. */
  @Described('Member who imported the file')
  @Column('uuid', { name: 'created_by' })
  createdBy: string;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Described('Member who undid the import')
  @Column('uuid', { name: 'undone_by', nullable: true })
  undoneBy: string | null;

  @Described('Time of the undoing')
  @Column('timestamptz', { name: 'undone_at', nullable: true })
  undoneAt: Date | null;
}

/** Fields of one product or variant that an import has changed. */
@Described('Products and variants that an import changed, for its undoing')
@Entity('import_changes')
@Index('import_changes_import_id_product_id_idx', ['importId', 'productId'])
export class ImportChange {
  @Described('Import')
  @PrimaryColumn('uuid', { name: 'import_id', primaryKeyConstraintName: 'import_changes_pkey' })
  importId: string;

  @ManyToOne(() => Import, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'import_id', foreignKeyConstraintName: 'import_changes_import_id_fkey' })
  import: Relation<Import>;

  @Described('Product or variant')
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'import_changes_pkey' })
  id: string;

  @Described('Product; equals id for a product')
  @Column('uuid', { name: 'product_id' })
  productId: string;

  @Described('Old values by field; empty if the import created it', 'kept')
  @Column('jsonb', { nullable: true })
  before: Record<string, unknown> | null;

  /** New values by field, and as `hash` that of all values, by which what the import created is compared. */
  @Described('New values by field', 'kept')
  @Column('jsonb')
  after: Record<string, unknown>;
}
