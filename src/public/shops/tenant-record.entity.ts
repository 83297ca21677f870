import { Column, Entity, Index, JoinColumn, OneToOne, PrimaryColumn, type Relation } from 'typeorm';
import { Shop } from './shop.entity';

/**
 * The engine's index of tenants: which version each schema is at. The row inside the schema is the truth; this
 * one finds the schemas that are behind with one query. Only provisioning and the migrator write it.
 */
@Entity('tenants')
export class TenantRecord {
  @PrimaryColumn('uuid', { name: 'shop_id', primaryKeyConstraintName: 'tenants_pkey' })
  shopId: string;

  @OneToOne(() => Shop, { deferrable: 'INITIALLY DEFERRED' })
  @JoinColumn({ name: 'shop_id', foreignKeyConstraintName: 'tenants_shop_id_fkey' })
  shop: Relation<Shop>;

  @Index('tenants_version_idx')
  @Column('bigint')
  version: number;

  @Column('text', { name: 'last_error', nullable: true })
  lastError: string | null;

  @Column('timestamptz', { name: 'migrated_at', default: () => 'now()' })
  migratedAt: Date;
}
