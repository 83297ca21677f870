import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/** A person who may use the operators' API. Never removed, only disabled: the audit log and operations name it. */
@Entity('operators')
@Unique('operators_email_key', ['email'])
@Check('operators_role_check', `role IN ('administrator', 'operator', 'viewer')`)
export class OperatorAccount {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'operators_pkey' })
  id: string;

  /** Lower case, so that uniqueness ignores case. */
  @Column('text')
  email: string;

  @Column('text')
  name: string;

  @Column('text')
  role: 'administrator' | 'operator' | 'viewer';

  @Column('text', { name: 'password_hash' })
  passwordHash: string;

  /** End of a one-time password, which its owner must change first; null for a password of the owner's choice. */
  @Column('timestamptz', { name: 'password_ends_at', nullable: true })
  passwordEndsAt: Date | null;

  /** Encrypted; not used before it is confirmed. */
  @Column('text', { name: 'totp_secret', nullable: true })
  totpSecret: string | null;

  @Column('timestamptz', { name: 'totp_confirmed_at', nullable: true })
  totpConfirmedAt: Date | null;

  /** Time step of the last code that was accepted: a code works once. */
  @Column('bigint', { name: 'totp_step', nullable: true })
  totpStep: number | null;

  @Column('timestamptz', { name: 'disabled_at', nullable: true })
  disabledAt: Date | null;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;
}
