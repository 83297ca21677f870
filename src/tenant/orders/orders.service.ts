import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../../common/ids';
import type { Page } from '../../http/page';
import type { Precondition } from '../../http/precondition';
import { TenantConnection } from '../../tenancy/tenant-connection';
import { readList } from '../lists/listing';
import { ORDER_BY_ID, orderListOf } from './order-list';
import { Order, type OrderStatus } from './order.entity';
import {
  type CreateOrderDto,
  type ListOrdersQuery,
  type OrderDto,
  type OrderRow,
  toOrderDto,
} from './orders.dto';
import { MixedCurrencies, OrderNotFound, OrderTooLarge, TransitionRefused } from './orders.errors';
import { placeOrder } from './place-order';
import { giveStockBack, lockStock, type SoldVariant } from './stock';

/** Target status and the statuses from which an order may reach it. */
const TRANSITIONS: Record<Exclude<OrderStatus, 'pending'>, readonly OrderStatus[]> = {
  paid: ['pending'],
  fulfilled: ['paid'],
  cancelled: ['pending', 'paid'],
};

/** Sales of one shop. */
@Injectable()
export class OrdersService {
  constructor(private readonly tenant: TenantConnection) {}

  /** Newest first unless asked otherwise. */
  list(query: ListOrdersQuery): Promise<Page<OrderDto>> {
    const listing = orderListOf(query);
    const read = (manager: EntityManager) => readList(manager, listing, query, toOrderDto);
    return query.count === true ? this.tenant.run(read) : this.tenant.runOne(read);
  }

  async get(id: string): Promise<OrderDto> {
    return toOrderDto(found(await this.tenant.runOne((manager) => read(manager, id))));
  }

  /** Takes stock, numbers the order and stores it at current prices, all or nothing. */
  create({ lines, customer }: CreateOrderDto): Promise<OrderDto> {
    const { userId } = this.tenant.access;
    return this.tenant.transaction(async (manager) => {
      const sold = await lockStock(manager, lines);
      const order = {
        id: newId(),
        currency: currencyOf(sold),
        totalMinor: totalOf(sold),
        customerEmail: customer?.email ?? null,
        customerName: customer?.name ?? null,
        createdBy: userId,
      };
      const placed = manager.query(...placeOrder(order, sold)); // not awaited: the next statement is sent with it
      const [, rows] = await Promise.all([placed, read(manager, order.id)]);
      return toOrderDto(found(rows));
    });
  }

  pay(id: string, ifMatch: Precondition): Promise<OrderDto> {
    return this.change(id, ifMatch, 'paid');
  }

  fulfil(id: string, ifMatch: Precondition): Promise<OrderDto> {
    return this.change(id, ifMatch, 'fulfilled');
  }

  cancel(id: string, ifMatch: Precondition): Promise<OrderDto> {
    return this.change(id, ifMatch, 'cancelled');
  }

  private change(id: string, ifMatch: Precondition, to: keyof typeof TRANSITIONS): Promise<OrderDto> {
    const { userId } = this.tenant.access;
    return this.tenant.transaction(async (manager) => {
      const order = found(await read(manager, id, 'FOR UPDATE OF o'));
      await ifMatch.check(async () => toOrderDto(found(await read(manager, id))));
      if (!TRANSITIONS[to].includes(order.status))
        throw new TransitionRefused({ detail: `The order is ${order.status}; it cannot become ${to}.` });
      await manager.update(Order, { id }, { status: to });
      if (to === 'cancelled')
        await giveStockBack(manager, order.lines, { reason: 'cancel', createdBy: userId, orderId: id });
      return toOrderDto(found(await read(manager, id)));
    });
  }
}

function read(manager: EntityManager, id: string, lock = ''): Promise<OrderRow[]> {
  return manager.query<OrderRow[]>(`${ORDER_BY_ID} ${lock}`, [id]);
}

function found([order]: OrderRow[]): OrderRow {
  if (order === undefined) throw new OrderNotFound();
  return order;
}

function currencyOf(sold: readonly SoldVariant[]): string {
  const currencies = new Set(sold.map(({ variant }) => variant.currency));
  const [currency] = currencies;
  if (currency === undefined || currencies.size > 1)
    throw new MixedCurrencies({ detail: `The lines are in ${[...currencies].join(' and ')}.` });
  return currency;
}

function totalOf(sold: readonly SoldVariant[]): number {
  const total = sold.reduce((sum, { variant, quantity }) => sum + variant.priceMinor * quantity, 0);
  if (!Number.isSafeInteger(total)) throw new OrderTooLarge();
  return total;
}
