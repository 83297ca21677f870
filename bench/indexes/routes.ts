import { toCursor } from '../../src/tenant/lists/sorting';

/** A request to a route that uses the database. */
export interface Call {
  /** As openapi.json writes it. */
  route: string;
  /** Distinguishes calls of one route. */
  note?: string;
  path: string;
  body?: object | string;
  /** More blocks than the rule allows, Infinity for all of a table; docs/indexes.md explains why. */
  blocks?: number;
}

/** Ids for the requests, in the form that `bench/lib/fill-shop.ts` generates. */
export interface World {
  shopId: string;
  memberId: string;
  newMember: string;
  /** From the middle of all products. */
  product: string;
  severalVariants: string;
  variants: string[];
  paidOrder: string;
  pendingOrder: string;
  customer: string;
  import: string;
  audit: string;
  operation: string;
}

const search = (note: string, q: string, more = ''): Call => ({
  route: 'GET /api/v1/products',
  note,
  path: `products?q=${encodeURIComponent(q)}${more}`,
});

const products = (note: string, query: string): Call => ({
  route: 'GET /api/v1/products',
  note,
  path: `products?${query}`,
});

const orders = (note: string, query: string): Call => ({
  route: 'GET /api/v1/orders',
  note,
  path: `orders?${query}`,
});

const changes = (note: string, query: string): Call => ({
  route: 'GET /api/v1/audit',
  note: `changes ${note}`,
  path: `audit?${query}`,
});

const line = (variantId: string) => ({ variantId, quantity: 1 });

/** Blocks of the 2,000 products that a filter reads in order first. */
const WINDOW = 300;

