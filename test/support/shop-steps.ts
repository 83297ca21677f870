import type { AnyStep, StepOf } from './any-day';
import type { Answer, Api } from './api';
import { type Expected, type GoesBack, OrderModel } from './order-model';
import type { Counted, ShopModel, StoredVariant } from './shop-model';

/** A shop and what it must have. */
export interface SteppedShop {
  api: Api;
  model: ShopModel;
  /** Variants that the shop has, as PostgreSQL shows them. */
  stored: () => Promise<StoredVariant[]>;
  /** Ids of all variants and products that the shop has had. */
  variantIds: string[];
  productIds: string[];
}

const pick = <T>(items: readonly T[], place: number): T | undefined =>
  items[place % Math.max(1, items.length)];

/** One that the shop has, or seldom any that it has had. */
const pickId = (present: Iterable<string>, all: readonly string[], place: number): string =>
  (place > 45 ? undefined : pick([...present], place)) ?? pick(all, place)!; // it has had some

/** The newest order, or one of those before it. */
export function latest({ orders }: ShopModel, place: number): OrderModel | undefined {
  return pick(orders.toReversed(), place);
}

/** Code of a refusal, null for success. */
export function codeOf({ status, body }: Answer): Expected {
  return status < 300 ? null : (body?.code ?? `status ${status}`);
}

/** Takes a step of an order. @returns the code it must get and the units that go back into stock */
function changeOrder(order: OrderModel, step: AnyStep): Expected | GoesBack {
  if (step.action === 'pay') return order.pay(step.amountMinor);
  if (step.action === 'fulfil') return order.fulfil(step.lines);
  if (step.action === 'cancel') return order.cancel(step.lines, step.restock ?? true);
  if (step.action === 'refund') return order.refund(step.amountMinor, step.lines ?? [], step.restock ?? true);
  throw new Error(`${step.action} is no step of an order`);
}

/** Sends a request, and asserts that its answer is the one that the model gives. */
export async function take(step: AnyStep, shop: SteppedShop): Promise<void> {
  const { api, model, variantIds, productIds } = shop;
  const variantId = 'variant' in step ? pickId(model.variants.keys(), variantIds, step.variant) : '';
  const productId = 'product' in step ? pickId(model.products.keys(), productIds, step.product) : '';
  switch (step.action) {
    case 'order':
      return placeOrder(step, shop);
    case 'import':
      return importFile(step, shop);
    case 'bulk':
      return changeMany(step, shop);
    case 'stock': {
      const { delta, isReturn } = step;
      const now = model.variants.get(variantId)?.stock ?? 0;
      const expected = model.change(variantId, { stock: now + delta }, 'STOCK_TOO_LOW');
      const body = { delta, reason: 'Counted', isReturn };
      return expect(codeOf(await api.post(`variants/${variantId}/stock`, body))).toBe(expected);
    }
    case 'variant': {
      const expected = model.change(variantId, step.values, 'VALIDATION_FAILED');
      return expect(codeOf(await api.patch(`variants/${variantId}`, step.values))).toBe(expected);
    }
    case 'product': {
      const expected = model.changeProduct(productId, step.stock);
      return expect(codeOf(await api.patch(`products/${productId}`, { stock: step.stock }))).toBe(expected);
    }
    case 'removeVariant': {
      const expected = model.removeVariant(variantId);
      return expect(codeOf(await api.delete(`variants/${variantId}`))).toBe(expected);
    }
    case 'removeProduct': {
      const expected = model.removeProduct(productId);
      return expect(codeOf(await api.delete(`products/${productId}`))).toBe(expected);
    }
    case 'undo': {
      const log = pick(model.imports.toReversed(), step.import);
      if (log === undefined) return;
      const expected = model.undo(model.imports.indexOf(log));
      return expect(codeOf(await api.post(`imports/${log.id}/undo`))).toBe(expected);
    }
    default: {
      const order = latest(model, step.order);
      if (order === undefined) return;
      const result = changeOrder(order, step);
      const { action, order: _order, ...body } = step;
      if (Array.isArray(result)) model.giveBack(result);
      const expected = Array.isArray(result) ? null : result;
      return expect(codeOf(await api.post(`orders/${order.id}/${action}`, body))).toBe(expected);
    }
  }
}

async function placeOrder(
  { lines, email }: StepOf<'order'>,
  { api, model, variantIds }: SteppedShop,
): Promise<void> {
  const wanted = lines.map((line) => ({
    variantId: pickId(model.variants.keys(), variantIds, line.variant),
    quantity: line.quantity,
  }));
  const taken = model.takeStock(wanted);
  const answer = await api.post('orders', { lines: wanted, customer: email && { email } });
  expect(codeOf(answer)).toBe(typeof taken === 'string' ? taken : null);
  if (typeof taken !== 'string') model.orders.push(new OrderModel(answer.body.id, taken));
}

async function changeMany({ items }: StepOf<'bulk'>, { api, model, variantIds }: SteppedShop): Promise<void> {
  const seen = new Map(items.map((item) => [pickId(model.variants.keys(), variantIds, item.variant), item]));
  const changes = [...seen].map(([id, { isDelta, value }]) => ({ id, [isDelta ? 'delta' : 'stock']: value }));
  const expected = [...seen].map(([id, { isDelta, value }]) => {
    const now = isDelta ? (model.variants.get(id)?.stock ?? 0) : 0;
    return model.change(id, { stock: now + value }, 'STOCK_TOO_LOW');
  });
  const { status, body } = await api.post('variants/bulk', { variants: changes, reason: 'Counted' });
  expect(status).toBe(200);
  expect(body.items.map((item: { code: string | null }) => item.code)).toEqual(expected);
}

const COLUMNS = {
  stock: 'Variant Inventory Qty',
  tracksStock: 'Variant Inventory Tracker',
  sellsWhenOut: 'Variant Inventory Policy',
  priceMinor: 'Variant Price',
} satisfies Record<keyof Counted, string>;

async function importFile({ columns, rows }: StepOf<'import'>, shop: SteppedShop): Promise<void> {
  const { api, model } = shop;
  const header = [
    'Handle',
    'Title',
    'Option1 Name',
    'Option1 Value',
    ...columns.map((column) => COLUMNS[column]),
  ];
  const lines = rows.map((row) => {
    const cells: Record<keyof Counted, string> = {
      stock: String(row.stock),
      tracksStock: row.tracksStock === true ? 'shopify' : '',
      sellsWhenOut: row.sellsWhenOut === true ? 'continue' : 'deny',
      priceMinor: String((row.priceMinor ?? 0) / 100),
    };
    const option = row.size === null ? ['', ''] : ['Size', row.size];
    return [row.handle, row.handle, ...option, ...columns.map((column) => cells[column])];
  });
  const csv = [header, ...lines].map((cells) => cells.join(',')).join('\n');
  const expected = model.expectedOfImport(rows);
  const answer = await api.raw('POST', 'products/import', csv, { 'content-type': 'text/csv' });
  expect(codeOf(answer)).toBe(expected);
  if (expected !== null) return;
  model.import(answer.body.importId, rows, await shop.stored());
  for (const { id, productId } of model.variants.values()) {
    if (!shop.variantIds.includes(id)) shop.variantIds.push(id);
    if (!shop.productIds.includes(productId)) shop.productIds.push(productId);
  }
}
