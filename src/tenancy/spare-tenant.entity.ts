import { CreateDateColumn, Entity, JoinColumn, OneToOne, PrimaryColumn, type Relation } from 'typeorm';
import { TenantRecord } from './tenant-record.entity';

/** A tenant created in advance: its schema, tables and role exist, and no shop has its id yet. */
@Entity('spare_tenants')
export class SpareTenant {
  @PrimaryColumn('uuid', { name: 'shop_id', primaryKeyConstraintName: 'spare_tenants_pkey' })
  shopId: string;

  @OneToOne(() => TenantRecord)
  @JoinColumn({ name: 'shop_id', foreignKeyConstraintName: 'spare_tenants_shop_id_fkey' })
  tenant: Relation<TenantRecord>;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
