import { Column, CreateDateColumn, Entity, PrimaryColumn, Unique } from 'typeorm';

/** A buyer, with what the shop's former system knew of them. */
@Entity('customers')
@Unique('customers_external_number_key', ['externalNumber'])
export class Customer {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'customers_pkey' })
  id: string;

  /** Number in the former system. */
  @Column('text', { name: 'external_number' })
  externalNumber: string;

  @Column('text', { nullable: true })
  name: string | null;

  @Column('text', { nullable: true })
  email: string | null;

  /** A name, not a code, as the former system wrote it. */
  @Column('text', { nullable: true })
  country: string | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
