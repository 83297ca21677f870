import type { Reply, Sent } from './client';
import type { KitShop } from './shops';

/** One request of the load. */
export interface Step {
  sent: Sent;
  /** Correct answers, such as `200` or `409 HANDLE_TAKEN`. */
  right: string[];
  /** The answer must carry the shop's own marker. */
  ownRows?: boolean;
  /** Stores ids from the answer for later requests. */
  learn?: (reply: Reply) => void;
  /** The client disconnects before the answer. */
  abort?: boolean;
}

/** Makes a request of one shop; `other` is a shop that it must not see. Null if the shop lacks the rows for it. */
type Make = (shop: KitShop, other: KitShop, pick: <T>(from: readonly T[]) => T | undefined) => Step | null;

const API = '/api/v1/';
const MISSING = [
  '404 PRODUCT_NOT_FOUND',
  '404 ORDER_NOT_FOUND',
  '404 VARIANT_NOT_FOUND',
  '404 SHOP_NOT_FOUND',
];

const get = (shop: KitShop, path: string): Sent => ({ method: 'GET', path: API + path, token: shop.token });
const send = (shop: KitShop, method: string, path: string, body?: object): Sent => ({
  method,
  path: API + path,
  token: shop.token,
  ...(body === undefined ? {} : { body: JSON.stringify(body) }),
});

/** A product in which every text carries the marker. */
function productOf({ marker }: KitShop, n: number): object {
  const image = `https://example.com/${marker}/${n}.jpg`;
  return {
    ...{ name: `Thing ${n} ${marker}`, description: `<p>${marker}</p>`, vendor: `Vendor ${marker}` },
    ...{ type: `Type ${marker}`, tags: [`tag ${marker}`], priceMinor: 100 + n, stock: 1000 },
    ...{ sku: `sku-${marker}-${n}`, images: [{ src: image, position: 1, alt: `Alt ${marker}` }] },
  };
}

function csvOf({ marker }: KitShop, n: number): string {
  const rows = [0, 1, 2].map(
    (i) =>
      `csv-${marker}-${n}-${i},Row ${i} ${marker},${marker},Vendor ${marker},tag ${marker},csv-${marker}-${n}-${i},9.90,50`,
  );
  return [
    'Handle,Title,Body (HTML),Vendor,Tags,Variant SKU,Variant Price,Variant Inventory Qty',
    ...rows,
  ].join('\n');
}

function learnProduct(shop: KitShop): (reply: Reply) => void {
  return ({ status, text }) => {
    if (status !== 201) return;
    const { id, handle, variants } = JSON.parse(text) as {
      id: string;
      handle: string;
      variants: { id: string }[];
    };
    shop.products.push({ id, handle, variantId: variants[0]!.id }); // every product has at least one
  };
}

function customerOf({ marker }: KitShop): object {
  return { email: `${marker}@example.com`, name: `Customer ${marker}` };
}

function transition(to: string): Make {
  return (shop, _other, pick) => {
    const order = pick(shop.orders);
    if (order === undefined) return null;
    return {
      sent: send(shop, 'POST', `orders/${order}/${to}`),
      right: ['200', '409 TRANSITION_REFUSED'],
      ownRows: false,
    };
  };
}

