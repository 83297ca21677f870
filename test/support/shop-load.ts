import type { Answer, Api } from './api';
import { created, newProduct, type Owner } from './factories';
import { until } from './until';

export interface LoadShop {
  slug: string;
  id: string;
  accessToken: string;
  /** Variant that its orders buy. */
  productId: string;
}

/** An answer to the load: from where, about what, when. */
export interface Heard {
  server: string;
  slug: string;
  phase: string;
  /** As `200` or `503 SHOP_NOT_READY`. */
  said: string;
  hasRetryAfter: boolean;
}

export interface WrittenProduct {
  slug: string;
  id: string;
  name: string;
  vendor: string;
  sku: string;
  priceMinor: number;
}

export interface WrittenOrder {
  slug: string;
  id: string;
  number: number;
  quantity: number;
  totalMinor: number;
}

export const LOAD_STOCK = 1_000_000;
export const LOAD_PRICE = 250;
const AT_ONCE = 2;

export async function loadShop({ api, shop, accessToken }: Owner): Promise<LoadShop> {
  const { id } = await newProduct(api, { sku: 'load', priceMinor: LOAD_PRICE, stock: LOAD_STOCK });
  return { slug: shop.slug, id: shop.id, accessToken, productId: id };
}

/** Lists products, adds products and takes orders in all shops on all servers at once, and keeps every answer. */
export class ShopLoad {
  readonly heard: Heard[] = [];
  readonly products: WrittenProduct[] = [];
  readonly orders: WrittenOrder[] = [];
  private readonly steps = new Map<string, number>();
  private readonly workers: Promise<PromiseSettledResult<void>[]>;
  private isOver = false;
  private phase = 'start';

  constructor(
    private readonly shops: readonly LoadShop[],
    servers: Record<string, Api>,
  ) {
    const workers = Object.entries(servers).flatMap(([server, api]) => {
      this.steps.set(server, 0);
      return Array.from({ length: AT_ONCE }, () => this.work(server, api));
    });
    this.workers = Promise.allSettled(workers);
  }

  /** Label of requests that start from now on. */
  begin(phase: string): void {
    this.phase = phase;
  }

  /** Until each server was asked for everything in every shop, all of it since the call. */
  async round(): Promise<void> {
    const targets = [...this.steps].map(
      ([server, done]) => [server, done + AT_ONCE + 3 * this.shops.length] as const,
    );
    const left = () => targets.filter(([server, target]) => this.steps.get(server)! < target); // set for each
    await until(
      () => Promise.resolve(left()),
      (servers) => servers.length === 0 || this.isOver,
    );
  }

  /** @throws what ended a worker, if anything did */
  async end(): Promise<void> {
    this.isOver = true;
    const failure = (await this.workers).find(({ status }) => status === 'rejected');
    if (failure?.status === 'rejected') throw failure.reason;
  }

  private async work(server: string, api: Api): Promise<void> {
    try {
      while (!this.isOver) {
        const step = this.steps.get(server)!;
        this.steps.set(server, step + 1);
        const shop = this.shops[step % this.shops.length]!;
        const kind = Math.floor(step / this.shops.length) % 3;
        const { phase } = this;
        const answer = await this.send(kind, `${server}-${step}`, shop, api.as(shop.accessToken));
        this.heard.push({ server, slug: shop.slug, phase, ...gist(answer) });
      }
    } finally {
      this.isOver = true; // when one fails, the others end too
    }
  }

  private async send(kind: number, name: string, { slug, productId }: LoadShop, api: Api): Promise<Answer> {
    if (kind === 0) return api.get('products?limit=5');
    const number = 1 + (this.heard.length % 7);
    if (kind === 1) {
      const wanted = { name, vendor: `of ${name}`, sku: name, priceMinor: number };
      const answer = await api.post('products', wanted);
      if (answer.status === 201) this.products.push({ slug, id: answer.body.id, ...wanted });
      return answer;
    }
    const answer = await api.post('orders', { lines: [{ productId, quantity: number }] });
    if (answer.status === 201) this.orders.push({ slug, quantity: number, ...orderIn(answer) });
    return answer;
  }
}

function gist({ status, body, headers }: Answer): Pick<Heard, 'said' | 'hasRetryAfter'> {
  const said = status < 300 ? String(status) : `${status} ${body?.code}`;
  return { said, hasRetryAfter: Number(headers.get('retry-after')) > 0 };
}

function orderIn(answer: Answer): Pick<WrittenOrder, 'id' | 'number' | 'totalMinor'> {
  const { id, number, totalMinor } = created(answer).body;
  return { id, number, totalMinor };
}
