import { Check, Column, CreateDateColumn, Entity, PrimaryColumn, Unique } from 'typeorm';

/** A key pair for signing access tokens, made and rotated by the admin login (src/database). */
@Entity('signing_keys')
@Unique('signing_keys_state_key', ['state'])
@Check('signing_keys_state_check', `state IN ('next', 'current', 'previous')`)
export class SigningKey {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'signing_keys_pkey' })
  kid: string;

  @Column('text')
  state: 'next' | 'current' | 'previous';

  @Column('jsonb', { name: 'public_jwk' })
  publicJwk: { kty: string; crv: string; x: string; y: string };

  /** Sealed with a key derived from APP_SECRET (src/database/sealed-key.ts). */
  @Column('text', { name: 'private_key' })
  privateKey: string;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  /** Time at which the key entered its state. */
  @Column('timestamptz', { name: 'state_since', default: () => 'now()' })
  stateSince: Date;
}
