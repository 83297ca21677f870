import { CreateDateColumn, Entity, JoinColumn, OneToOne, PrimaryColumn, type Relation } from 'typeorm';
import { TenantRecord } from './tenant-record.entity';

/** A tenant made in advance: schema, tables and role are there, the shop of that id is not yet. */
@Entity('tenant_stock')
export class StockedTenant {
  @PrimaryColumn('uuid', { name: 'shop_id', primaryKeyConstraintName: 'tenant_stock_pkey' })
  shopId: string;

  @OneToOne(() => TenantRecord)
  @JoinColumn({ name: 'shop_id', foreignKeyConstraintName: 'tenant_stock_shop_id_fkey' })
  tenant: Relation<TenantRecord>;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
