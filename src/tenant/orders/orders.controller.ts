import { Body, Get, Param, Post, Query } from '@nestjs/common';
import { InvalidCursor } from '../../common/common.errors';
import { type Page, PageQuery } from '../../http/page';
import { IfMatch, Precondition } from '../../http/precondition';
import { Route } from '../../http/route';
import { IdPipe } from '../../http/validation';
import { Adds } from '../../tenancy/quotas';
import { TenantController } from '../../tenancy/tenant-controller.decorator';
import { ProductNotFound, VariantNotFound } from '../products/products.errors';
import {
  CancelOrderDto,
  FulfilOrderDto,
  OrderEventDto,
  PayOrderDto,
  RefundOrderDto,
} from './order-actions.dto';
import { ListOrdersQuery } from './list-orders.dto';
import { CreateOrderDto, OrderDto } from './orders.dto';
import {
  AmountExceeded,
  InsufficientStock,
  MixedCurrencies,
  OrderLineNotFound,
  OrderNotFound,
  OrderTooLarge,
  ProductNotForSale,
  QuantityExceeded,
  TransitionRefused,
  VariantRequired,
} from './orders.errors';
import { OrdersService } from './orders.service';

const ACTION_ERRORS = [OrderNotFound, TransitionRefused];
const UNIT_ERRORS = [OrderLineNotFound, QuantityExceeded];

@TenantController('orders')
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Get()
  @Route({ summary: 'Lists orders, newest first', ok: OrderDto, list: 'counted', errors: [InvalidCursor] })
  list(@Query() query: ListOrdersQuery): Promise<Page<OrderDto>> {
    return this.orders.list(query);
  }

  @Post()
  @Adds()
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

  @Get(':id/events')
  @Route({
    summary: 'Lists payments, fulfilments, cancellations and refunds of an order, by time',
    ok: OrderEventDto,
    list: true,
    errors: [OrderNotFound, InvalidCursor],
  })
  listEvents(@Param('id', IdPipe) id: string, @Query() page: PageQuery): Promise<Page<OrderEventDto>> {
    return this.orders.listEvents(id, page);
  }

  @Post(':id/pay')
  @Route({
    summary: 'Records a payment, of all that is due or of a part',
    ok: OrderDto,
    errors: [...ACTION_ERRORS, AmountExceeded],
  })
  pay(
    @Param('id', IdPipe) id: string,
    @Body() payment: PayOrderDto,
    @IfMatch() ifMatch: Precondition,
  ): Promise<OrderDto> {
    return this.orders.pay(id, payment, ifMatch);
  }

  @Post(':id/fulfil')
  @Route({
    summary: 'Hands over a paid order, or units of it',
    ok: OrderDto,
    errors: [...ACTION_ERRORS, ...UNIT_ERRORS],
  })
  fulfil(
    @Param('id', IdPipe) id: string,
    @Body() fulfilment: FulfilOrderDto,
    @IfMatch() ifMatch: Precondition,
  ): Promise<OrderDto> {
    return this.orders.fulfil(id, fulfilment, ifMatch);
  }

  @Post(':id/cancel')
  @Route({
    summary: 'Cancels what is not fulfilled of an order, or units of it, and returns their stock',
    ok: OrderDto,
    errors: [...ACTION_ERRORS, ...UNIT_ERRORS],
  })
  cancel(
    @Param('id', IdPipe) id: string,
    @Body() cancellation: CancelOrderDto,
    @IfMatch() ifMatch: Precondition,
  ): Promise<OrderDto> {
    return this.orders.cancel(id, cancellation, ifMatch);
  }

  @Post(':id/refund')
  @Route({
    summary: 'Records a refund of a paid order, and the units that came back',
    ok: OrderDto,
    errors: [...ACTION_ERRORS, ...UNIT_ERRORS, AmountExceeded],
  })
  refund(
    @Param('id', IdPipe) id: string,
    @Body() refund: RefundOrderDto,
    @IfMatch() ifMatch: Precondition,
  ): Promise<OrderDto> {
    return this.orders.refund(id, refund, ifMatch);
  }
}