/** Requests of the load with their relative frequency. */
export const STEPS: { name: string; weight: number; make: Make }[] = [
  {
    name: 'list products',
    weight: 18,
    make: (shop) => ({
      sent: get(shop, 'products?limit=8'),
      right: ['200'],
      ownRows: shop.products.length > 0,
    }),
  },
  {
    name: 'get product',
    weight: 14,
    make: (shop, _other, pick) => {
      const product = pick(shop.products);
      return product ? { sent: get(shop, `products/${product.id}`), right: ['200'], ownRows: true } : null;
    },
  },
  {
    name: 'search products',
    weight: 8,
    make: (shop) => ({
      sent: get(shop, `products?limit=5&q=${shop.marker}`),
      right: ['200'],
      ownRows: shop.products.length > 0,
    }),
  },
  {
    name: "search for another shop's products",
    weight: 4,
    make: (shop, other) => ({ sent: get(shop, `products?q=${other.marker}`), right: ['200'] }),
  },
  {
    name: 'create product',
    weight: 9,
    make: (shop) => ({
      sent: send(shop, 'POST', 'products', productOf(shop, ++shop.next)),
      right: ['201'],
      ownRows: true,
      learn: learnProduct(shop),
    }),
  },
  {
    name: 'update product',
    weight: 7,
    make: (shop, _other, pick) => {
      const product = pick(shop.products);
      if (product === undefined) return null;
      const changes = { name: `Thing again ${++shop.next} ${shop.marker}`, tags: [`tag ${shop.marker}`] };
      return { sent: send(shop, 'PATCH', `products/${product.id}`, changes), right: ['200'], ownRows: true };
    },
  },
  {
    name: 'take order',
    weight: 8,
    make: (shop, _other, pick) => {
      const product = pick(shop.products);
      if (product === undefined) return null;
      const body = { lines: [{ variantId: product.variantId, quantity: 1 }], customer: customerOf(shop) };
      return {
        sent: send(shop, 'POST', 'orders', body),
        right: ['201', '409 INSUFFICIENT_STOCK'],
        learn: ({ status, text }) => {
          if (status === 201) shop.orders.push((JSON.parse(text) as { id: string }).id);
        },
      };
    },
  },
  { name: 'pay order', weight: 4, make: transition('pay') },
  { name: 'fulfil order', weight: 1, make: transition('fulfil') },
  { name: 'cancel order', weight: 3, make: transition('cancel') },
  {
    name: 'list orders',
    weight: 7,
    make: (shop) => ({ sent: get(shop, 'orders?limit=8'), right: ['200'], ownRows: shop.orders.length > 0 }),
  },
  {
    name: 'list customers',
    weight: 3,
    make: (shop) => ({
      sent: get(shop, 'customers?limit=8'),
      right: ['200'],
      ownRows: shop.orders.length > 0,
    }),
  },
  {
    name: 'import products',
    weight: 2,
    make: (shop) => ({
      sent: {
        ...get(shop, 'products/import'),
        method: 'POST',
        body: csvOf(shop, ++shop.next),
        headers: { 'content-type': 'text/csv' },
      },
      right: ['200'],
    }),
  },
  { name: 'me', weight: 3, make: (shop) => ({ sent: get(shop, 'me'), right: ['200'], ownRows: true }) },
  {
    name: 'my shops',
    weight: 2,
    make: (shop) => ({ sent: get(shop, 'shops'), right: ['200'], ownRows: true }),
  },
  { name: "another shop's ids", weight: 8, make: foreignLookup },
  { name: 'mistakes', weight: 6, make: mistake },
  { name: 'aborted', weight: 4, make: aborted },
];

function foreignLookup(shop: KitShop, other: KitShop, pick: Parameters<Make>[2]): Step | null {
  const product = pick(other.products);
  const order = pick(other.orders);
  const mine = { lines: [{ productId: product?.id, quantity: 1 }], customer: customerOf(shop) };
  const sent = pick([
    get(shop, `shops/${other.id}`),
    ...(product ? [get(shop, `products/${product.id}`), send(shop, 'POST', 'orders', mine)] : []),
    ...(product ? [send(shop, 'PATCH', `products/${product.id}`, { name: `Mine ${shop.marker}` })] : []),
    ...(product ? [send(shop, 'DELETE', `products/${product.id}`)] : []),
    ...(order ? [get(shop, `orders/${order}`), send(shop, 'POST', `orders/${order}/cancel`)] : []),
  ]);
  return sent ? { sent, right: MISSING } : null;
}

/** Requests that fail inside a transaction, in validation, and in authentication. */
function mistake(shop: KitShop, _other: KitShop, pick: Parameters<Make>[2]): Step | null {
  const product = pick(shop.products);
  const taken = { ...productOf(shop, ++shop.next), handle: product?.handle };
  const greedy = { lines: [{ variantId: product?.variantId, quantity: 100_000 }] };
  const broken = { ...send(shop, 'POST', 'products'), body: '{"name":' };
  const wrong: Step[] = [
    { sent: send(shop, 'POST', 'products', { name: 1 }), right: ['400 VALIDATION_FAILED'] },
    { sent: broken, right: ['400 MALFORMED_BODY'] },
    { sent: get(shop, 'products?cursor=x'), right: ['400 INVALID_CURSOR'] },
    {
      sent: { ...get(shop, 'products'), token: `${shop.token.slice(0, -6)}AAAAAA` },
      right: ['401 UNAUTHENTICATED'],
    },
  ];
  const conflicts: Step[] = [
    { sent: send(shop, 'POST', 'products', taken), right: ['409 HANDLE_TAKEN'] },
    { sent: send(shop, 'POST', 'orders', greedy), right: ['409 INSUFFICIENT_STOCK'] },
  ];
  return pick(product === undefined ? wrong : [...wrong, ...conflicts, ...conflicts]) ?? null;
}

function aborted(shop: KitShop, _other: KitShop, pick: Parameters<Make>[2]): Step | null {
  const sent = pick([
    get(shop, 'products'),
    get(shop, 'orders'),
    send(shop, 'POST', 'products', productOf(shop, ++shop.next)),
  ]);
  return sent ? { sent, right: [], abort: true } : null;
}
