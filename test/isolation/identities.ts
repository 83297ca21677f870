import { type Api } from '../support/api';
import { created, newOrder, newOwner, newUser, newProduct, type Owner, PASSWORD } from '../support/factories';
import type { TestApp } from '../support/test-app';
import { untilRefused } from '../support/until';
import { newMarker } from './markers';
import { badTokens } from './tokens';

/** Identities that send requests. All but `suspended shop` request Ada's rows. */
export const IDENTITIES = [
  'own token',
  "another shop's token",
  'global token',
  'no token',
  'forged token',
  'unsigned token',
  "another issuer's token",
  'expired token',
  'ended session',
  'removed member',
  'suspended shop',
] as const;
export type Identity = (typeof IDENTITIES)[number];

/** Identities that get 401 from every route that needs a token. */
export const NOBODY: readonly Identity[] = [
  'no token',
  'forged token',
  'unsigned token',
  "another issuer's token",
  'expired token',
  'ended session',
];

/** A shop with its owner; every text of theirs carries the marker. */
export interface Person extends Owner {
  marker: string;
}

export interface World {
  ada: Person;
  bob: Person;
  /** Was a member of Ada's shop; still owns a shop. */
  rita: Person;
  /** Owns a suspended shop. */
  sven: Person;
  /** Rita's token for Ada's shop, from before she was removed. */
  removed: string;
  /** Rows that Sven's shop had before it was suspended. */
  frozen: Rows;
  tokens: Record<Identity, string | undefined>;
  /** Milliseconds for which a lost right still worked. */
  lingered: { removed: number; suspended: number };
}

/** Ids of one shop, by kind. */
export interface Rows {
  shop: string;
  user: string;
  /** User whom the owner added. */
  member: string;
  auditEntry: string;
  product: string;
  variant: string;
  /** Name of a stored image of the product. */
  image: string;
  order: string;
  paidOrder: string;
  /** Content of a cursor of the list of orders. */
  orderNumber: string;
  customer: string;
  import: string;
  /** Import that is left to a worker. */
  operation: string;
}
export type Kind = keyof Rows;

async function newPerson({ api }: TestApp): Promise<Person> {
  const marker = newMarker();
  const owner = await newOwner(api, { name: `Shop ${marker}`, slug: `shop-${marker}` });
  return { ...owner, marker };
}

/** A person and their token from before they had a shop. */
async function newPersonWithGlobalToken({ api }: TestApp): Promise<[Person, string]> {
  const marker = newMarker();
  const { email, accessToken, ...user } = await newUser(api);
  created(await user.api.post('shops', { name: `Shop ${marker}`, slug: `shop-${marker}` }));
  const { body } = await api.post('auth/login', { email, password: PASSWORD });
  return [{ ...body, email, api: api.as(body.accessToken), marker } as Person, accessToken];
}

/** Creates new rows in a person's shop, so that no request finds rows that another request has changed. */
export async function newRows(person: Person, wanted: readonly Kind[]): Promise<Rows> {
  const { api, shop, user, marker } = person;
  const rows: Rows = {
    ...{ shop: shop.id as string, user: user.id as string },
    ...{ member: '', auditEntry: '' },
    ...{
      product: '',
      variant: '',
      image: '',
      order: '',
      paidOrder: '',
      orderNumber: '',
      customer: '',
      import: '',
      operation: '',
    },
  };
  if (wanted.includes('operation')) rows.operation = await newOperation(person);
  if (wanted.every((kind) => ['shop', 'user', 'operation'].includes(kind))) return rows;
  if (wanted.includes('member') || wanted.includes('auditEntry')) {
    const { id, email } = await newUser(api, { name: `Member ${marker}` });
    created(await api.post(`shops/${rows.shop}/members`, { email, role: 'staff' }));
    Object.assign(rows, { member: id, auditEntry: (await api.get('audit')).body.items[0].id });
  }
  const product = await newProduct(api, {
    ...{ name: `Thing ${marker}`, vendor: marker, sku: undefined, stock: undefined },
    variants: [{ optionValues: { Size: 'S' }, stock: 10 }],
  });
  Object.assign(rows, { product: product.id, variant: product.variants[0].id });
  if (wanted.some((kind) => kind === 'order' || kind === 'orderNumber')) {
    const order = await newOrder(api, rows.product);
    Object.assign(rows, { order: order.id, orderNumber: String(order.number) });
  }
  if (wanted.includes('image')) rows.image = await newImage(person, rows.product);
  if (wanted.includes('paidOrder')) {
    rows.paidOrder = (await newOrder(api, rows.product)).id;
    await api.post(`orders/${rows.paidOrder}/pay`);
  }
  if (wanted.includes('customer'))
    rows.customer = created(await api.post('customers', { name: `Customer ${marker}` })).body.id;
  if (wanted.includes('import')) rows.import = await newImport(person);
  return rows;
}

