/** A request to a route that uses the database. */
export interface Call {
  /** As openapi.json writes it. */
  route: string;
  /** Distinguishes calls of one route. */
  note?: string;
  path: string;
  body?: object | string;
  /** More blocks than the rule allows; docs/indexes.md explains why. */
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
  audit: string;
}

const search = (note: string, q: string, more = ''): Call => ({
  route: 'GET /api/v1/products',
  note,
  path: `products?q=${encodeURIComponent(q)}${more}`,
});

const line = (variantId: string) => ({ variantId, quantity: 1 });

/** The order matters: some calls need what earlier ones created. */
export function callsOf(world: World): Call[] {
  const { shopId, memberId, newMember, product, severalVariants, variants, paidOrder, pendingOrder } = world;
  const members = `shops/${shopId}/members`;
  const half = `&cursor=${product}`;
  return [
    { route: 'GET /api/v1/products', note: 'first page', path: 'products' },
    { route: 'GET /api/v1/products', note: 'from the middle', path: `products?limit=100${half}` },
    search('a word of every tenth name', 'linen'),
    search('the same from the middle', 'linen', half),
    search('two words', 'no lin'),
    { ...search('a word of every hundredth name', 'limited'), blocks: 1300 }, // one for each of the 1,000 matches
    search('a word of few names', '4711'),
    search('a word of one name among the oldest', 'first'),
    search('words that no name has together', 'linen wool'),
    search('a word of no name', 'unknown'),
    search('a letter', 'l'),
    search('fifty letters', 'l b n '.repeat(16).trim()),
    search('a SKU', 'sku-4711-1'),
    search('the beginning of few SKUs', 'SKU-4711'),
    search('the beginning of every SKU', 'sku'),
    search('signs', `'&|!:*()<->\\%_`),
    { route: 'GET /api/v1/products/{id}', path: `products/${severalVariants}` },
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
      body: { variants: variants.slice(0, 3).map((id) => ({ id })) },
    },
    { route: 'POST /api/v1/products/import', note: 'new and known', path: 'products/import', body: csv() },
    { route: 'GET /api/v1/products/export', path: 'products/export' },
    { route: 'GET /api/v1/orders/export', path: 'orders/export' },
    { route: 'GET /api/v1/orders', note: 'first page', path: 'orders' },
    { route: 'GET /api/v1/orders', note: 'from the middle', path: 'orders?limit=100&cursor=100000' },
    { route: 'GET /api/v1/orders/{id}', path: `orders/${paidOrder}` },
    {
      route: 'POST /api/v1/orders',
      path: 'orders',
      body: {
        lines: [...variants.slice(0, 3).map(line), { productId: product, quantity: 1 }],
        customer: { email: 'buyer2501@example.com' },
      },
    },
    { route: 'POST /api/v1/orders/{id}/pay', path: `orders/${pendingOrder}/pay` },
    { route: 'POST /api/v1/orders/{id}/fulfil', path: `orders/${pendingOrder}/fulfil` },
    { route: 'POST /api/v1/orders/{id}/cancel', path: `orders/${paidOrder}/cancel` },
    {
      route: 'POST /api/v1/orders/{id}/refund',
      path: `orders/${pendingOrder}/refund`,
      body: { lines: [{ position: 1, quantity: 1 }] },
    },
    { route: 'GET /api/v1/orders/{id}/events', path: `orders/${pendingOrder}/events` },
    { route: 'GET /api/v1/customers', note: 'first page', path: 'customers' },
    {
      route: 'GET /api/v1/customers',
      note: 'from the middle',
      path: `customers?limit=100&cursor=${world.customer}`,
    },
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
