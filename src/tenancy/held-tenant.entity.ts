import { Check, Column, Entity, Index, JoinColumn, OneToOne, PrimaryColumn, type Relation } from 'typeorm';
import type { HoldReason } from './held-tenants';
import { TenantRecord } from './tenant-record.entity';

/** A tenant that belongs to no shop and is not in the warm pool: an operation on shops holds it. */
@Entity('held_tenants')
@Index('held_tenants_operation_id_idx', ['operationId'])
@Check('held_tenants_reason_check', `reason IN ('filling', 'filled', 'replaced', 'removing')`)
export class HeldTenant {
  @PrimaryColumn('uuid', { name: 'shop_id', primaryKeyConstraintName: 'held_tenants_pkey' })
  shopId: string;

  @OneToOne(() => TenantRecord)
  @JoinColumn({ name: 'shop_id', foreignKeyConstraintName: 'held_tenants_shop_id_fkey' })
  tenant: Relation<TenantRecord>;

  @Column('text')
  reason: HoldReason;

  /** Shop whose data it is, was or will be. */
  @Column('uuid', { name: 'of_shop', nullable: true })
  ofShop: string | null;

  @Column('uuid', { name: 'operation_id', nullable: true })
  operationId: string | null;

  @Column('timestamptz', { name: 'held_at', default: () => 'now()' })
  heldAt: Date;
}
