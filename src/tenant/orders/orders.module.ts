import { Module } from '@nestjs/common';
import { Counter } from './counter.entity';
import { OrderEvent } from './order-event.entity';
import { OrderLine } from './order-line.entity';
import { Order } from './order.entity';
import { OrdersController } from './orders.controller';
import { OrdersService } from './orders.service';

@Module({ controllers: [OrdersController], providers: [OrdersService] })
export class OrdersModule {
  static readonly entities = [Order, OrderLine, OrderEvent, Counter];
}
