import { randomUUID } from 'node:crypto';
import type { Answer, Api } from '../support/api';
import { plus, takeCensus } from '../support/census';
import { withClient } from '../support/database';
import {
  created,
  newMember,
  newOwner,
  newProduct,
  newUser,
  type Owner,
  type User,
} from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';
import { untilTrue } from '../support/until';

const RIVALS = 20;
const ONE_SHOP = { shops: 1, memberships: 1, tenants: 1, schemas: 1, roles: 1 };

const app = useTestApp();

describe('POST /shops', () => {
  it('creates a shop that can be used at once', async () => {
    const user = await newUser(app.api);
    const { status, body: shop } = await user.api.post('shops', { name: 'Corner Shop', currency: 'eur' });
    expect(status).toBe(201);
    expect(shop).toMatchObject({ name: 'Corner Shop', role: 'owner', status: 'active', currency: 'EUR' });
    const product = await newProduct(await inShop(user, shop.id));
    expect(product).toMatchObject({ currency: 'EUR' });
  });

  it('makes one schema, one role, one tenant and one membership', async () => {
    const { api } = await newUser(app.api);
    const before = await takeCensus(app.database);
    created(await api.post('shops', { name: 'Counted' }));
    expect(await takeCensus(app.database)).toEqual(plus(before, ONE_SHOP));
  });

  it.each([
    ['Café Zürich & Co.', 'cafe-zurich-co'],
    ['Smørrebrød', 'smorrebrod'],
    ['ＦＵＬＬ　ＷＩＤＴＨ', 'full-width'],
    ['--- Hyphens ---', 'hyphens'],
    ['日本の店', 'ri-ben-nodian'],
  ])('derives the slug of %j from the name', async (name, slug) => {
    const { api } = await newUser(app.api);
    expect(created(await api.post('shops', { name })).body).toMatchObject({ name, slug });
  });

  it('derives a slug of valid length from the longest name', async () => {
    const { api } = await newUser(app.api);
    const answers = [
      await api.post('shops', { name: 'long '.repeat(24) }),
      await api.post('shops', { name: 'long '.repeat(24) }),
    ];
    for (const { body } of answers.map(created)) {
      expect(body.slug).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(body.slug.length).toBeLessThanOrEqual(60);
    }
  });

  it('uses US dollars by default', async () => {
    const { api } = await newUser(app.api);
    expect(created(await api.post('shops', { name: 'Default' })).body.currency).toBe('USD');
  });

  it('gives twenty shops of one name, created at once, different slugs', async () => {
    const { api } = await newUser(app.api);
    const before = await takeCensus(app.database);
    const answers = await atOnce(() => api.post('shops', { name: 'Chain Store' }));
    expect(answers.map(({ status }) => status)).toEqual(Array(RIVALS).fill(201));
    expect(new Set(answers.map(({ body }) => body.slug)).size).toBe(RIVALS);
    const twenty = Object.fromEntries(Object.keys(ONE_SHOP).map((key) => [key, RIVALS]));
    expect(await takeCensus(app.database)).toEqual(plus(before, twenty));
  });

  it('refuses a slug that is taken and makes nothing', async () => {
    const [{ shop }, { api }] = await Promise.all([newOwner(app.api), newUser(app.api)]);
    const before = await takeCensus(app.database);
    expect(problemIn(await api.post('shops', { name: 'Late', slug: shop.slug }))).toBe('409 SLUG_TAKEN');
    expect(await takeCensus(app.database)).toEqual(before);
  });

  it('gives a slug that twenty request at once to one of them and leaves nothing of the others', async () => {
    const { api } = await newUser(app.api);
    const slug = newSlug();
    const before = await takeCensus(app.database);
    const answers = await atOnce(() => api.post('shops', { name: 'Rival', slug }));
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused.map(problemIn)).toEqual(Array(RIVALS - 1).fill('409 SLUG_TAKEN'));
    expect(await takeCensus(app.database)).toEqual(plus(before, ONE_SHOP));
  });

  it('refuses the token of an account that is gone', async () => {
    const { api, id } = await newUser(app.api);
    await app.database.query('DELETE FROM users WHERE id = $1', [id]);
    const before = await takeCensus(app.database);
    expect(problemIn(await api.post('shops', { name: 'Orphan' }))).toBe('401 UNAUTHENTICATED');
    expect(await takeCensus(app.database)).toEqual(before);
  });

  it('needs an access token', async () => {
    expect(problemIn(await app.api.post('shops', { name: 'Nobody' }))).toBe('401 UNAUTHENTICATED');
  });
});

