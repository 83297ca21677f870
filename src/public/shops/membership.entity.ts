import {
  Check,
  Column,
  CreateDateColumn,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  type Relation,
} from 'typeorm';
import type { MemberRole } from '../../tenancy/tenant';
import { User } from '../users/user.entity';
import { Shop } from './shop.entity';

/** A user's membership of a shop, with their role. */
@Entity('memberships')
@Check('memberships_role_check', `role IN ('owner', 'admin', 'staff', 'read_only')`)
export class Membership {
  @PrimaryColumn('uuid', { name: 'user_id', primaryKeyConstraintName: 'memberships_pkey' })
  userId: string;

  @Index('memberships_shop_id_idx')
  @PrimaryColumn('uuid', { name: 'shop_id', primaryKeyConstraintName: 'memberships_pkey' })
  shopId: string;

  @Column('text')
  role: MemberRole;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'memberships_user_id_fkey' })
  user: Relation<User>;

  @ManyToOne(() => Shop, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'shop_id', foreignKeyConstraintName: 'memberships_shop_id_fkey' })
  shop: Relation<Shop>;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
