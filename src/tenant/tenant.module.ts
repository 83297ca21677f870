import { Module, type Type } from '@nestjs/common';
import { ChangesModule } from './changes/changes.module';
import { CustomersModule } from './customers/customers.module';
import { Member } from './members/member.entity';
import { OrdersModule } from './orders/orders.module';
import { ProductsModule } from './products/products.module';

/** The resources of a shop. A new one adds its module here and changes nothing else in this file. */
const RESOURCES = [ProductsModule, OrdersModule, CustomersModule];

/** Members belong to no resource: the engine writes them. Every resource records its changes. */
export const TENANT_ENTITIES = [
  Member,
  ...ChangesModule.entities,
  ...RESOURCES.flatMap<Type<object>>(({ entities }) => entities),
];

/**
 * Oldest version of a tenant that this code works with, such as 1795219200000, during a rollout. Undefined means the
 * newest version that the program has (docs/migrations.md, "Rolling deploys").
 */
export const OLDEST_SERVED: number | undefined = undefined;

@Module({ imports: [ChangesModule, ...RESOURCES], exports: [ChangesModule] })
export class TenantModule {}