/** First bytes of a PNG, then the marker: an image that is sent to another shop carries it there. */
export const imageOf = ({ marker }: Person): Buffer<ArrayBuffer> =>
  Buffer.from(`\x89PNG\r\n\x1a\n${marker}`, 'latin1');

async function newImage(person: Person, product: string): Promise<string> {
  const headers = { 'content-type': 'image/png' };
  const answer = await person.api.raw('POST', `products/${product}/images`, imageOf(person), headers);
  return (created(answer).body.src as string).split('/').at(-1)!; // a path has parts
}

async function newImport({ api, marker }: Person): Promise<string> {
  const csv = `Title,Variant Price\nImported ${marker},1`;
  const { body } = await api.raw('POST', 'products/import', csv, { 'content-type': 'text/csv' });
  return body.importId;
}

/** Headers that ask for a person's one export: a shop has one at a time, so every request after the first is a repetition. */
export const ONE_EXPORT = { 'idempotency-key': 'one-export' };

/** Headers that leave one import of a person to a worker. Ten of a shop may wait, so every request after the first is a repetition. */
export const oneImport = (key: string) => ({
  ...{ 'content-type': 'text/csv', prefer: 'respond-async' },
  'idempotency-key': key,
});

async function newOperation({ api, marker }: Person): Promise<string> {
  const csv = `Title,Variant Price\nQueued ${marker},1`;
  const { status, body } = await api.raw('POST', 'products/import', csv, oneImport('operation'));
  if (status !== 202) throw new Error(`expected 202, got ${status}: ${JSON.stringify(body)}`);
  return body.operationId;
}

/** Creates two shops that must not see each other, and users who have lost a right. */
export async function newWorld(testApp: TestApp): Promise<World> {
  const { api, app, database } = testApp;
  const [[ada, global], bob, rita, sven] = await Promise.all([
    newPersonWithGlobalToken(testApp),
    newPerson(testApp),
    newPerson(testApp),
    newPerson(testApp),
  ]);
  const frozen = await newRows(sven, [
    'member',
    'order',
    'paidOrder',
    'orderNumber',
    'customer',
    'image',
    'import',
    'operation',
  ]);
  await database.query(`INSERT INTO memberships (user_id, shop_id, role) VALUES ($1, $2, 'staff')`, [
    rita.user.id,
    ada.shop.id,
  ]);
  const { body } = await api.post('auth/login', {
    email: rita.email,
    password: PASSWORD,
    shopId: ada.shop.id,
  });
  const removed = body.accessToken as string;
  const [removal, suspension] = await Promise.all([
    untilLost(api.as(removed), () =>
      database.query('DELETE FROM memberships WHERE user_id = $1 AND shop_id = $2', [
        rita.user.id,
        ada.shop.id,
      ]),
    ),
    untilLost(sven.api, () =>
      database.query(`UPDATE shops SET status = 'suspended' WHERE id = $1`, [sven.shop.id]),
    ),
  ]);
  const lingered = { removed: removal, suspended: suspension };
  const bad = await badTokens(app, ada.accessToken);
  const tokens = {
    ...{ 'own token': ada.accessToken, "another shop's token": bob.accessToken },
    ...{ 'global token': global, 'no token': undefined },
    ...{ 'forged token': bad.forged, 'unsigned token': bad.unsigned },
    ...{ "another issuer's token": bad.foreignIssuer, 'expired token': bad.expired },
    'ended session': await endedSession(api, ada),
    ...{ 'removed member': removed, 'suspended shop': sven.accessToken },
  };
  return { ada, bob, rita, sven, removed, frozen, tokens, lingered };
}

/** Access token of a session that was used and then ended: the process has cached the token. */
async function endedSession(api: Api, { email, shop }: Person): Promise<string> {
  const { body } = await api.post('auth/login', { email, password: PASSWORD, shopId: shop.id });
  await untilLost(api.as(body.accessToken), () =>
    api.post('auth/logout', { refreshToken: body.refreshToken }),
  );
  return body.accessToken as string;
}

/** Takes a right away and uses it until it is refused. @returns milliseconds for which it still worked */
async function untilLost(api: Api, takeAway: () => Promise<unknown>): Promise<number> {
  const use = () => api.get('products');
  if ((await use()).status !== 200)
    throw new Error('the request was refused before the right was taken away');
  await takeAway();
  return (await untilRefused(use)).ms;
}
