import { Column, CreateDateColumn, Entity, PrimaryColumn, Unique } from 'typeorm';

/** Who bought, as far as the shop's former system told. */
@Entity('customers')
@Unique('customers_external_number_key', ['externalNumber'])
export class Customer {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'customers_pkey' })
  id: string;

  /** As the former system numbered them. */
  @Column('text', { name: 'external_number' })
  externalNumber: string;

  @Column('text', { nullable: true })
  name: string | null;

  @Column('text', { nullable: true })
  email: string | null;

  /** As the former system wrote it: a name, not a code. */
  @Column('text', { nullable: true })
  country: string | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
