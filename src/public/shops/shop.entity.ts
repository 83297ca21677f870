import {
  Check,
  Column,
  CreateDateColumn,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  OneToOne,
  PrimaryColumn,
  type Relation,
  Unique,
  UpdateDateColumn,
} from 'typeorm';
import { Plan } from '../../tenancy/plan.entity';
import type { ShopStatus } from '../../tenancy/tenant';
import { TenantRecord } from '../../tenancy/tenant-record.entity';

/** A shop that a user registered. Nothing in the database is named after `slug`, so it can change. */
@Entity('shops')
@Unique('shops_slug_key', ['slug'])
@Check('shops_status_check', `status IN ('active', 'read_only', 'suspended', 'deleted')`)
@Check('shops_deleted_at_check', `(status = 'deleted') = (deleted_at IS NOT NULL)`)
@Check('shops_currency_check', `currency ~ '^[A-Z]{3}$'`)
export class Shop {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'shops_pkey' })
  id: string;

  /** Required from the commit of the transaction that inserts the shop. */
  @OneToOne(() => TenantRecord, { deferrable: 'INITIALLY DEFERRED' })
  @JoinColumn({ name: 'id', foreignKeyConstraintName: 'shops_id_fkey' })
  tenant: Relation<TenantRecord>;

  @Column('text')
  name: string;

  @Column('text')
  slug: string;

  @Column('text', { default: 'active' })
  status: ShopStatus;

  /** Set while the shop is deleted. */
  @Column('timestamptz', { name: 'deleted_at', nullable: true })
  deletedAt: Date | null;

  /** ISO 4217; default currency of prices. */
  @Column('text', { default: 'USD' })
  currency: string;

  /** Name of its plan. */
  @Index('shops_plan_idx')
  @Column('text', { default: 'standard' })
  plan: string;

  @ManyToOne(() => Plan)
  @JoinColumn({ name: 'plan', foreignKeyConstraintName: 'shops_plan_fkey' })
  ownPlan: Relation<Plan>;

  /** Limits in place of its plan's: @see PlanLimits */
  @Column('jsonb', { default: {} })
  limits: object;

  /** Features in place of its plan's. */
  @Column('jsonb', { default: {} })
  features: Record<string, boolean>;

  /** Settings that its members have changed: @see ShopSettings */
  @Column('jsonb', { default: {} })
  settings: object;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
