import { newOwner, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
const MISSING = '01900000-0000-7000-8000-000000000000';

/** Inserts customers, in order of creation: no route creates them. */
async function addCustomers({ shop }: Owner, numbers: string[]): Promise<void> {
  await app.database.query(
    `INSERT INTO shop_${shop.id.replaceAll('-', '')}.customers (id, external_number, country)
     SELECT ('01900000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, number, 'EIRE'
     FROM unnest($1::text[]) WITH ORDINALITY AS c (number, i)`,
    [numbers],
  );
}

describe('GET /customers', () => {
  it('lists customers by pages, newest first, as each is shown alone', async () => {
    const owner = await newOwner(app.api);
    await addCustomers(owner, ['A', 'B', 'C']);
    const first = (await owner.api.get('customers?limit=2')).body;
    const second = (await owner.api.get(`customers?limit=2&cursor=${first.nextCursor}`)).body;
    const all = [...first.items, ...second.items];
    expect(all.map(({ externalNumber }) => externalNumber)).toEqual(['C', 'B', 'A']);
    expect(second.nextCursor).toBeNull();
    expect((await owner.api.get(`customers/${all[0].id}`)).body).toEqual(all[0]);
    expect(all[0]).toMatchObject({ name: null, email: null, country: 'EIRE' });
  });

  it('refuses a cursor that is not an id', async () => {
    const { api } = await newOwner(app.api);
    expect(problemIn(await api.get('customers?cursor=1'))).toBe('400 INVALID_CURSOR');
  });
});

describe('customers of two shops', () => {
  it('shop B cannot see or guess rows of shop A', async () => {
    const [ada, bob] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    await addCustomers(ada, ['13085']);
    const [{ id }] = (await ada.api.get('customers')).body.items;
    expect((await bob.api.get('customers')).body.items).toEqual([]);
    const [foreign, missing] = await Promise.all([
      bob.api.get(`customers/${id}`),
      bob.api.get(`customers/${MISSING}`),
    ]);
    expect(problemIn(foreign)).toBe('404 CUSTOMER_NOT_FOUND');
    expect({ ...foreign.body, instance: null }).toEqual({ ...missing.body, instance: null });
  });
});
