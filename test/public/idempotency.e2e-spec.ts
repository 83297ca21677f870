import type { Answer, Api } from '../support/api';
import { plus, takeCensus } from '../support/census';
import { newOwner, newUser, type Owner, type User } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

const ONE_SHOP = { shops: 1, memberships: 1, tenants: 1, schemas: 1, roles: 1 };

const app = useTestApp();
let ada: User;

beforeEach(async () => {
  ada = await newUser(app.api);
});

function post(api: Api, path: string, body: object, key: string): Promise<Answer> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': key };
  return api.raw('POST', path, JSON.stringify(body), headers);
}

const isReplay = ({ headers }: Answer) => headers.get('idempotency-replayed') === 'true';
const twenty = <T>(work: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: 20 }, (_, i) => work(i)));

describe('POST /shops with an Idempotency-Key', () => {
  const shop = (key: string, body: object = { name: 'Corner Shop' }, { api }: User = ada) =>
    post(api, 'shops', body, key);

  it('creates one shop and gives its answer again', async () => {
    const before = await takeCensus(app.database);
    const [first, again] = [await shop('a'), await shop('a')];
    expect([first.status, isReplay(first)]).toEqual([201, false]);
    expect([again.status, isReplay(again), again.body]).toEqual([201, true, first.body]);
    expect(await takeCensus(app.database)).toEqual(plus(before, ONE_SHOP));
    expect((await ada.api.get('shops')).body.items).toEqual([first.body]);
  });

  it('creates one shop when twenty come together', async () => {
    const before = await takeCensus(app.database);
    const answers = await twenty(() => shop('a'));
    const made = answers.filter(({ status }) => status === 201);
    expect(made.filter((answer) => !isReplay(answer))).toHaveLength(1);
    const refused = answers.filter(({ status }) => status !== 201).map(problemIn);
    expect(refused.filter((problem) => !REFUSALS.has(problem))).toEqual([]);
    expect(await takeCensus(app.database)).toEqual(plus(before, ONE_SHOP));
  });

  it('is refused with another body, and is another request of another user', async () => {
    const grace = await newUser(app.api);
    const first = await shop('a');
    expect(problemIn(await shop('a', { name: 'Other' }))).toBe('422 IDEMPOTENCY_KEY_REUSED');
    const theirs = await shop('a', { name: 'Corner Shop' }, grace);
    expect([theirs.status, isReplay(theirs), theirs.body.id === first.body.id]).toEqual([201, false, false]);
  });

  it('waits for a slug that others request, and is tried again if it was refused', async () => {
    const users = await twenty(() => newUser(app.api));
    const answers = await Promise.all(users.map((user) => shop('a', { name: 'S', slug: 'wanted' }, user)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const refused = answers.filter(({ status }) => status !== 201).map(problemIn);
    expect(refused).toEqual(Array(19).fill('409 SLUG_TAKEN'));
    const loser = users[answers.findIndex(({ status }) => status !== 201)]!; // there are 19
    const later = await shop('a', { name: 'S', slug: 'free' }, loser);
    expect([later.status, isReplay(later)]).toEqual([201, false]);
  });

  it('removes old keys, ten at a time', async () => {
    await app.database.query(
      `INSERT INTO idempotency_keys SELECT gen_random_uuid(), n, 'x', 201, '{}', now() - interval '25 hours'
       FROM generate_series(1, 15) n`,
    );
    await shop('a');
    const [row] = await app.database.query<{ old: number }>(
      `SELECT count(*)::int AS old FROM idempotency_keys WHERE created_at < now() - interval '24 hours'`,
    );
    expect(row?.old).toBe(5);
  });

  /** A user may create few shops an hour, however they are asked for. */
  const REFUSALS = new Set(['409 IDEMPOTENCY_IN_FLIGHT', '429 TOO_MANY_ATTEMPTS']);
});

describe('POST /shops/:id/members with an Idempotency-Key', () => {
  let owner: Owner;

  beforeEach(async () => {
    owner = await newOwner(app.api);
  });

  const add = (key: string, role = 'staff', shop: Owner = owner) =>
    post(shop.api, `shops/${shop.shop.id}/members`, { email: ada.email, role }, key);
  const entries = () =>
    app.database.query(`SELECT details FROM audit_log WHERE shop_id = $1 AND action = 'member.added'`, [
      owner.shop.id,
    ]);

  it('adds the member once and gives its answer again', async () => {
    const [first, again] = [await add('a'), await add('a')];
    expect([first.status, isReplay(first), first.body.role]).toEqual([201, false, 'staff']);
    expect([again.status, isReplay(again), again.body]).toEqual([201, true, first.body]);
    expect(await entries()).toHaveLength(1);
    expect(problemIn(await add('b'))).toBe('409 ALREADY_A_MEMBER');
  });

  it('adds the member once when twenty come together', async () => {
    const answers = await twenty(() => add('a'));
    const made = answers.filter(({ status }) => status === 201);
    expect(made.filter((answer) => !isReplay(answer))).toHaveLength(1);
    const refused = answers.filter(({ status }) => status !== 201).map(problemIn);
    expect(refused.filter((problem) => problem !== '409 IDEMPOTENCY_IN_FLIGHT')).toEqual([]);
    expect(await entries()).toHaveLength(1);
  });

  it('is refused with another role, and for another shop', async () => {
    const second = await owner.api.post('shops', { name: 'Second' });
    await add('a');
    const others = [await add('a', 'admin'), await add('a', 'staff', { ...owner, shop: second.body })];
    expect(others.map(problemIn)).toEqual(Array(2).fill('422 IDEMPOTENCY_KEY_REUSED'));
  });
});
