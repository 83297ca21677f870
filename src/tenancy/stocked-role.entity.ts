import { Entity, PrimaryColumn } from 'typeorm';

/** A tenant to come, of which only the role is there. */
@Entity('role_stock')
export class StockedRole {
  @PrimaryColumn('uuid', { name: 'shop_id', primaryKeyConstraintName: 'role_stock_pkey' })
  shopId: string;
}
