import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Counts of a shop in a process over the seconds before `at`. The table is UNLOGGED and keeps some minutes. */
@Entity('shop_activity')
export class ShopActivityRow {
  @PrimaryColumn('timestamptz', { primaryKeyConstraintName: 'shop_activity_pkey', default: () => 'now()' })
  at: Date;

  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'shop_activity_pkey' })
  process: string;

  @PrimaryColumn('uuid', { name: 'shop_id', primaryKeyConstraintName: 'shop_activity_pkey' })
  shopId: string;

  @Column('real', { name: 'database_ms' })
  databaseMs: number;

  @Column('real', { name: 'wait_ms' })
  waitMs: number;

  @Column('integer')
  transactions: number;

  @Column('bigint')
  rows: number;

  @Column('integer')
  requests: number;

  @Column('integer')
  errors: number;

  @Column('integer')
  jobs: number;
}
