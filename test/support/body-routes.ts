import { randomUUID } from 'node:crypto';
import { type Owner, PASSWORD, type User } from './factories';

/** A field of a body: values of wrong types or forms, and what else it must refuse. */
interface Field {
  wrong: unknown[];
  /** Length of the longest text that it takes. */
  max?: number;
  /** Makes a good text of that length that nothing else has. */
  longest?: () => string;
  takesNull?: boolean;
  /** Holds fields of its own: one object or a list of them. */
  holds?: 'object' | 'list';
}

/** Objects that the bodies refer to. */
export interface World {
  owner: Owner;
  product: { id: string };
  /** A product with one variant, which no request changes. */
  sold: { id: string };
  /** A variant of a product without options, and a product with the option Size. */
  variant: { id: string };
  sized: { id: string };
  /** Works in the owner's shop. */
  staff: User;
  /** Works in no shop. */
  stranger: User;
}

interface BodyRoute {
  /** As OpenAPI writes it, below /api/v1/. */
  route: string;
  /** Status of the answer to `body`. */
  ok: number;
  /** Good in every field, so that whatever is refused is refused for the one field that a test changes. */
  body: (world: World) => object;
  fields: Record<string, Field>;
  /** Fields that may not be absent. */
  needs: string[];
  /** A good call ends the token it is sent with, so each is sent as somebody new. */
  endsToken?: true;
}

/** May be empty. The longest is of characters that take four bytes, and two UTF-16 units, each. */
const text = (max: number): Field => ({
  wrong: [1, true, [], ['x'], {}],
  max,
  longest: () => randomUUID() + '🛒'.repeat(max - 36),
});
const filled = (max: number): Field => ({ ...text(max), wrong: [...text(max).wrong, '', ' '] });
const nullable = (field: Field): Field => ({ ...field, takesNull: true });
const slug: Field = {
  wrong: [1, [], {}, '', '-ab', 'ab-', 'a--b', 'a_b', 'A-B', 'a b', 'ü-b'],
  max: 60,
  longest: () => randomUUID() + 'x'.repeat(24),
};
const email: Field = { wrong: [1, [], {}, '', 'x', '@', 'a@', '@b.com', 'a b@c.com', 'a@b@c.com'], max: 254 };
const id: Field = { wrong: [1, [], {}, '', 'x', `${randomUUID()}0`, `{${randomUUID()}}`], max: 36 };
const currency: Field = { wrong: [978, [], {}, '', 'EU', 'EURO', 'QQQ', '€€€', ['EUR']], max: 3 };
const status: Field = { wrong: [1, [], {}, '', 'sold', 'ACTIVE', ['active']], max: 8 };
const role: Field = { wrong: [1, [], {}, '', 'guest', 'OWNER', ['owner']], max: 9 };
const whole: Field = { wrong: ['1', '', true, 1.5, -1, 1e20, [], [1], {}] };
const flag: Field = { wrong: ['true', '', 0, 1, [], {}] };
const texts: Field = { wrong: ['x', 1, {}, [1], [null], [''], [['x']], [{}], ['x'.repeat(256)]] };
const url: Field = {
  ...filled(2048),
  longest: () => `https://example.com/${'x'.repeat(2048 - 20)}`,
};
const code = (max: number, ...wrong: unknown[]): Field => ({ wrong: [1, [], {}, ...wrong], max });
const list: Field = { wrong: ['x', 1, {}, [1], ['x'], [null], [[]]], holds: 'list' };
const part: Field = { wrong: ['x', 1, true, [], [{}]], holds: 'object' };
const options: Field = {
  wrong: [
    'x',
    1,
    [],
    ['x'],
    { a: 1 },
    { a: null },
    { a: {} },
    { a: '' },
    { '': 'x' },
    { a: 'x'.repeat(256) },
  ],
};

const VARIANT = {
  sku: nullable(filled(255)),
  optionValues: options,
  priceMinor: whole,
  compareAtMinor: nullable(whole),
  costMinor: nullable(whole),
  stock: whole,
  tracksStock: flag,
  sellsWhenOut: flag,
  barcode: nullable(filled(255)),
  grams: whole,
  requiresShipping: flag,
  taxable: flag,
  imageSrc: nullable(url),
};
const UNITS = { lines: list, 'lines.0.position': whole, 'lines.0.quantity': whole };
const CUSTOMER = { name: nullable(filled(255)), email: nullable(email), country: nullable(filled(255)) };
const SHOP = { name: filled(120), slug, currency };
const PRODUCT = {
  name: filled(255),
  handle: filled(255),
  sku: nullable(filled(255)),
  description: text(100_000),
  priceMinor: whole,
  currency,
  stock: whole,
  status,
  vendor: text(255),
  type: text(255),
  tags: texts,
  options: list,
  'options.0.name': { ...filled(255), longest: undefined }, // must be the name that the variants use
  'options.0.values': texts,
  images: list,
  'images.0.src': url,
  'images.0.position': whole,
  'images.0.alt': nullable(filled(1000)),
  variants: list,
  'variants.0.id': id,
  ...Object.fromEntries(Object.entries(VARIANT).map(([name, field]) => [`variants.0.${name}`, field])),
};
const PRODUCT_NEEDS = ['options.0.name', 'options.0.values', 'images.0.src'];

