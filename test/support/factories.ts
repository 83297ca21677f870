import { randomBytes } from 'node:crypto';
import type { Answer, Api } from './api';

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

/** A user without a shop. */
export interface Person {
  api: Api;
  id: string;
  email: string;
}

export async function newPerson(api: Api, overrides: { name?: string } = {}): Promise<Person> {
  const email = `${unique()}@example.com`;
  const { body } = created(await api.post('auth/register', { email, password: PASSWORD, ...overrides }));
  return { api: api.as(body.accessToken), id: body.user.id, email };
}

/** A user whom the owner has added; `inShop` is the API as that user in the owner's shop. */
export async function newMember(
  { api, shop }: Owner,
  role: 'owner' | 'staff' = 'staff',
): Promise<Person & { inShop: Api }> {
  const person = await newPerson(api.as());
  created(await api.post(`shops/${shop.id}/members`, { email: person.email, role }));
  const { body } = await person.api.post('auth/switch', { shopId: shop.id });
  return { ...person, inShop: api.as(body.accessToken) };
}
