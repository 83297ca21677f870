import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A shop whose data were removed for good. Its slug is free, its audit log stays. */
@Entity('removed_shops')
export class RemovedShop {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'removed_shops_pkey' })
  id: string;

  /** Slug at the end; another shop may have it now. */
  @Index('removed_shops_slug_idx')
  @Column('text')
  slug: string;

  @Column('text')
  name: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt: Date;

  @Column('timestamptz', { name: 'removed_at', default: () => 'now()' })
  removedAt: Date;

  /** Place and name of its last backup; null if none was wanted. */
  @Column('text', { nullable: true })
  archive: string | null;

  @Column('uuid', { name: 'operation_id' })
  operationId: string;
}