/** Routes that take JSON. One that is not here is asked by what openapi.json says of it, which must be enough. */
export const BODY_ROUTES: BodyRoute[] = [
  {
    route: 'POST auth/register',
    ok: 201,
    body: () => ({ email: `${randomUUID()}@example.com`, password: PASSWORD, name: 'Ada', shop: newShop() }),
    fields: {
      email,
      password: text(200),
      name: filled(120),
      shop: part,
      'shop.name': SHOP.name,
      'shop.slug': SHOP.slug,
      'shop.currency': SHOP.currency,
    },
    needs: ['email', 'password', 'shop.name'],
  },
  {
    route: 'POST auth/login',
    ok: 200,
    body: ({ owner }) => ({ email: owner.email, password: PASSWORD, shopId: owner.shop.id }),
    fields: { email, password: text(200), shopId: id, deviceToken: filled(200) },
    needs: ['email', 'password'],
  },
  {
    route: 'POST auth/refresh',
    ok: 200,
    body: ({ owner }) => ({ refreshToken: owner.refreshToken }),
    fields: { refreshToken: filled(200) },
    needs: ['refreshToken'],
  },
  {
    route: 'POST auth/logout',
    ok: 204,
    body: () => ({ refreshToken: 'unknown' }),
    fields: { refreshToken: filled(200) },
    needs: ['refreshToken'],
  },
  {
    route: 'POST auth/switch',
    ok: 401,
    body: ({ owner }) => ({ shopId: owner.shop.id, refreshToken: 'unknown' }),
    fields: { shopId: id, refreshToken: filled(200) },
    needs: ['shopId', 'refreshToken'],
  },
  {
    route: 'POST auth/password',
    ok: 200,
    body: () => ({ currentPassword: PASSWORD, newPassword: PASSWORD }),
    fields: { currentPassword: text(200), newPassword: text(200) },
    needs: ['currentPassword', 'newPassword'],
    endsToken: true,
  },
  {
    route: 'POST auth/reset-password',
    ok: 401,
    body: () => ({ token: 'unknown', newPassword: PASSWORD }),
    fields: { token: filled(200), newPassword: text(200) },
    needs: ['token', 'newPassword'],
  },
  { route: 'POST shops', ok: 201, body: newShop, fields: SHOP, needs: ['name'] },
  {
    route: 'PATCH settings',
    ok: 200,
    body: () => ({
      ...{
        name: 'Corner Shop',
        currency: 'CHF',
        country: 'CH',
        language: 'de-CH',
        timeZone: 'Europe/Zurich',
      },
      ...{ orderPrefix: 'TH-', taxBasisPoints: 810, pricesIncludeTax: true },
      address: { line1: 'Rosenweg 1', line2: 'Left', postalCode: '8001', city: 'Zurich', region: 'ZH' },
    }),
    fields: {
      name: SHOP.name,
      currency,
      country: nullable(code(2, '', 'C', 'QQ', 'CHE')),
      language: nullable(code(35, '', 'x', 'german language', 'de_CH!')),
      timeZone: nullable(code(64, '', 'Zurich', 'Europe/Nowhere')),
      address: nullable(part),
      'address.line1': filled(200),
      'address.line2': nullable(filled(200)),
      'address.postalCode': nullable(code(20, '', ' ')),
      'address.city': filled(100),
      'address.region': nullable(filled(100)),
      orderPrefix: nullable(code(10, 'th', 'T H', 'TH/')),
      taxBasisPoints: nullable(whole),
      pricesIncludeTax: nullable(flag),
    },
    needs: ['address.line1', 'address.city'],
  },
  { route: 'PATCH shops/{id}', ok: 200, body: newShop, fields: SHOP, needs: [] },
  {
    route: 'POST shops/{id}/members',
    ok: 201,
    body: ({ stranger }) => ({ email: stranger.email, role: 'staff' }),
    fields: { email, role },
    needs: ['email', 'role'],
  },
  {
    route: 'PATCH shops/{id}/members/{userId}',
    ok: 200,
    body: () => ({ role: 'staff' }),
    fields: { role },
    needs: ['role'],
  },
  {
    route: 'POST products',
    ok: 201,
    body: productBody,
    fields: PRODUCT,
    needs: ['name', ...PRODUCT_NEEDS],
  },
  {
    route: 'PATCH products/{id}',
    ok: 200,
    body: () => ({ ...productBody(), removeVariants: true }),
    fields: PRODUCT,
    needs: PRODUCT_NEEDS,
  },
  {
    route: 'POST products/{id}/variants',
    ok: 201,
    body: () => ({ ...variantBody(), optionValues: { Size: randomUUID() } }),
    fields: VARIANT,
    needs: ['priceMinor'],
  },
  { route: 'PATCH variants/{id}', ok: 200, body: variantBody, fields: VARIANT, needs: [] },
  {
    route: 'POST variants/bulk',
    ok: 200,
    body: () => ({
      reason: 'Counted',
      variants: [{ id: randomUUID(), priceMinor: 1, compareAtMinor: null, stock: 1 }],
    }),
    fields: {
      reason: filled(255),
      variants: list,
      'variants.0.id': id,
      'variants.0.priceMinor': whole,
      'variants.0.compareAtMinor': nullable(whole),
      'variants.0.stock': { wrong: whole.wrong.filter((value) => value !== -1) },
      'variants.0.delta': { wrong: whole.wrong.filter((value) => value !== -1) },
    },
    needs: ['variants', 'variants.0.id'],
  },
  {
    route: 'POST orders/{id}/fulfil',
    ok: 200,
    body: unitsBody,
    fields: { ...UNITS, note: filled(1000) },
    needs: ['lines.0.quantity'],
  },
  {
    route: 'POST orders/{id}/cancel',
    ok: 200,
    body: unitsBody,
    fields: { ...UNITS, restock: flag, reason: filled(1000) },
    needs: ['lines.0.quantity'],
  },
  {
    route: 'POST orders/{id}/refund',
    ok: 200,
    body: () => ({ ...unitsBody(), amountMinor: 1 }),
    fields: { ...UNITS, amountMinor: whole, restock: flag, reason: filled(1000) },
    needs: ['lines.0.quantity'],
  },
  {
    route: 'POST orders',
    ok: 201,
    body: ({ sold }) => ({
      lines: [{ productId: sold.id, quantity: 1 }],
      customer: { email: 'grace@example.com', name: 'Grace' },
    }),
    fields: {
      lines: list,
      'lines.0.productId': id,
      'lines.0.variantId': id,
      'lines.0.quantity': whole,
      customer: nullable(part),
      'customer.email': email,
      'customer.name': nullable(filled(255)),
    },
    needs: ['lines', 'lines.0.quantity'],
  },
  { route: 'POST customers', ok: 201, body: newCustomer, fields: CUSTOMER, needs: [] },
  { route: 'PATCH customers/{id}', ok: 200, body: newCustomer, fields: CUSTOMER, needs: [] },
];

