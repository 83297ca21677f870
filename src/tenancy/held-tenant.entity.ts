import { Check, Column, Entity, Index, JoinColumn, OneToOne, PrimaryColumn, type Relation } from 'typeorm';
import { TenantRecord } from './tenant-record.entity';

/**
 * `filling`: an operation loads data into it. `filled`: loaded and verified, about to become a shop. `replaced`: data that a
 * restore has replaced, kept so that it can be undone. `removing`: its tables are being dropped.
 */
export const HOLD_REASONS = ['filling', 'filled', 'replaced', 'removing'] as const;

/** SQL condition on a row `t` of tenants: nothing may migrate, claim or serve it. */
export const IS_CLOSED = `EXISTS (SELECT FROM public.held_tenants h
  WHERE h.shop_id = t.shop_id AND h.reason IN ('filling', 'removing'))`;

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
  reason: (typeof HOLD_REASONS)[number];

  /** Shop whose data it is, was or will be. */
  @Column('uuid', { name: 'of_shop', nullable: true })
  ofShop: string | null;

  @Column('uuid', { name: 'operation_id', nullable: true })
  operationId: string | null;

  @Column('timestamptz', { name: 'held_at', default: () => 'now()' })
  heldAt: Date;
}
