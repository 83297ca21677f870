import { Entity, PrimaryColumn } from 'typeorm';

/** A role created in advance; its schema does not exist yet. */
@Entity('spare_roles')
export class SpareRole {
  @PrimaryColumn('uuid', { name: 'shop_id', primaryKeyConstraintName: 'spare_roles_pkey' })
  shopId: string;
}
