import { Check, Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import { Described } from '../../tenancy/described.decorator';

/**
 * Member of the shop, with what the shop's own rows need: a tenant table never refers to `public`. The engine writes
 * it in the transaction that changes the membership; product code only reads it.
 */
@Described('Members of now and of before, whom other rows refer to')
@Entity('members')
@Check('members_role_check', `role IN ('owner', 'admin', 'staff', 'read_only')`)
export class Member {
  @Described('Id of the user', 'member')
  @PrimaryColumn('uuid', { name: 'user_id', primaryKeyConstraintName: 'members_pkey' })
  userId: string;

  @Described('Name', 'name')
  @Column('text')
  name: string;

  @Described('Last role: owner, admin, staff or read_only', 'kept')
  @Column('text')
  role: 'owner' | 'admin' | 'staff' | 'read_only';

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
