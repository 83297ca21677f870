import { Column, Entity, JoinColumn, OneToOne, PrimaryColumn, type Relation, Unique } from 'typeorm';
import { User } from '../users/user.entity';

/** The right to set a new password once. A user has one at most: the newest. */
@Entity('password_resets')
@Unique('password_resets_token_hash_key', ['tokenHash'])
export class PasswordReset {
  @PrimaryColumn('uuid', { name: 'user_id', primaryKeyConstraintName: 'password_resets_pkey' })
  userId: string;

  @OneToOne(() => User, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'password_resets_user_id_fkey' })
  user: Relation<User>;

  /** SHA-256, hex. The token cannot be guessed (256 bits), so a slow hash would add nothing. */
  @Column('text', { name: 'token_hash' })
  tokenHash: string;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt: Date;
}
