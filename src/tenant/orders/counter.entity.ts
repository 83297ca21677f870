import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Described } from '../../tenancy/described.decorator';

/**
 * Numbers rows of one shop without gaps. A row instead of a sequence: the number is returned when the transaction that
 * took it fails, and a copied schema continues from its own value.
 */
@Described('Last number that was given to a row, such as an order')
@Entity('counters')
export class Counter {
  @Described('What is counted', 'kept')
  @PrimaryColumn('text', { primaryKeyConstraintName: 'counters_pkey' })
  name: string;

  @Described('Last number')
  @Column('bigint')
  value: number;
}
