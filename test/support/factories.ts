import { randomBytes } from 'node:crypto';
import type { MemberRole } from '../../src/tenancy/tenant';
import type { Answer, Api } from './api';
import type { TestDatabase } from './database';

const unique = () => randomBytes(4).toString('hex');

export const PASSWORD = 'correct horse battery';

/** A user who owns a shop, and the API as that user in that shop. */
export interface Owner {
  api: Api;
  email: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- see Answer.body
  user: any;
  // oxlint-disable-next-line typescript/no-explicit-any
  shop: any;
  accessToken: string;
  refreshToken: string;
  deviceToken: string;
}

/** Somebody who has registered. */
export interface User extends Owner {
  id: string;
}

export async function newOwner(
  api: Api,
  overrides: { name?: string; slug?: string; currency?: string } = {},
) {
  const email = `${unique()}@example.com`;
  const { body } = created(
    await api.post('auth/register', {
      email,
      password: PASSWORD,
      shop: { name: `Shop ${unique()}`, ...overrides },
    }),
  );
  return { ...body, email, api: api.as(body.accessToken) } as Owner;
}

/** The owner in another, empty shop, which costs a small part of a new user. Tokens of before are used up. */
export async function newShop(
  { api, ...owner }: Owner,
  overrides: { currency?: string } = {},
): Promise<Owner> {
  const shop = created(await api.post('shops', { name: `Shop ${unique()}`, ...overrides })).body;
  const { refreshToken } = owner;
  const { body } = await api.post('auth/switch', { shopId: shop.id, refreshToken });
  return { ...owner, ...body, shop, api: api.as(body.accessToken) } as Owner;
}

/** A user without a shop, and the API as that user. */
export async function newUser(api: Api, overrides: { name?: string } = {}) {
  const email = `${unique()}@example.com`;
  const { body } = created(await api.post('auth/register', { email, password: PASSWORD, ...overrides }));
  return { ...body, id: body.user.id, email, api: api.as(body.accessToken) } as User;
}

export async function newProduct(api: Api, overrides: object = {}) {
  const sku = unique();
  return created(
    await api.post('products', { name: `Thing ${sku}`, sku, priceMinor: 1000, stock: 10, ...overrides }),
  ).body;
}

export async function newOrder(api: Api, productId: string, quantity = 1) {
  return created(await api.post('orders', { lines: [{ productId, quantity }] })).body;
}

/** Fails loudly when a precondition of a test could not be made. */
export function created(answer: Answer): Answer {
  if (answer.status !== 201)
    throw new Error(`expected 201, got ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer;
}

/** A user whom the owner has added; `inShop` is the API as that user in the owner's shop. */
export async function newMember(
  { api, shop }: Owner,
  role: MemberRole = 'staff',
): Promise<User & { inShop: Api }> {
  const user = await newUser(api.as());
  created(await api.post(`shops/${shop.id}/members`, { email: user.email, role }));
  const { body } = await user.api.post('auth/switch', {
    shopId: shop.id,
    refreshToken: user.refreshToken,
  });
  return { ...user, inShop: api.as(body.accessToken) };
}

/** Lets a shop send any number of requests at once; before its first request, because limits are cached. */
export function liftLimits(database: TestDatabase, { shop }: Pick<Owner, 'shop'>): Promise<object[]> {
  return database.query('UPDATE shops SET limits = $2 WHERE id = $1', [
    shop.id,
    JSON.stringify({ transactionsWaiting: 10_000, requestsPerMinute: null }),
  ]);
}