function newCustomer(): object {
  return { name: 'Grace', email: `${randomUUID()}@example.com`, country: 'France' };
}

function newShop(): object {
  return { name: 'Corner Shop', slug: `slug-${randomUUID()}`, currency: 'EUR' };
}

/** The first unit of an order. */
function unitsBody(): object {
  return { lines: [{ position: 1, quantity: 1 }] };
}

function variantBody(): object {
  return {
    ...{ sku: randomUUID(), optionValues: {}, priceMinor: 100, compareAtMinor: 200, costMinor: 50, stock: 1 },
    ...{
      tracksStock: true,
      sellsWhenOut: false,
      barcode: 'x',
      grams: 1,
      requiresShipping: true,
      taxable: true,
    },
    imageSrc: 'https://example.com/tee.jpg',
  };
}

/** A new product with every field that a client may send but the ids of variants. */
export function productBody(): object {
  const optionValues = { Size: 'S' };
  const image = 'https://example.com/tee.jpg';
  return {
    ...{ name: 'Tee', handle: randomUUID(), description: '', priceMinor: 100, currency: 'EUR' },
    ...{ status: 'active', vendor: '', type: '', tags: ['summer'] },
    options: [{ name: 'Size', values: ['S'] }],
    images: [{ src: image, position: 1, alt: null }],
    variants: [
      {
        ...{ sku: randomUUID(), optionValues, priceMinor: 100, compareAtMinor: 200, costMinor: 50, stock: 1 },
        ...{
          tracksStock: true,
          sellsWhenOut: false,
          barcode: 'x',
          grams: 1,
          requiresShipping: true,
          taxable: true,
          imageSrc: image,
        },
      },
    ],
  };
}

/** Value of a body at a path such as `lines.0.quantity`. */
export function fieldOf(body: object, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], body);
}

/** Fields of a product that belong on its variants when it has any. */
const OF_ONE_VARIANT = ['sku', 'stock'];

/** Copies the body with another value at a path; undefined leaves the field out. */
export function withField(body: object, path: string, value: unknown): object {
  const copy: { variants?: unknown; options?: unknown; removeVariants?: unknown } = structuredClone(body);
  if (OF_ONE_VARIANT.includes(path)) {
    delete copy.variants;
    delete copy.options;
    delete copy.removeVariants;
  }
  const keys = path.split('.');
  const last = keys.pop()!; // split gives one at least
  const parent = keys.length === 0 ? copy : fieldOf(copy, keys.join('.'));
  (parent as Record<string, unknown>)[last] = value;
  return copy;
}

/** The JSON of a body with one more member, given as text: for what no object can hold. */
export function withText(body: object, member: string): string {
  return JSON.stringify(body).replace('{', `{${member},`);
}
