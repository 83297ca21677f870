import { Module } from '@nestjs/common';
import { Customer } from './customers/customer.entity';
import { CustomersController } from './customers/customers.controller';
import { CustomersService } from './customers/customers.service';
import { Member } from './members/member.entity';
import { Counter } from './orders/counter.entity';
import { OrderLine } from './orders/order-line.entity';
import { Order } from './orders/order.entity';
import { OrdersController } from './orders/orders.controller';
import { OrdersService } from './orders/orders.service';
import { ProductVariant } from './products/product-variant.entity';
import { Product } from './products/product.entity';
import { ProductsController } from './products/products.controller';
import { ProductsService } from './products/products.service';

export const TENANT_ENTITIES = [Member, Product, ProductVariant, Customer, Order, OrderLine, Counter];

/**
 * Oldest version of a tenant that this code works with, such as 1795219200000, while a rollout goes on; undefined:
 * the newest that the program has (docs/migrations.md, "Rolling deploys").
 */
export const OLDEST_SERVED: number | undefined = undefined;

/** What one shop owns. A new resource adds a line to each of the three lists. */
@Module({
  controllers: [ProductsController, OrdersController, CustomersController],
  providers: [ProductsService, OrdersService, CustomersService],
})
export class TenantModule {}
