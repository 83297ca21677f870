import { type EntityManager, In, LessThan } from 'typeorm';
import { groupBy } from '../../src/common/group-by';
import { ORDER_LIST } from '../../src/tenant/orders/order-list';
import { OrderLine } from '../../src/tenant/orders/order-line.entity';
import { Order } from '../../src/tenant/orders/order.entity';
import { type OrderRow, toOrderDto } from '../../src/tenant/orders/orders.dto';
import { LIMIT, type ListWay } from './way';

const cursorOf = (page: number) => 24_000 - 20 * (page % 400);

async function oneStatement(manager: EntityManager, page: number) {
  return (await manager.query<OrderRow[]>(ORDER_LIST, [cursorOf(page), LIMIT])).map(toOrderDto);
}

async function findTwice(manager: EntityManager, page: number) {
  const orders = await manager.find(Order, {
    where: { number: LessThan(cursorOf(page)) },
    order: { number: 'DESC' },
    take: LIMIT,
  });
  const lines = await manager.find(OrderLine, {
    where: { orderId: In(orders.map(({ id }) => id)) },
    order: { position: 'ASC' },
  });
  const byOrder = groupBy(lines, ({ orderId }) => orderId);
  return orders.map((order) => toOrderDto({ ...order, lines: byOrder.get(order.id) ?? [] }));
}

async function joinAndSelect(manager: EntityManager, page: number) {
  const orders = (await manager
    .createQueryBuilder(Order, 'o')
    .leftJoinAndMapMany('o.lines', OrderLine, 'l', 'l.order_id = o.id')
    .where('o.number < :number', { number: cursorOf(page) })
    .orderBy('o.number', 'DESC')
    .take(LIMIT)
    .getMany()) as (Order & { lines: OrderLine[] })[];
  for (const order of orders) order.lines.sort((a, b) => a.position - b.position);
  return orders.map(toOrderDto);
}

/** The service uses the first. */
export const ORDER_LISTS: readonly ListWay[] = [
  { name: 'one SQL text, lines by json_agg of rows', read: oneStatement },
  { name: 'TypeORM find, then find of lines', read: findTwice },
  { name: 'TypeORM leftJoinAndSelect with take', read: joinAndSelect },
];
