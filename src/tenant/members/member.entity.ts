import { Check, Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/**
 * Member of the shop, with what the shop's own rows need: a tenant table never refers to `public`. The engine writes
 * it in the transaction that changes the membership; product code only reads it.
 */
@Entity('members')
@Check('members_role_check', `role IN ('owner', 'admin', 'staff', 'read_only')`)
export class Member {
  @PrimaryColumn('uuid', { name: 'user_id', primaryKeyConstraintName: 'members_pkey' })
  userId: string;

  @Column('text')
  name: string;

  @Column('text')
  role: 'owner' | 'admin' | 'staff' | 'read_only';

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
