import { Entity, PrimaryColumn } from 'typeorm';

/** A tenant to come, of which only the role is there. */
@Entity('spare_roles')
export class SpareRole {
  @PrimaryColumn('uuid', { name: 'shop_id', primaryKeyConstraintName: 'spare_roles_pkey' })
  shopId: string;
}
