import {
  Check,
  Column,
  CreateDateColumn,
  Entity,
  JoinColumn,
  OneToOne,
  PrimaryColumn,
  type Relation,
  Unique,
  UpdateDateColumn,
} from 'typeorm';
import type { ShopStatus } from '../../tenancy/tenant';
import { TenantRecord } from '../../tenancy/tenant-record.entity';

/** What a person registers. Nothing in the database is named after `slug`, so it can change. */
@Entity('shops')
@Unique('shops_slug_key', ['slug'])
@Check('shops_status_check', `status IN ('active', 'suspended')`)
@Check('shops_currency_check', `currency ~ '^[A-Z]{3}$'`)
export class Shop {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'shops_pkey' })
  id: string;

  /** There is no shop without one, from the moment its transaction ends. */
  @OneToOne(() => TenantRecord, { deferrable: 'INITIALLY DEFERRED' })
  @JoinColumn({ name: 'id', foreignKeyConstraintName: 'shops_id_fkey' })
  tenant: Relation<TenantRecord>;

  @Column('text')
  name: string;

  @Column('text')
  slug: string;

  @Column('text', { default: 'active' })
  status: ShopStatus;

  /** ISO 4217; what prices are in when nothing else is said. */
  @Column('text', { default: 'USD' })
  currency: string;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
