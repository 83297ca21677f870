import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { InvalidCursor, invalidField } from '../../common/common.errors';
import { isId, newId } from '../../common/ids';
import { type Page, type PageQuery, toPage } from '../../http/page';
import type { Precondition } from '../../http/precondition';
import { TenantConnection } from '../../tenancy/tenant-connection';
import { readList } from '../lists/listing';
import type { ListOrdersQuery } from './list-orders.dto';
import {
  type CancelOrderDto,
  type FulfilOrderDto,
  type OrderEventDto,
  type PayOrderDto,
  type RefundOrderDto,
  toOrderEventDto,
} from './order-actions.dto';
import { changeOrder, type OrderChange } from './order-change';
import { OrderEvent, type OrderEventKind } from './order-event.entity';
import { ORDER_BY_ID, orderListOf } from './order-list';
import { cancelRefusal, fulfilRefusal, payRefusal, refundRefusal } from './order-refusals';
import { dueMinor, openUnits } from './order-state';
import { takeUnits } from './order-units';
import { Order } from './order.entity';
import { type CreateOrderDto, type OrderDto, type OrderRow, toOrderDto } from './orders.dto';
import {
  AmountExceeded,
  MixedCurrencies,
  OrderNotFound,
  OrderTooLarge,
  TransitionRefused,
} from './orders.errors';
import { placeOrder } from './place-order';
import { lockStock, type SoldVariant } from './stock';

const AFTER_EVENT =
  '(e.created_at, e.id) > (SELECT c.created_at, c.id FROM order_events c WHERE c.id = :cursor)';

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
    const { access, author, settings } = this.tenant;
    assertBuyer(customer);
    return this.tenant.transaction(async (manager) => {
      const sold = await lockStock(manager, lines);
      const order = {
        id: newId(),
        numberPrefix: settings.orderPrefix,
        currency: currencyOf(sold),
        totalMinor: totalOf(sold),
        customerId: newId(),
        customerEmail: customer?.email ?? null,
        customerName: customer?.name ?? null,
        createdBy: access.userId,
        author,
      };
      const placed = manager.query(...placeOrder(order, sold)); // not awaited: the next statement is sent with it
      const [, rows] = await Promise.all([placed, read(manager, order.id)]);
      return toOrderDto(found(rows));
    });
  }

  /** Oldest first, by time: an import stores events in another order than they happened. */
  async listEvents(id: string, { limit, cursor }: PageQuery): Promise<Page<OrderEventDto>> {
    if (cursor !== undefined && !isId(cursor)) throw new InvalidCursor();
    const events = await this.tenant.run(async (manager) => {
      if (!(await manager.existsBy(Order, { id }))) throw new OrderNotFound();
      const query = manager
        .createQueryBuilder(OrderEvent, 'e')
        .where('e.order_id = :id', { id })
        .orderBy({ 'e.created_at': 'ASC', 'e.id': 'ASC' })
        .limit(limit + 1);
      return (cursor === undefined ? query : query.andWhere(AFTER_EVENT, { cursor })).getMany();
    });
    return toPage(events, limit, (event) => event.id, toOrderEventDto);
  }

  pay(id: string, { amountMinor, note }: PayOrderDto, ifMatch: Precondition): Promise<OrderDto> {
    return this.change(id, ifMatch, 'payment', (order) => {
      assertPossible(payRefusal(order));
      const due = dueMinor(order);
      assertAmount(amountMinor, due);
      return { amountMinor: amountMinor ?? due, note };
    });
  }

  fulfil(id: string, { lines, note }: FulfilOrderDto, ifMatch: Precondition): Promise<OrderDto> {
    return this.change(id, ifMatch, 'fulfilment', (order) => {
      assertPossible(fulfilRefusal(order));
      return { units: takeUnits(order.lines, lines, openUnits), note };
    });
  }

  cancel(
    id: string,
    { lines, restock = true, reason }: CancelOrderDto,
    ifMatch: Precondition,
  ): Promise<OrderDto> {
    return this.change(id, ifMatch, 'cancellation', (order) => {
      assertPossible(cancelRefusal(order));
      return { units: takeUnits(order.lines, lines, openUnits), restock, note: reason };
    });
  }

  refund(
    id: string,
    { amountMinor, lines, restock = true, reason }: RefundOrderDto,
    ifMatch: Precondition,
  ): Promise<OrderDto> {
    assertRefund(amountMinor, lines);
    return this.change(id, ifMatch, 'refund', (order) => {
      assertPossible(refundRefusal(order, amountMinor));
      const left = order.paidMinor - order.refundedMinor;
      assertAmount(amountMinor, left);
      const units = takeUnits(order.lines, lines ?? [], ({ fulfilled, returned }) => fulfilled - returned);
      return { amountMinor: amountMinor ?? left, units, restock, note: reason };
    });
  }

  /** @param of what to do to the order, which is locked; throws if that is not possible */
  private change(
    id: string,
    ifMatch: Precondition,
    kind: OrderEventKind,
    of: (order: OrderRow) => Omit<OrderChange, 'kind'>,
  ): Promise<OrderDto> {
    const { userId } = this.tenant.access;
    return this.tenant.transaction(async (manager) => {
      const order = found(await readLocked(manager, id));
      await ifMatch.check(async () => toOrderDto(order));
      await changeOrder(manager, order, { kind, ...of(order) }, userId);
      return toOrderDto(found(await read(manager, id)));
    });
  }
}

function read(manager: EntityManager, id: string): Promise<OrderRow[]> {
  return manager.query<OrderRow[]>(ORDER_BY_ID, [id]);
}

/** One statement would wait for the lock and then show the lines as they were before. Both are sent together. */
async function readLocked(manager: EntityManager, id: string): Promise<OrderRow[]> {
  const lock = manager.query('SELECT FROM orders WHERE id = $1 FOR UPDATE', [id]);
  const [, rows] = await Promise.all([lock, read(manager, id)]);
  return rows;
}

function found([order]: OrderRow[]): OrderRow {
  if (order === undefined) throw new OrderNotFound();
  return order;
}

function assertBuyer(customer: CreateOrderDto['customer']): void {
  if (customer === undefined || customer === null || isText(customer.email) || isText(customer.name)) return;
  throw invalidField('customer', 'give an e-mail address or a name');
}

/** No default amount fits units: neither all that was paid nor their price need be what goes back. */
function assertRefund(amountMinor: number | undefined, lines: RefundOrderDto['lines']): void {
  if (lines !== undefined && amountMinor === undefined)
    throw invalidField('amountMinor', 'amountMinor is compulsory with lines; 0 if no money goes back');
  if (lines === undefined && amountMinor === 0)
    throw invalidField('amountMinor', 'amountMinor must be at least 1 without lines');
}

function isText(text: string | null | undefined): boolean {
  return text !== undefined && text !== null;
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

function assertPossible(refusal: string | null): void {
  if (refusal !== null) throw new TransitionRefused({ detail: refusal });
}

function assertAmount(amountMinor: number | undefined, most: number): void {
  if (amountMinor !== undefined && amountMinor > most)
    throw new AmountExceeded({ detail: `At most ${most} in minor units are possible.` });
}
