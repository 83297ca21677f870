import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { OperatorError } from '../common/report';
import type { ApiClient } from './api-client';

interface Variant {
  id: string;
  priceMinor: number;
  stock: number;
  tracksStock: boolean;
  sellsWhenOut: boolean;
}
export interface Product {
  id: string;
  name: string;
  currency: string;
  status: string;
  variants: Variant[];
}
export interface Order {
  id: string;
  number: number;
  status: string;
  currency: string;
  totalMinor: number;
}
interface Session {
  accessToken: string;
  shop: { id: string; name: string; slug: string };
}
interface ImportReport {
  rows: number;
  products: { created: number };
  variants: { created: number };
}

export interface DemoShop {
  file: string;
  email: string;
  password: string;
  name: string;
  slug: string;
  api: ApiClient;
  report: ImportReport;
  products: Product[];
}

export interface Sale {
  fulfilled: Order;
  cancelled: Order;
  /** HTTP status returned when an order exceeds the stock; null if the shop counts the stock of nothing. */
  tooMany: number | null;
  stockBefore: number;
  stockAfter: number;
}

export interface Peek {
  /** Rows of the other shop that were requested by id. */
  asked: number;
  /** Number of these requests that returned 404. */
  refused: number;
  /** Rows that appear in both shops' lists. */
  shared: number;
}

/** Reads a catalogue. A file that is none would leave its shop behind, empty, so a look comes before the registration. */
export async function readCatalogue(file: string): Promise<string> {
  const csv = await readFile(file, 'utf8').catch((error: Error) => {
    throw new OperatorError(`Cannot read ${file}: ${error.message}`);
  });
  const [header = ''] = csv.split(/\r?\n/, 1);
  if (!/\b(handle|title)\b/i.test(header))
    throw new OperatorError(
      `${file} is not a Shopify product CSV: its first line names neither Handle nor Title.`,
    );
  return csv;
}

/** Registers an owner with a shop named after the file, and imports the file. */
export async function openShop(api: ApiClient, file: string, csv: string): Promise<DemoShop> {
  const password = randomBytes(9).toString('base64url');
  const email = `owner-${randomBytes(4).toString('hex')}@example.com`;
  const name = titleOf(file);
  const session = await api.post<Session>('auth/register', {
    email,
    password,
    name: 'Demo Owner',
    shop: { name },
  });
  const own = api.as(session.accessToken);
  const report = await own.post<ImportReport>('products/import', csv);
  const products = await own.all<Product>('products');
  return { file, email, password, name, slug: session.shop.slug, api: own, report, products };
}

/** Sells and fulfils one item, sells and cancels another, and orders more than the stock, if it is counted. */
export async function sell(shop: DemoShop): Promise<Sale> {
  const sellable = shop.products
    .filter(({ status }) => status === 'active')
    .flatMap(({ variants }) => variants);
  const counted = sellable.filter((variant) => isCounted(variant) && variant.stock > 0);
  const variant = counted.toSorted((a, b) => b.stock - a.stock)[0] ?? sellable.find((one) => !isCounted(one));
  if (variant === undefined) throw new OperatorError(`${shop.file} has nothing in stock to sell.`);
  const order = (quantity: number) => ({
    lines: [{ variantId: variant.id, quantity }],
    customer: { email: 'buyer@example.com', name: 'Demo Buyer' },
  });
  const tooMany = isCounted(variant)
    ? await shop.api.statusOf('POST', 'orders', order(variant.stock + 1))
    : null;
  const returned = await shop.api.post<Order>('orders', order(1));
  const cancelled = await shop.api.post<Order>(`orders/${returned.id}/cancel`);
  const sold = await shop.api.post<Order>('orders', order(1));
  await shop.api.post(`orders/${sold.id}/pay`);
  const fulfilled = await shop.api.post<Order>(`orders/${sold.id}/fulfil`);
  const stockAfter = stockOf(await shop.api.all<Product>('products'));
  return { fulfilled, cancelled, tooMany, stockBefore: stockOf(shop.products), stockAfter };
}

/** Requests every row of the other shop as this shop. */
export async function peek(curious: DemoShop, other: DemoShop): Promise<Peek> {
  const orders = await other.api.all<Order>('orders');
  const paths = [
    ...other.products.map(({ id }) => `products/${id}`),
    ...orders.map(({ id }) => `orders/${id}`),
  ];
  const statuses = await Promise.all(paths.map((row) => curious.api.statusOf('GET', row)));
  const own = new Set((await curious.api.all<Product>('products')).map(({ id }) => id));
  return {
    asked: paths.length,
    refused: statuses.filter((status) => status === 404).length,
    shared: other.products.filter(({ id }) => own.has(id)).length,
  };
}

export function stockOf(products: readonly Product[]): number {
  const counted = products.flatMap(({ variants }) => variants).filter(({ tracksStock }) => tracksStock);
  return counted.reduce((sum, { stock }) => sum + stock, 0);
}

/** True if an order fails when the stock is short. */
function isCounted({ tracksStock, sellsWhenOut }: Variant): boolean {
  return tracksStock && !sellsWhenOut;
}

/** `examples/tea-house.csv` → `Tea House`. */
function titleOf(file: string): string {
  const words = path
    .parse(file)
    .name.split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(' ') || 'Demo Shop';
}
