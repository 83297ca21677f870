import { Check, Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';

/** Limits and features of the shops of one plan, and their settings until they choose others. Operators change it; a shop has exactly one. */
@Entity('plans')
@Check('plans_name_check', `name ~ '^[a-z][a-z0-9-]{0,30}$'`)
@Check('plans_limits_check', `jsonb_typeof(limits) = 'object' AND jsonb_typeof(features) = 'object'`)
@Check('plans_settings_check', `jsonb_typeof(settings) = 'object'`)
export class Plan {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'plans_pkey' })
  name: string;

  /** @see PlanLimits; a key that is missing has no limit of its own */
  @Column('jsonb', { default: {} })
  limits: object;

  /** Features that are on or off for all shops of the plan. */
  @Column('jsonb', { default: {} })
  features: Record<string, boolean>;

  /** Settings of the shops of the plan that have none of their own: @see PlanSettings */
  @Column('jsonb', { default: {} })
  settings: object;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
