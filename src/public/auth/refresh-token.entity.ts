import {
  Column,
  CreateDateColumn,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  type Relation,
  Unique,
} from 'typeorm';
import { Shop } from '../shops/shop.entity';
import { User } from '../users/user.entity';
import { Session } from './session.entity';

/** A refresh token, stored as its hash. Each is used once; all tokens of one login belong to its session. */
@Entity('refresh_tokens')
@Unique('refresh_tokens_token_hash_key', ['tokenHash'])
export class RefreshToken {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'refresh_tokens_pkey' })
  id: string;

  /** SHA-256, hex. The token cannot be guessed (256 bits), so a slow hash would add nothing. */
  @Column('text', { name: 'token_hash' })
  tokenHash: string;

  @Index('refresh_tokens_session_id_idx')
  @Column('uuid', { name: 'session_id' })
  sessionId: string;

  @ManyToOne(() => Session, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'session_id', foreignKeyConstraintName: 'refresh_tokens_session_id_fkey' })
  session: Relation<Session>;

  @Index('refresh_tokens_user_id_idx')
  @Column('uuid', { name: 'user_id' })
  userId: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'refresh_tokens_user_id_fkey' })
  user: Relation<User>;

  /** Shop of the access tokens that this one renews. */
  @Index('refresh_tokens_shop_id_idx')
  @Column('uuid', { name: 'shop_id', nullable: true })
  shopId: string | null;

  @ManyToOne(() => Shop, { onDelete: 'CASCADE', nullable: true })
  @JoinColumn({ name: 'shop_id', foreignKeyConstraintName: 'refresh_tokens_shop_id_fkey' })
  shop: Relation<Shop> | null;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt: Date;

  @Column('timestamptz', { name: 'used_at', nullable: true })
  usedAt: Date | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
