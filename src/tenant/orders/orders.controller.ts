import { Body, Get, Param, Post, Query } from '@nestjs/common';
import { InvalidCursor } from '../../common/common.errors';
import type { Page } from '../../http/page';
import { IfMatch, Precondition } from '../../http/precondition';
import { Route } from '../../http/route';
import { IdPipe } from '../../http/validation';
import { TenantController } from '../../tenancy/tenant-controller.decorator';
import { ProductNotFound, VariantNotFound } from '../products/products.errors';
import { CreateOrderDto, ListOrdersQuery, OrderDto } from './orders.dto';
import {
  InsufficientStock,
  MixedCurrencies,
  OrderNotFound,
  OrderTooLarge,
  ProductNotForSale,
  TransitionRefused,
  VariantRequired,
} from './orders.errors';
import { OrdersService } from './orders.service';

const TRANSITION_ERRORS = [OrderNotFound, TransitionRefused];

@TenantController('orders')
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Get()
  @Route({ summary: 'Lists orders, newest first', ok: OrderDto, list: 'counted', errors: [InvalidCursor] })
  list(@Query() query: ListOrdersQuery): Promise<Page<OrderDto>> {
    return this.orders.list(query);
  }

  @Post()
  @Route({
    summary: 'Places an order and takes its stock in one step',
    status: 201,
    ok: OrderDto,
    errors: [
      ProductNotFound,
      VariantNotFound,
      VariantRequired,
      InsufficientStock,
      ProductNotForSale,
      MixedCurrencies,
      OrderTooLarge,
    ],
  })
  create(@Body() order: CreateOrderDto): Promise<OrderDto> {
    return this.orders.create(order);
  }

  @Get(':id')
  @Route({ summary: 'Shows an order', ok: OrderDto, errors: [OrderNotFound] })
  get(@Param('id', IdPipe) id: string): Promise<OrderDto> {
    return this.orders.get(id);
  }

  @Post(':id/pay')
  @Route({ summary: 'Marks a pending order as paid', ok: OrderDto, errors: TRANSITION_ERRORS })
  pay(@Param('id', IdPipe) id: string, @IfMatch() ifMatch: Precondition): Promise<OrderDto> {
    return this.orders.pay(id, ifMatch);
  }

  @Post(':id/fulfil')
  @Route({ summary: 'Marks a paid order as fulfilled', ok: OrderDto, errors: TRANSITION_ERRORS })
  fulfil(@Param('id', IdPipe) id: string, @IfMatch() ifMatch: Precondition): Promise<OrderDto> {
    return this.orders.fulfil(id, ifMatch);
  }

  @Post(':id/cancel')
  @Route({
    summary: 'Cancels a pending or paid order and returns its stock',
    ok: OrderDto,
    errors: TRANSITION_ERRORS,
  })
  cancel(@Param('id', IdPipe) id: string, @IfMatch() ifMatch: Precondition): Promise<OrderDto> {
    return this.orders.cancel(id, ifMatch);
  }
}
