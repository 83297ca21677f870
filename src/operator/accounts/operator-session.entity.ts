import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation, Unique } from 'typeorm';
import { OperatorAccount } from './operator-account.entity';

/** A login of an operator. The row is read with every request, so that a session ends when the row is removed. */
@Entity('operator_sessions')
@Unique('operator_sessions_token_hash_key', ['tokenHash'])
@Index('operator_sessions_operator_id_idx', ['operatorId'])
export class OperatorSession {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'operator_sessions_pkey' })
  id: string;

  @Column('uuid', { name: 'operator_id' })
  operatorId: string;

  @ManyToOne(() => OperatorAccount, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'operator_id', foreignKeyConstraintName: 'operator_sessions_operator_id_fkey' })
  operator: Relation<OperatorAccount>;

  /** SHA-256 of the token, which is random. */
  @Column('text', { name: 'token_hash' })
  tokenHash: string;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;

  /** End without a further request. */
  @Column('timestamptz', { name: 'expires_at' })
  expiresAt: Date;

  /** End whatever happens. */
  @Column('timestamptz', { name: 'ends_at' })
  endsAt: Date;
}
