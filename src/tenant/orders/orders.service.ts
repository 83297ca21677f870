import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { InvalidCursor } from '../../common/common.errors';
import { newId } from '../../common/ids';
import { type Page, type PageQuery, toPage } from '../../common/page';
import { TenantConnection } from '../../tenancy/tenant-connection';
import { ORDER_LIST } from './order-list';
import { OrderLine } from './order-line.entity';
import { Order, type OrderStatus } from './order.entity';
import { type CreateOrderDto, type OrderDto, type OrderRow, toOrderDto } from './orders.dto';
import { MixedCurrencies, OrderNotFound, OrderTooLarge, TransitionRefused } from './orders.errors';
import { giveStockBack, type SoldVariant, takeStock } from './stock';

/** From which statuses an order may go to another. */
const TRANSITIONS: Record<Exclude<OrderStatus, 'pending'>, readonly OrderStatus[]> = {
  paid: ['pending'],
  fulfilled: ['paid'],
  cancelled: ['pending', 'paid'],
};

/** Sales of one shop. */
@Injectable()
export class OrdersService {
  constructor(private readonly tenant: TenantConnection) {}

  /** Newest first. */
  async list({ limit, cursor }: PageQuery): Promise<Page<OrderDto>> {
    if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) throw new InvalidCursor();
    const orders = await this.tenant.runOne((manager) =>
      manager.query<OrderRow[]>(ORDER_LIST, [cursor ?? Number.MAX_SAFE_INTEGER, limit + 1]),
    );
    return toPage(orders, limit, ({ number }) => String(number), toOrderDto);
  }

  get(id: string): Promise<OrderDto> {
    return this.tenant.run(async (manager) => toOrderDto(await getOrder(manager, id)));
  }

  /** Takes stock, numbers the order and stores it at today's prices, all or nothing. */
  create({ lines, customer }: CreateOrderDto): Promise<OrderDto> {
    const { userId } = this.tenant.access;
    return this.tenant.transaction(async (manager) => {
      const sold = await takeStock(manager, lines);
      const order = {
        id: newId(),
        status: 'pending' as const,
        currency: currencyOf(sold),
        totalMinor: totalOf(sold),
        customerEmail: customer?.email ?? null,
        customerName: customer?.name ?? null,
        createdBy: userId,
        number: await nextNumber(manager), // last: it keeps other orders of the shop waiting until commit
      };
      await manager.insert(Order, order);
      await manager.insert(
        OrderLine,
        sold.map((item, i) => toLine(order.id, i + 1, item)),
      );
      return toOrderDto(await getOrder(manager, order.id));
    });
  }

  pay(id: string): Promise<OrderDto> {
    return this.change(id, 'paid');
  }

  fulfil(id: string): Promise<OrderDto> {
    return this.change(id, 'fulfilled');
  }

  cancel(id: string): Promise<OrderDto> {
    return this.change(id, 'cancelled');
  }

  private change(id: string, to: keyof typeof TRANSITIONS): Promise<OrderDto> {
    return this.tenant.transaction(async (manager) => {
      const order = await getOrder(manager, id, true);
      if (!TRANSITIONS[to].includes(order.status))
        throw new TransitionRefused({ detail: `The order is ${order.status}; it cannot become ${to}.` });
      await manager.update(Order, { id }, { status: to });
      if (to === 'cancelled') await giveStockBack(manager, order.lines);
      return toOrderDto(await getOrder(manager, id));
    });
  }
}

async function getOrder(manager: EntityManager, id: string, lock = false): Promise<Order> {
  const order = await manager.findOne(Order, {
    where: { id },
    ...(lock ? { lock: { mode: 'pessimistic_write' as const } } : {}),
  });
  if (order === null) throw new OrderNotFound();
  order.lines = await manager.find(OrderLine, { where: { orderId: id }, order: { position: 'ASC' } });
  return order;
}

/** The counter's row lock makes numbers gapless; a rolled back order gives its number back. */
async function nextNumber(manager: EntityManager): Promise<number> {
  const [rows] = await manager.query<[{ value: number }[], number]>(
    `UPDATE counters SET value = value + 1 WHERE name = 'orders' RETURNING value`,
  );
  return rows[0]!.value; // the migration that made the table made this row
}

function currencyOf(sold: readonly SoldVariant[]): string {
  const currencies = new Set(sold.map(({ variant }) => variant.product.currency));
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

function toLine(orderId: string, position: number, { variant, quantity }: SoldVariant) {
  return {
    orderId,
    position,
    variantId: variant.id,
    productId: variant.productId,
    sku: variant.sku,
    name: variant.product.name,
    optionValues: variant.optionValues,
    unitPriceMinor: variant.priceMinor,
    quantity,
    totalMinor: variant.priceMinor * quantity,
  };
}
