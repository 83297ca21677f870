import { newMember, newOwner, newUser, type Owner } from '../support/factories';
import { newOperator, useOperators } from '../support/operators';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
const operators = useOperators(app);

const setSeats = ({ shop }: Owner, seats: number | null) =>
  app.database.query('UPDATE shops SET limits = $2 WHERE id = $1', [shop.id, JSON.stringify({ seats })]);
const add = async ({ api, shop }: Owner, email: string) =>
  api.post(`shops/${shop.id}/members`, { email, role: 'staff' });
const membersOf = async ({ api, shop }: Owner) => (await api.get(`shops/${shop.id}/members`)).body.items;

describe('seats of a plan', () => {
  it('bound the members of a shop, whoever adds them, from the moment of a change', async () => {
    const [owner, other] = [await newOwner(app.api), await newOwner(app.api)];
    const { api: operator } = await newOperator(app, operators, 'operator');
    const [{ email }, member] = [await newUser(app.api), await newMember(owner)];
    await setSeats(owner, 2);
    const byOperator = () => operator.post(`shops/${owner.shop.id}/members`, { email, role: 'staff' });
    expect(problemIn(await add(owner, email))).toBe('403 SEATS_TAKEN');
    expect(problemIn(await byOperator())).toBe('403 SEATS_TAKEN');
    expect(await membersOf(owner)).toHaveLength(2);
    expect((await add(other, email)).status).toBe(201);
    await owner.api.delete(`shops/${owner.shop.id}/members/${member.id}`);
    expect((await byOperator()).status).toBe(200);
    expect(problemIn(await add(owner, member.email))).toBe('403 SEATS_TAKEN');
    await setSeats(owner, null);
    expect((await add(owner, member.email)).status).toBe(201);
  });

  it('are those of the plan without own ones', async () => {
    const owner = await newOwner(app.api);
    await app.database.query(`UPDATE shops SET plan = 'free' WHERE id = $1`, [owner.shop.id]);
    await newMember(owner);
    await newMember(owner);
    expect(problemIn(await add(owner, (await newUser(app.api)).email))).toBe('403 SEATS_TAKEN');
  });

  it('leave members alone who are above them, and their roles', async () => {
    const owner = await newOwner(app.api);
    const member = await newMember(owner);
    await setSeats(owner, 1);
    const path = `shops/${owner.shop.id}/members/${member.id}`;
    expect((await owner.api.patch(path, { role: 'admin' })).status).toBe(200);
    expect((await member.inShop.get('products')).status).toBe(200);
  });

  it('are not exceeded by twenty who are added at once', async () => {
    const owner = await newOwner(app.api);
    await setSeats(owner, 6);
    const users = await Promise.all(Array.from({ length: 20 }, () => newUser(app.api)));
    const outcomes = await Promise.all(users.map(async ({ email }) => (await add(owner, email)).status));
    expect(outcomes.filter((status) => status === 201)).toHaveLength(5);
    expect(await membersOf(owner)).toHaveLength(6);
  });
});
