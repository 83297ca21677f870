import { Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/** A backup file of one shop that was written completely. */
@Entity('backups')
@Unique('backups_file_key', ['target', 'file'])
@Index('backups_shop_id_idx', ['shopId', 'snapshotAt'])
@Index('backups_operation_id_idx', ['operationId'])
export class Backup {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'backups_pkey' })
  id: string;

  /** The shop need not exist any more. */
  @Column('uuid', { name: 'shop_id' })
  shopId: string;

  /** Slug at the time of the backup. */
  @Column('text', { name: 'shop_slug' })
  shopSlug: string;

  @Column('uuid', { name: 'operation_id', nullable: true })
  operationId: string | null;

  /** Directory or `s3://bucket/prefix`. */
  @Column('text')
  target: string;

  /** Name within the target. */
  @Column('text')
  file: string;

  @Column('bigint')
  bytes: number;

  @Column('bigint')
  rows: number;

  /** Checksum of the file as it was written, encryption included. */
  @Column('text')
  sha256: string;

  /** Version of the newest migration of the shop. */
  @Column('bigint')
  version: number;

  @Column('boolean', { name: 'is_encrypted', default: false })
  isEncrypted: boolean;

  /** The last one of a shop that is removed for good: retention leaves it. */
  @Column('boolean', { name: 'is_archive', default: false })
  isArchive: boolean;

  @Column('timestamptz', { name: 'snapshot_at' })
  snapshotAt: Date;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;
}
