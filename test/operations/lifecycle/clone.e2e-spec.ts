import { newMember, newOwner, newProduct, type Owner } from '../../support/factories';
import { operate, rowsOf } from '../../support/lifecycle';
import { useTestApp } from '../../support/test-app';

/** Part of every personal text of a shop. */
const MARK = 'Zyx';

describe('shops:clone', () => {
  const app = useTestApp();
  let slugs = 0;

  const clone = (shopId: string, input: object = {}) =>
    operate(app, {
      kind: 'clone',
      input: { shop: shopId, as: `clone-${++slugs}`, name: null, without: [], isAnonymised: false, ...input },
    });
  const idOf = ({ result }: { result: object | null }) => (result as { id: string }).id;

  /** A shop whose personal columns all have marked texts. */
  async function shopOfPeople(): Promise<Owner & { staffId: string }> {
    const owner = await newOwner(app.api);
    const staff = await newMember(owner, 'staff');
    const { variants } = await newProduct(owner.api, { name: 'Mug' });
    const lines = [{ variantId: variants[0].id, quantity: 1 }];
    const { api } = owner;
    for (const email of ['eve.zyx@real.example', 'EVE.Zyx@real.example', null]) {
      const customer = { name: `Eve ${MARK}\tTab`, ...(email && { email }) };
      const { body } = await staff.inShop.post('orders', { lines, customer });
      await api.post(`orders/${body.id}/pay`);
    }
    const schema = `shop_${owner.shop.id.replaceAll('-', '')}`;
    await app.database.query(`
      UPDATE ${schema}.members SET name = 'Staff ${MARK}' WHERE role = 'staff';
      UPDATE ${schema}.customers SET external_number = '${MARK}-' || id;
      UPDATE ${schema}.orders SET note = 'ring ${MARK}', tags = '{"${MARK} tall"}', attributes = '{"Gift": "${MARK}"}',
        customer_details = '{"Phone": "${MARK} 1"}';
      UPDATE ${schema}.order_events SET note = 'words ${MARK}';
      UPDATE ${schema}.stock_changes SET note = 'words ${MARK}'`);
    return { ...owner, staffId: staff.id };
  }

  it('makes a new shop with the same rows, whose members can enter', async () => {
    const source = await shopOfPeople();
    const other = await shopOfPeople();
    const before = [await rowsOf(app, source.shop.id), await rowsOf(app, other.shop.id)];
    const done = await clone(source.shop.id, { as: 'second', name: 'Second' });
    expect(done).toMatchObject({
      state: 'done',
      error: null,
      checkpoint: {},
      result: { slug: 'second', name: 'Second', invited: [] },
    });
    const id = idOf(done);
    const { members, ...copied } = await rowsOf(app, id);
    expect({ ...copied, members: members!.length }).toEqual({ ...before[0], members: 2 });
    expect([await rowsOf(app, source.shop.id), await rowsOf(app, other.shop.id)]).toEqual(before);
    const { body } = await source.api.post('auth/switch', { shopId: id, refreshToken: source.refreshToken });
    const inside = app.api.as(body.accessToken);
    expect((await inside.get('orders')).body.items).toHaveLength(3);
    expect((await inside.get(`shops/${id}/members`)).body.items).toHaveLength(2);
    expect(await app.database.query('SELECT FROM held_tenants')).toEqual([]);
    const entries = (await source.api.get('audit?action=shop.cloned')).body.items;
    expect(entries).toMatchObject([{ details: { into: 'second', intoId: id, anonymised: 'no' } }]);
  });

  it('leaves out stored answers to requests', async () => {
    const { api, shop } = await newOwner(app.api);
    await api.raw('POST', 'customers', '{"name":"Kept"}', {
      'content-type': 'application/json',
      'idempotency-key': 'one',
    });
    expect((await rowsOf(app, shop.id))['idempotency_keys']).toHaveLength(1);
    expect((await rowsOf(app, idOf(await clone(shop.id))))['idempotency_keys']).toEqual([]);
  });

  it.each(['customers', 'orders', 'products', 'imports'])('can leave out %s', async (name) => {
    const { shop } = await shopOfPeople();
    const done = await clone(shop.id, { without: [name] });
    expect(done).toMatchObject({ state: 'done', error: null });
    const [before, after] = [await rowsOf(app, shop.id), await rowsOf(app, idOf(done))];
    expect(after[name]).toEqual([]);
    expect(after['members']).toHaveLength(2);
    if (name === 'products') expect(after['orders']).toEqual([]);
    else expect(after['stock_changes']).toEqual(before['stock_changes']);
  });

  it('invents people in place of the real ones, of whom no text is left', async () => {
    const { shop, email, user, staffId } = await shopOfPeople();
    const id = idOf(await clone(shop.id, { isAnonymised: true }));
    const rows = await rowsOf(app, id);
    expect(JSON.stringify(await rowsOf(app, shop.id)).match(/zyx/gi)!.length).toBeGreaterThan(20);
    expect(JSON.stringify(rows)).not.toMatch(/zyx/i);
    expect(JSON.stringify(rows)).not.toContain('real.example');
    const schema = `shop_${id.replaceAll('-', '')}`;
    const people = await app.database.query(
      `SELECT DISTINCT c.name = o.customer_name AS name, c.email IS NOT DISTINCT FROM o.customer_email AS email,
         o.customer_email LIKE '%@example.invalid' AS invalid
       FROM ${schema}.orders o JOIN ${schema}.customers c ON c.id = o.customer_id WHERE o.customer_email IS NOT NULL`,
    );
    expect(people).toEqual([{ name: true, email: true, invalid: true }]);
    const counts = (all: Record<string, string[]>) =>
      Object.entries(all).map(([name, { length }]) => [name, length]);
    expect(counts(rows)).toEqual(counts(await rowsOf(app, shop.id)));
    const members = await app.database.query(
      'SELECT u.email, m.role FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.shop_id = $1',
      [id],
    );
    expect(members).toEqual([{ email, role: 'owner' }]);
    const [own] = await app.database.query(`SELECT name FROM ${schema}.members WHERE user_id = $1`, [
      user.id,
    ]);
    expect(own).toEqual({ name: user.name });
    expect(
      await app.database.query(`SELECT role FROM ${schema}.members WHERE user_id = $1`, [staffId]),
    ).toEqual([{ role: 'staff' }]);
    const operations = await app.database.query(
      `SELECT checkpoint, result FROM operations WHERE kind = 'clone'`,
    );
    expect(JSON.stringify(operations)).not.toMatch(/zyx/i);
  });

  it('invents the same people in every clone', async () => {
    const [one, two] = [await shopOfPeople(), await shopOfPeople()];
    const seen = [];
    for (const { shop } of [one, two, one]) {
      const id = idOf(await clone(shop.id, { isAnonymised: true }));
      const schema = `shop_${id.replaceAll('-', '')}`;
      seen.push(
        await app.database.query(`SELECT DISTINCT name, email FROM ${schema}.customers ORDER BY email`),
      );
    }
    expect(seen[0]).toHaveLength(2);
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
  });

  it('invents nobody in a shop with a column that no entity describes', async () => {
    const { shop } = await shopOfPeople();
    await app.database.query(`ALTER TABLE shop_${shop.id.replaceAll('-', '')}.orders ADD former text`);
    const { state, error } = await clone(shop.id, { isAnonymised: true });
    expect([state, error?.message]).toEqual(['failed', expect.stringContaining('orders.former')]);
    expect(await app.database.query('SELECT FROM held_tenants')).toEqual([]);
  });

  it('leaves nothing when the slug is taken meanwhile', async () => {
    const { shop } = await newOwner(app.api);
    const done = await clone(shop.id, { as: shop.slug });
    expect(done).toMatchObject({ state: 'failed', error: { code: 'SLUG_TAKEN' } });
    expect(await app.database.query('SELECT FROM held_tenants')).toEqual([]);
  });
});