describe('GET /shops', () => {
  it('lists all my shops, oldest first, page by page', async () => {
    const { api, shop } = await newOwner(app.api);
    const made = [shop.id];
    for (let i = 0; i < 4; i++) made.push(created(await api.post('shops', { name: `Shop ${i}` })).body.id);
    const pages: string[][] = [];
    for (let cursor = ''; ;) {
      const { status, body } = await api.get(`shops?limit=2${cursor}`);
      expect(status).toBe(200);
      pages.push(idsOf(body.items));
      if (body.nextCursor === null) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    expect(pages).toEqual([made.slice(0, 2), made.slice(2, 4), made.slice(4)]);
  });

  it('has no further page if the last one is full', async () => {
    const { api, shop } = await newOwner(app.api);
    expect((await api.get('shops?limit=1')).body).toEqual({ items: [shop], nextCursor: null });
  });

  it('is empty for a user without a shop', async () => {
    const { api } = await newUser(app.api);
    expect((await api.get('shops')).body).toEqual({ items: [], nextCursor: null });
  });

  it('shows a shop only to its members, with their role', async () => {
    const [owner, stranger] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    const staff = await newStaff(owner);
    expect((await staff.api.get('shops')).body.items).toEqual([{ ...owner.shop, role: 'staff' }]);
    expect(idsOf((await stranger.api.get('shops')).body.items)).not.toContain(owner.shop.id);
  });
});

describe('GET /shops/:id', () => {
  it('shows one of my shops', async () => {
    const { api, shop } = await newOwner(app.api);
    expect(await api.get(`shops/${shop.id}`)).toMatchObject({ status: 200, body: shop });
  });

  it('accepts an id in upper case', async () => {
    const { api, shop } = await newOwner(app.api);
    expect((await api.get(`shops/${shop.id.toUpperCase()}`)).body).toEqual(shop);
  });

  it("gives the same 404 for another owner's shop and for none", async () => {
    const [{ api }, other] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    const [foreign, missing] = await Promise.all([
      api.get(`shops/${other.shop.id}`),
      api.get(`shops/${randomUUID()}`),
    ]);
    expect(problemIn(foreign)).toBe('404 SHOP_NOT_FOUND');
    expect({ ...foreign.body, instance: null }).toEqual({ ...missing.body, instance: null });
  });

  it('shows a suspended shop as suspended', async () => {
    const { api, shop } = await newOwner(app.api);
    await suspend(shop.id);
    expect((await api.get(`shops/${shop.id}`)).body.status).toBe('suspended');
  });
});

describe('PATCH /shops/:id', () => {
  it('changes name, slug and currency', async () => {
    const { api, shop } = await newOwner(app.api);
    const changes = { name: 'New name', slug: newSlug(), currency: 'JPY' };
    const { status, body } = await api.patch(`shops/${shop.id}`, changes);
    expect(status).toBe(200);
    expect(body).toEqual({ ...shop, ...changes, updatedAt: body.updatedAt });
    expect((await api.get(`shops/${shop.id}`)).body).toEqual(body);
  });

  it.each(['a\u001b[2Jb', 'a\u009b31mb', 'a\u0085b', 'a\nb', 'a\u202eb'])(
    'refuses the name %j, which would mislead who reads it',
    async (name) => {
      const { api, shop } = await newOwner(app.api);
      for (const answer of [
        await api.patch(`shops/${shop.id}`, { name }),
        await api.patch('settings', { name }),
        await api.post('shops', { name }),
      ])
        expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    },
  );

  it('changes only the fields that it is given', async () => {
    const { api, shop } = await newOwner(app.api);
    const { body } = await api.patch(`shops/${shop.id}`, { name: 'New name' });
    expect(body).toEqual({ ...shop, name: 'New name', updatedAt: body.updatedAt });
    expect(Date.parse(body.updatedAt)).toBeGreaterThan(Date.parse(shop.updatedAt));
  });

  it('changes nothing if it is given no fields', async () => {
    const { api, shop } = await newOwner(app.api);
    expect(await api.patch(`shops/${shop.id}`, {})).toMatchObject({ status: 200, body: shop });
  });

  it('takes what GET has answered, with another name', async () => {
    const { api, shop } = await newOwner(app.api);
    const { status, body } = await api.patch(`shops/${shop.id}`, { ...shop, name: 'New name' });
    expect([status, body]).toEqual([200, { ...shop, name: 'New name', updatedAt: body.updatedAt }]);
  });

  it.each([
    ['id', randomUUID()],
    ['role', 'staff'],
    ['status', 'suspended'],
    ['createdAt', '2026-01-01T00:00:00.000Z'],
    ['updatedAt', '2026-01-01T00:00:00.000Z'],
  ])('refuses another %s', async (field, value) => {
    const { api, shop } = await newOwner(app.api);
    const answer = await api.patch(`shops/${shop.id}`, { ...shop, name: 'New name', [field]: value });
    expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
    expect(answer.body.errors).toMatchObject([{ field }]);
    expect((await api.get(`shops/${shop.id}`)).body).toEqual(shop);
  });

  it('keeps schema and products when the slug changes', async () => {
    const { api, shop } = await newOwner(app.api);
    const product = await newProduct(api);
    const before = await schemaNames();
    expect((await api.patch(`shops/${shop.id}`, { slug: newSlug() })).status).toBe(200);
    expect(await schemaNames()).toEqual(before);
    expect((await api.get(`products/${product.id}`)).body).toEqual(product);
  });

  it('accepts the slug that the shop already has', async () => {
    const { api, shop } = await newOwner(app.api);
    expect((await api.patch(`shops/${shop.id}`, { slug: shop.slug })).status).toBe(200);
  });

  it('refuses a slug that is taken and changes nothing', async () => {
    const [{ api, shop }, other] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    const refused = await api.patch(`shops/${shop.id}`, { name: 'Half', slug: other.shop.slug });
    expect(problemIn(refused)).toBe('409 SLUG_TAKEN');
    expect((await api.get(`shops/${shop.id}`)).body).toEqual(shop);
  });

  it("gives the same 404 for another owner's shop and for none, and changes nothing", async () => {
    const [{ api }, other] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    const [foreign, missing] = await Promise.all([
      api.patch(`shops/${other.shop.id}`, { name: 'Taken over' }),
      api.patch(`shops/${randomUUID()}`, { name: 'Taken over' }),
    ]);
    expect(problemIn(foreign)).toBe('404 SHOP_NOT_FOUND');
    expect({ ...foreign.body, instance: null }).toEqual({ ...missing.body, instance: null });
    expect((await other.api.get(`shops/${other.shop.id}`)).body).toEqual(other.shop);
  });

  it('is for owners and admins: staff may read the shop but not change it', async () => {
    const owner = await newOwner(app.api);
    const staff = await newStaff(owner);
    const path = `shops/${owner.shop.id}`;
    expect(await staff.api.get(path)).toMatchObject({ status: 200, body: { ...owner.shop, role: 'staff' } });
    expect(problemIn(await staff.api.patch(path, { name: 'Mine' }))).toBe('403 ROLE_REQUIRED');
    expect((await owner.api.get(path)).body).toEqual(owner.shop);
  });

  it('refuses an admin who becomes staff while the change waits for another', async () => {
    const owner = await newOwner(app.api);
    const admin = await newMember(owner, 'admin');
    await withClient(app.database.url, async (client) => {
      await client.query('BEGIN');
      await client.query('SELECT FROM shops WHERE id = $1 FOR NO KEY UPDATE', [owner.shop.id]);
      const pending = admin.api.patch(`shops/${owner.shop.id}`, { name: 'Mine' });
      await untilTrue(async () => {
        const waiting = await app.database.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        return waiting.length > 0;
      });
      await client.query(`UPDATE memberships SET role = 'staff' WHERE user_id = $1`, [admin.user.id]);
      await client.query('COMMIT');
      expect(problemIn(await pending)).toBe('403 ROLE_REQUIRED');
    });
    expect((await owner.api.get(`shops/${owner.shop.id}`)).body).toEqual(owner.shop);
  });
});

describe('access to a shop', () => {
  const tenantRoutes: [string, (api: Api) => Promise<Answer>][] = [
    ['GET /products', (api) => api.get('products')],
    ['POST /products', (api) => api.post('products', { name: 'Thing', priceMinor: 1 })],
    ['GET /products/:id', (api) => api.get(`products/${randomUUID()}`)],
    ['DELETE /products/:id', (api) => api.delete(`products/${randomUUID()}`)],
    ['GET /orders', (api) => api.get('orders')],
    ['POST /orders', (api) => api.post('orders', { lines: [{ productId: randomUUID(), quantity: 1 }] })],
    ['POST /orders/:id/pay', (api) => api.post(`orders/${randomUUID()}/pay`)],
  ];

  it.each(tenantRoutes)('is refused at %s if the shop is suspended', async (_, call) => {
    const { api, shop } = await newOwner(app.api);
    await suspend(shop.id);
    expect(problemIn(await call(api))).toBe('403 SHOP_SUSPENDED');
  });

  it.each(tenantRoutes)('is refused at %s to a user whose membership has ended', async (_, call) => {
    const { api, shop, user } = await newOwner(app.api);
    await app.database.query('DELETE FROM memberships WHERE user_id = $1 AND shop_id = $2', [
      user.id,
      shop.id,
    ]);
    expect(problemIn(await call(api))).toBe('403 NOT_A_MEMBER');
  });

  it('is granted again when the suspension ends', async () => {
    const { api, shop } = await newOwner(app.api);
    await suspend(shop.id);
    await api.get('products');
    await app.database.query(`UPDATE shops SET status = 'active' WHERE id = $1`, [shop.id]);
    expect((await api.get('products')).status).toBe(200);
  });

  it('is granted to staff', async () => {
    const owner = await newOwner(app.api);
    const product = await newProduct(owner.api);
    const staff = await newStaff(owner);
    const { body } = await (await inShop(staff, owner.shop.id)).get('products');
    expect(idsOf(body.items)).toEqual([product.id]);
  });

  it('is not affected by the suspension of another shop', async () => {
    const [suspended, other] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    await suspend(suspended.shop.id);
    expect((await other.api.get('products')).status).toBe(200);
  });
});

function newSlug(): string {
  return `slug-${randomUUID()}`;
}

/** Makes a user a member of another user's shop. */
async function newStaff({ shop }: Owner): Promise<User> {
  const user = await newUser(app.api);
  await app.database.query(`INSERT INTO memberships (user_id, shop_id, role) VALUES ($1, $2, 'staff')`, [
    user.id,
    shop.id,
  ]);
  return user;
}

async function inShop({ api, refreshToken }: User, shopId: string): Promise<Api> {
  const { body } = await api.post('auth/switch', { shopId, refreshToken });
  return app.api.as(body.accessToken);
}

function suspend(shopId: string): Promise<unknown> {
  return app.database.query(`UPDATE shops SET status = 'suspended' WHERE id = $1`, [shopId]);
}

function schemaNames(): Promise<{ nspname: string }[]> {
  return app.database.query(`SELECT nspname FROM pg_namespace WHERE nspname ~ '^shop_' ORDER BY nspname`);
}

function atOnce(call: () => Promise<Answer>): Promise<Answer[]> {
  return Promise.all(Array.from({ length: RIVALS }, call));
}

function idsOf(items: { id: string }[]): string[] {
  return items.map(({ id }) => id);
}

describe('a slug', () => {
  it('is never the id of a shop, with or without hyphens', async () => {
    const [ada, bob] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    for (const slug of [ada.shop.id, ada.shop.id.replaceAll('-', '')]) {
      expect((await bob.api.patch(`shops/${bob.shop.id}`, { slug })).status).toBe(400);
      expect((await bob.api.post('shops', { name: 'Impostor', slug })).status).toBe(400);
      const { status, body } = await bob.api.post('shops', { name: slug });
      expect([status, body.slug === slug]).toEqual([201, false]);
    }
  });
});
