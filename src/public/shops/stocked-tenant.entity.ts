import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A tenant made in advance: schema, tables and role are there, the shop of that id is not yet. */
@Entity('tenant_stock')
export class StockedTenant {
  @PrimaryColumn('uuid', { name: 'shop_id', primaryKeyConstraintName: 'tenant_stock_pkey' })
  shopId: string;

  @Column('bigint')
  version: number;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
