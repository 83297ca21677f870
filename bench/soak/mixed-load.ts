import { setTimeout as sleep } from 'node:timers/promises';
import { variantId } from '../lib/catalogue';

const CLIENTS = 8;
/** A person's pace, so that the processor is not the limit. */
const PAUSE_MS = 20;

type Ask = (api: string, headers: Record<string, string>) => Promise<Response>;

const ORDER = JSON.stringify({ lines: [{ variantId: variantId(1), quantity: 1 }] });
const listProducts: Ask = (api, headers) => fetch(`${api}/products?limit=20`, { headers });
const search: Ask = (api, headers) => fetch(`${api}/products?q=product`, { headers });
const listOrders: Ask = (api, headers) => fetch(`${api}/orders?limit=20`, { headers });
const placeOrder: Ask = (api, headers) =>
  fetch(`${api}/orders`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: ORDER,
  });
const exportProducts: Ask = (api, headers) => fetch(`${api}/products/export`, { headers });

/** Requests of a day of a shop, by share. */
const MIX = [
  ...Array<Ask>(8).fill(listProducts),
  ...Array<Ask>(3).fill(placeOrder),
  ...Array<Ask>(3).fill(listOrders),
  search,
  exportProducts,
];

/** Places orders in every shop. @throws Error unless each is accepted */
export async function placeOrders(url: string, tokens: readonly string[], each: number): Promise<void> {
  const left = tokens.flatMap((token) => Array<string>(each).fill(token)).values();
  const client = async () => {
    for (const token of left) {
      const answer = await placeOrder(`${url}/api/v1`, { authorization: `Bearer ${token}` });
      if (answer.status !== 201) throw new Error(`an order got ${answer.status}: ${await answer.text()}`);
      await answer.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

/** Clients that ask shops at random, one request after the other, until they are stopped. */
export class MixedLoad {
  readonly times: number[] = [];
  private readonly statuses = new Map<string, number>();
  private isOver = false;
  private readonly running: Promise<unknown>;

  constructor(
    private readonly url: string,
    private tokens: readonly string[],
  ) {
    this.running = Promise.all(Array.from({ length: CLIENTS }, (_, i) => this.client(i)));
  }

  /** Requests that did not get a 2xx. */
  get failures(): number {
    return [...this.statuses]
      .filter(([status]) => !status.startsWith('2'))
      .reduce((sum, [, n]) => sum + n, 0);
  }

  use(tokens: readonly string[]): void {
    this.tokens = tokens;
  }

  fail(error: unknown): void {
    this.count(String(error));
  }

  summary(): string {
    return [...this.statuses].map(([status, count]) => `${status}: ${count}`).join(', ');
  }

  async stop(): Promise<void> {
    this.isOver = true;
    await this.running;
  }

  private async client(first: number): Promise<void> {
    for (let i = first; !this.isOver; i++) {
      const token = this.tokens[Math.floor(Math.random() * this.tokens.length)];
      const started = performance.now();
      try {
        const answer = await MIX[i % MIX.length]!(`${this.url}/api/v1`, { authorization: `Bearer ${token}` }); // i is not negative
        await answer.arrayBuffer();
        this.count(String(answer.status));
      } catch (error) {
        this.fail(error);
      }
      this.times.push(performance.now() - started);
      await sleep(PAUSE_MS);
    }
  }

  private count(what: string): void {
    this.statuses.set(what, (this.statuses.get(what) ?? 0) + 1);
  }
}