/** The order matters: some calls need what earlier ones created. */
export function callsOf(world: World): Call[] {
  const { shopId, memberId, newMember, product, severalVariants, variants, paidOrder, pendingOrder } = world;
  const members = `shops/${shopId}/members`;
  const half = `&cursor=${product}`;
  return [
    { route: 'GET /api/v1/products', note: 'first page', path: 'products' },
    { route: 'GET /api/v1/products', note: 'from the middle', path: `products?limit=100${half}` },
    search('a word of every tenth name', 'linen'),
    search('the same from the middle', 'linen', `&cursor=${toCursor('name', [product])}`),
    search('two words', 'no lin'),
    { ...search('a word of every hundredth name', 'limited'), blocks: 1300 }, // one for each of the 1,000 matches
    search('a word of few names', '4711'),
    search('a word of one name among the oldest', 'first'),
    search('words that no name has together', 'linen wool'),
    search('a word of no name', 'unknown'),
    search('a letter', 'l'),
    search('fifty letters', 'l b n '.repeat(16).trim()),
    { ...search('a SKU', 'sku-4711-1'), blocks: 400 }, // a list of places for each run of three characters
    search('the beginning of few SKUs', 'SKU-4711'),
    search('the beginning of every SKU', 'sku'),
    search('the beginning of every SKU, in two characters', 'sk'),
    search('a part of few SKUs', 'u-4711'),
    search('a part of no SKU', '99-9-9'),
    search('a part of few barcodes', '0000471'),
    search('a word and a filter', 'linen', '&status=draft'),
    { ...search('how many have a word', 'linen', '&count=true'), blocks: 11_000 }, // one for each of 10,000
    products('by status', 'status=draft'),
    products('by vendor', 'vendor=Vendor%207'),
    { ...products('by a vendor that no product has', 'vendor=Nobody'), blocks: WINDOW },
    { ...products('by vendor and type', 'vendor=Vendor%207&type=Type%207'), blocks: WINDOW + 1100 }, // one for each of 1,000 rows
    products('by tag', 'tag=summer'),
    { ...products('by a tag of one product', 'tag=only'), blocks: WINDOW },
    products('by stock', 'inStock=true&stockMin=1'),
    products('by price', 'priceMin=1500&priceMax=9000'),
    products('by date', 'createdFrom=2000-01-01&updatedFrom=2000-01-01'),
    products('sorted by handle', 'sort=handle'),
    products('oldest first', 'sort=createdAt'),
    { ...products('how many', 'count=true'), blocks: 1500 }, // 10,000 rows
    { ...products('how many of a vendor', 'vendor=Vendor%207&count=true'), blocks: 2200 }, // one for each of 2,000
    search('signs', `'&|!:*()<->\\%_`),
    { route: 'GET /api/v1/products/{id}', path: `products/${severalVariants}` },
    {
      route: 'GET /api/v1/products/{id}/similar',
      path: `products/${severalVariants}/similar`,
      blocks: Infinity, // it compares all products: docs/decisions/0035-similar-products-without-an-extension.md
    },
    {
      route: 'POST /api/v1/products',
      path: 'products',
      body: { name: 'Linen bag', sku: 'NEW-1', priceMinor: 1000, stock: 5 },
    },
    {
      route: 'POST /api/v1/products',
      note: 'with a name that is taken',
      path: 'products',
      body: { name: 'Linen bag', priceMinor: 1000 },
    },
    {
      route: 'PATCH /api/v1/products/{id}',
      note: 'name and price',
      path: `products/${product}`,
      body: { name: 'Linen scarf', priceMinor: 1200 },
    },
    {
      route: 'PATCH /api/v1/products/{id}',
      note: 'variants',
      path: `products/${severalVariants}`,
      body: { variants: variants.slice(0, 3).map((id) => ({ id })), removeVariants: true },
    },
    {
      route: 'POST /api/v1/products/{id}/variants',
      path: `products/${severalVariants}/variants`,
      body: { optionValues: { Size: 'XXL' }, priceMinor: 1 },
    },
    { route: 'GET /api/v1/variants', note: 'first page', path: 'variants' },
    { route: 'GET /api/v1/variants', note: 'by SKU', path: 'variants?sku=SKU-4711-1' },
    { route: 'GET /api/v1/variants/{id}', path: `variants/${variants[0]}` },
    { route: 'PATCH /api/v1/variants/{id}', path: `variants/${variants[0]}`, body: { priceMinor: 2 } },
    {
      route: 'POST /api/v1/variants/{id}/stock',
      path: `variants/${variants[0]}/stock`,
      body: { delta: 1, reason: 'Counted' },
    },
    { route: 'GET /api/v1/variants/{id}/stock-changes', path: `variants/${variants[0]}/stock-changes` },
    {
      route: 'POST /api/v1/variants/bulk',
      path: 'variants/bulk',
      body: {
        reason: 'Counted',
        variants: variants.slice(0, 2).map((id) => ({ id, priceMinor: 3, delta: 1 })),
      },
    },
    { route: 'DELETE /api/v1/variants/{id}', path: `variants/${variants[2]}` },
    { route: 'POST /api/v1/products/import', note: 'new and known', path: 'products/import', body: csv() },
    { route: 'GET /api/v1/imports', path: 'imports' },
    { route: 'GET /api/v1/imports', note: 'from the middle', path: `imports?cursor=${world.import}` },
    { route: 'GET /api/v1/imports/{id}', path: `imports/${world.import}` },
    { route: 'POST /api/v1/imports/{id}/undo', path: `imports/${world.import}/undo` },
    { route: 'GET /api/v1/products/export', path: 'products/export', blocks: Infinity }, // its answer is the table
    { route: 'GET /api/v1/orders/export', path: 'orders/export' },
    { route: 'GET /api/v1/orders', note: 'first page', path: 'orders' },
    { route: 'GET /api/v1/orders', note: 'from the middle', path: 'orders?limit=100&cursor=100000' },
    orders('by status', 'status=fulfilled'),
    orders('by a status that few have', 'status=pending'),
    orders('of a customer', `customerId=${world.customer}`),
    orders('of a month', 'placedFrom=2026-03-01&placedTo=2026-04-01'),
    orders('sorted by date', 'sort=-placedAt'),
    orders('by change', 'updatedFrom=2000-01-01'),
    { ...orders('how many', 'count=true'), blocks: 1500 }, // 10,000 rows
    { route: 'GET /api/v1/orders/{id}', path: `orders/${paidOrder}` },
    {
      route: 'POST /api/v1/orders',
      path: 'orders',
      body: {
        lines: [...variants.slice(0, 2).map(line), { productId: product, quantity: 1 }],
        customer: { email: 'buyer2501@example.com' },
      },
    },
    { route: 'POST /api/v1/orders/{id}/pay', path: `orders/${pendingOrder}/pay` },
    { route: 'POST /api/v1/orders/{id}/fulfil', path: `orders/${pendingOrder}/fulfil` },
    { route: 'POST /api/v1/orders/{id}/cancel', path: `orders/${paidOrder}/cancel` },
    {
      route: 'POST /api/v1/orders/{id}/refund',
      path: `orders/${pendingOrder}/refund`,
      body: { amountMinor: 0, lines: [{ position: 1, quantity: 1 }] },
    },
    { route: 'GET /api/v1/orders/{id}/events', path: `orders/${pendingOrder}/events` },
    { route: 'GET /api/v1/customers', note: 'first page', path: 'customers' },
    {
      route: 'GET /api/v1/customers',
      note: 'from the middle',
      path: `customers?limit=100&cursor=${world.customer}`,
    },
    { route: 'GET /api/v1/customers', note: 'by address', path: 'customers?email=buyer7@example.com' },
    { route: 'GET /api/v1/customers', note: 'by an unknown address', path: 'customers?email=x@example.com' },
    { route: 'GET /api/v1/customers', note: 'by date', path: 'customers?createdFrom=2000-01-01' },
    { route: 'GET /api/v1/customers', note: 'how many', path: 'customers?count=true', blocks: Infinity }, // all 5,000
    { route: 'GET /api/v1/customers/{id}', path: `customers/${world.customer}` },
    { route: 'POST /api/v1/customers', path: 'customers', body: { email: 'new@example.com' } },
    { route: 'PATCH /api/v1/customers/{id}', path: `customers/${world.customer}`, body: { name: 'Grace' } },
    { route: 'DELETE /api/v1/customers/{id}', path: `customers/${world.customer}` },
    { route: 'DELETE /api/v1/products/{id}', path: `products/${severalVariants}` },
    { route: 'GET /api/v1/shops/{id}/members', path: members },
    {
      route: 'POST /api/v1/shops/{id}/members',
      path: members,
      body: { email: newMember, role: 'staff' },
    },
    {
      route: 'PATCH /api/v1/shops/{id}/members/{userId}',
      path: `${members}/${memberId}`,
      body: { role: 'owner' },
    },
    { route: 'DELETE /api/v1/shops/{id}/members/{userId}', path: `${members}/${memberId}` },
    { route: 'GET /api/v1/audit', note: 'first page', path: 'audit' },
    { route: 'GET /api/v1/audit', note: 'of one person', path: `audit?actorId=${memberId}` },
    {
      route: 'GET /api/v1/audit',
      note: 'of one kind, from the middle',
      path: `audit?action=member.added&cursor=${world.audit}`,
    },
    { route: 'POST /api/v1/exports', path: 'exports' },
    { route: 'GET /api/v1/operations/{id}', path: `operations/${world.operation}` },
    { route: 'GET /api/v1/operations/{id}/file', path: `operations/${world.operation}/file` },
    changes('of products', 'resource=products'),
    changes('of variants', 'resource=variants'),
    changes('of customers, of whom few were changed', 'resource=customers'),
    changes('of one variant', `resource=variants&id=${variants[0]}`),
    changes('of orders, from events of imports on', 'resource=orders&limit=100'),
    changes('of one order', `resource=orders&id=${pendingOrder}`),
    { route: 'GET /api/v1/me', path: 'me' },
    { route: 'GET /api/v1/shops', path: 'shops' },
    { route: 'GET /api/v1/shops/{id}', path: `shops/${shopId}` },
    { route: 'PATCH /api/v1/shops/{id}', path: `shops/${shopId}`, body: { name: 'Renamed' } },
  ];
}

/** Half of the rows are products that exist already. */
function csv(): string {
  const rows = Array.from({ length: 200 }, (_, i) => {
    const n = i % 2 === 0 ? 30 * i + 1 : 1_000_000 + i; // a product with one variant
    return `product-${n},Imported ${n},SKU-${n}-1,1.00,1`;
  });
  return ['Handle,Title,Variant SKU,Variant Price,Variant Inventory Qty', ...rows].join('\n');
}
