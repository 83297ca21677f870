import { type Api } from '../support/api';
import { created, newOrder, newOwner, newUser, newProduct, type Owner, PASSWORD } from '../support/factories';
import type { TestDatabase } from '../support/database';
import type { TestApp } from '../support/test-app';
import { untilRefused } from '../support/until';
import { newMarker } from './markers';
import { badTokens } from './tokens';

/** Who asks. All but `suspended` ask for what is Ada's. */
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

/** Answered with 401 wherever a token is needed. */
export const NOBODY: readonly Identity[] = [
  'no token',
  'forged token',
  'unsigned token',
  "another issuer's token",
  'expired token',
  'ended session',
];

/** A shop, who owns it, and one row of each kind; every text carries the marker. */
export interface Person extends Owner {
  marker: string;
  database: TestDatabase;
}

export interface World {
  ada: Person;
  bob: Person;
  /** Was a member of Ada's shop; still owns one. */
  rita: Person;
  /** Owns a shop that was suspended. */
  sven: Person;
  /** Rita's token of Ada's shop, from before. */
  removed: string;
  /** What was in Sven's shop before it was suspended. */
  frozen: Rows;
  tokens: Record<Identity, string | undefined>;
  /** How long those who lost their rights could still use them, milliseconds. */
  lingered: { removed: number; suspended: number };
}

/** Ids of one shop, by kind. */
export interface Rows {
  shop: string;
  user: string;
  /** User whom the owner has added. */
  member: string;
  auditEntry: string;
  product: string;
  variant: string;
  order: string;
  paidOrder: string;
  /** What the cursor of the list of orders holds. */
  orderNumber: string;
  customer: string;
}
export type Kind = keyof Rows;

async function newPerson({ api, database }: TestApp): Promise<Person> {
  const marker = newMarker();
  const owner = await newOwner(api, { name: `Shop ${marker}`, slug: `shop-${marker}` });
  return { ...owner, marker, database };
}

/** New rows in a person's shop, so that no request finds what another one has changed. */
export async function newRows(person: Person, wanted: readonly Kind[]): Promise<Rows> {
  const { api, shop, user, marker } = person;
  const rows: Rows = {
    ...{ shop: shop.id as string, user: user.id as string },
    ...{ member: '', auditEntry: '' },
    ...{ product: '', variant: '', order: '', paidOrder: '', orderNumber: '', customer: '' },
  };
  if (wanted.every((kind) => kind === 'shop' || kind === 'user')) return rows;
  if (wanted.includes('member') || wanted.includes('auditEntry')) {
    const { id, email } = await newUser(api, { name: `Member ${marker}` });
    created(await api.post(`shops/${rows.shop}/members`, { email, role: 'staff' }));
    Object.assign(rows, { member: id, auditEntry: (await api.get('audit')).body.items[0].id });
  }
  const product = await newProduct(api, { name: `Thing ${marker}`, vendor: marker });
  Object.assign(rows, { product: product.id, variant: product.variants[0].id });
  if (wanted.some((kind) => kind === 'order' || kind === 'orderNumber')) {
    const order = await newOrder(api, rows.product);
    Object.assign(rows, { order: order.id, orderNumber: String(order.number) });
  }
  if (wanted.includes('paidOrder')) {
    rows.paidOrder = (await newOrder(api, rows.product)).id;
    await api.post(`orders/${rows.paidOrder}/pay`);
  }
  if (wanted.includes('customer')) rows.customer = await newCustomer(person);
  return rows;
}

/** No route makes one. */
async function newCustomer({ database, shop, marker }: Person): Promise<string> {
  const schema = `shop_${shop.id.replaceAll('-', '')}`;
  const [row] = await database.query<{ id: string }>(
    `INSERT INTO ${schema}.customers (id, external_number, name)
     VALUES (gen_random_uuid(), gen_random_uuid(), $1) RETURNING id`,
    [`Customer ${marker}`],
  );
  return row!.id; // one was inserted
}

/** Two shops that must not meet, and those who once had a right. */
export async function newWorld(testApp: TestApp): Promise<World> {
  const { api, app, database } = testApp;
  const [ada, bob, rita, sven] = (await Promise.all(Array.from({ length: 4 }, () => newPerson(testApp)))) as [
    Person,
    Person,
    Person,
    Person,
  ];
  const frozen = await newRows(sven, ['member', 'order', 'paidOrder', 'orderNumber', 'customer']);
  await api.as(ada.accessToken).post('shops', { name: `Second ${ada.marker}` }); // so that a login names none
  const global = await api.post('auth/login', { email: ada.email, password: PASSWORD });
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
    ...{ 'global token': global.body.accessToken as string, 'no token': undefined },
    ...{ 'forged token': bad.forged, 'unsigned token': bad.unsigned },
    ...{ "another issuer's token": bad.foreignIssuer, 'expired token': bad.expired },
    'ended session': await endedSession(api, ada),
    ...{ 'removed member': removed, 'suspended shop': sven.accessToken },
  };
  return { ada, bob, rita, sven, removed, frozen, tokens, lingered };
}

/** A token of somebody who has signed out, and was let in before: a token is remembered. */
async function endedSession(api: Api, { email, shop }: Person): Promise<string> {
  const { body } = await api.post('auth/login', { email, password: PASSWORD, shopId: shop.id });
  await untilLost(api.as(body.accessToken), () =>
    api.post('auth/logout', { refreshToken: body.refreshToken }),
  );
  return body.accessToken as string;
}

/** Uses a right until it is refused after `takeAway`. @returns for how long it still worked, milliseconds */
async function untilLost(api: Api, takeAway: () => Promise<unknown>): Promise<number> {
  const use = () => api.get('products');
  if ((await use()).status !== 200) throw new Error('the right was not there to begin with');
  await takeAway();
  return (await untilRefused(use)).ms;
}
