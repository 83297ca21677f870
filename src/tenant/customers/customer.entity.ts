import { Column, CreateDateColumn, Entity, Index, PrimaryColumn, Unique, UpdateDateColumn } from 'typeorm';

/** A buyer: made by an order, an import or a member. A walk-in customer has a name alone. */
@Entity('customers')
@Index('customers_email_key', { synchronize: false }) // unique, of lower(email)
@Unique('customers_external_number_key', ['externalNumber'])
export class Customer {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'customers_pkey' })
  id: string;

  /** Number in a former system; null for customers from here. */
  @Column('text', { name: 'external_number', nullable: true })
  externalNumber: string | null;

  @Column('text', { nullable: true })
  name: string | null;

  /** In lower case; no two customers share one. */
  @Column('text', { nullable: true })
  email: string | null;

  /** A name, not a code, as the former system wrote it. */
  @Column('text', { nullable: true })
  country: string | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
