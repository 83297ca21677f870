import { Column, CreateDateColumn, Entity, Index, PrimaryColumn, Unique, UpdateDateColumn } from 'typeorm';
import { Described } from '../../tenancy/described.decorator';

/** A buyer: made by an order, an import or a member. A walk-in customer has a name alone. */
@Described('Buyers')
@Entity('customers')
@Index('customers_email_key', { synchronize: false }) // unique, of lower(email)
@Unique('customers_external_number_key', ['externalNumber'])
export class Customer {
  @Described('Id of the customer')
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'customers_pkey' })
  id: string;

  /** Null for customers from here. */
  @Described('Number in a former system', 'code')
  @Column('text', { name: 'external_number', nullable: true })
  externalNumber: string | null;

  @Described('Name', 'name')
  @Column('text', { nullable: true })
  name: string | null;

  /** In lower case; no two customers share one. */
  @Described('E-mail address', 'email')
  @Column('text', { nullable: true })
  email: string | null;

  /** A name, not a code. */
  @Described('Country, as the former system wrote it', 'kept')
  @Column('text', { nullable: true })
  country: string | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
