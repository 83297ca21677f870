import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * Numbers rows of one shop without gaps. A row instead of a sequence: the number is returned when the transaction that
 * took it fails, and a copied schema continues from its own value.
 */
@Entity('counters')
export class Counter {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'counters_pkey' })
  name: string;

  @Column('bigint')
  value: number;
}
