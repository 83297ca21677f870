import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * Counts things of one shop without gaps. A row instead of a sequence: a number is given back when the
 * transaction that took it fails, and a copied schema counts on by itself.
 */
@Entity('counters')
export class Counter {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'counters_pkey' })
  name: string;

  @Column('bigint')
  value: number;
}
