import { randomBytes } from 'node:crypto';
import type { Api } from '../support/api';
import { runHere } from '../support/command';
import { created, newMember, newOwner, newUser, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { runCli } from '../support/program';
import { useTestApp } from '../support/test-app';
import { atOnce, tally } from '../support/tokens';

const app = useTestApp();
const run = (...args: string[]) => runHere(args, { DATABASE_URL: app.database.url });
/** As a process, which also shows that the program has the command and ends. */
const runProcess = (...args: string[]) => runCli(args, { env: { DATABASE_URL: app.database.url } });
const newSlug = () => `slug-${randomBytes(4).toString('hex')}`;

/** Moves the end of all former slugs of a shop. */
const age = ({ shop }: Owner, days: number) =>
  app.database.query(
    'UPDATE former_slugs SET ends_at = ends_at - make_interval(days => $2) WHERE shop_id = $1',
    [shop.id, days],
  );

const rename = ({ api, shop }: Pick<Owner, 'api' | 'shop'>, slug: string) =>
  api.patch(`shops/${shop.id}`, { slug });
const take = (api: Api, slug: string) => api.post('shops', { name: 'Other', slug });

/** The shop that commands find by this name. */
async function found(name: string): Promise<string> {
  const { code, stdout, stderr } = await run('shops:show', name, '--json');
  return code === 0 ? (JSON.parse(stdout) as { id: string }).id : stderr.trimEnd().split('\n').at(-1)!;
}

describe('PATCH /shops/:id with another slug', () => {
  it('keeps the former slug for the shop, for 30 days', async () => {
    const owner = await newOwner(app.api);
    const { api } = await newUser(app.api);
    const [former, slug] = [owner.shop.slug as string, newSlug()];
    expect((await rename(owner, slug)).body).toMatchObject({ id: owner.shop.id, slug });
    expect(await Promise.all([former, slug].map(found))).toEqual([owner.shop.id, owner.shop.id]);
    expect(problemIn(await take(api, former))).toBe('409 SLUG_TAKEN');
    expect(problemIn(await rename(await newOwner(app.api), former))).toBe('409 SLUG_TAKEN');
    await age(owner, 29);
    expect(problemIn(await take(api, former))).toBe('409 SLUG_TAKEN');
    await age(owner, 1);
    expect(await found(former)).toBe(`SHOP_NOT_FOUND: No shop has the slug or id ${former}.`);
    const { body } = created(await take(api, former));
    expect(await found(former)).toBe(body.id);
  });

  it('lets the shop take a former slug back', async () => {
    const owner = await newOwner(app.api);
    const slugs = [owner.shop.slug as string, newSlug(), newSlug()];
    for (const slug of [...slugs.slice(1), slugs[0]!]) expect((await rename(owner, slug)).status).toBe(200);
    expect(await Promise.all(slugs.map(found))).toEqual(Array(3).fill(owner.shop.id));
    const rows = await app.database.query<{ slug: string }>(
      'SELECT slug FROM former_slugs WHERE shop_id = $1',
      [owner.shop.id],
    );
    expect(rows.map(({ slug }) => slug).toSorted()).toEqual(slugs.slice(1).toSorted());
  });

  it('leaves the slug alone where it names the present one', async () => {
    const owner = await newOwner(app.api);
    expect((await rename(owner, owner.shop.slug)).status).toBe(200);
    expect(await app.database.query('SELECT FROM former_slugs WHERE shop_id = $1', [owner.shop.id])).toEqual(
      [],
    );
  });

  it('keeps the newest ten, so that no shop keeps any number of slugs from others', async () => {
    const owner = await newOwner(app.api);
    const slugs = [owner.shop.slug as string, ...Array.from({ length: 11 }, newSlug)];
    for (const slug of slugs.slice(1)) expect((await rename(owner, slug)).status).toBe(200);
    const { api } = await newUser(app.api);
    expect(problemIn(await take(api, slugs[1]!))).toBe('409 SLUG_TAKEN');
    expect((await take(api, slugs[0]!)).status).toBe(201);
  });

  it('gives a slug derived from a name another ending while the plain one is a former slug', async () => {
    const name = `Tea ${randomBytes(4).toString('hex')}`;
    const owner = await newOwner(app.api, { name });
    await rename(owner, newSlug());
    const { body } = created(await (await newUser(app.api)).api.post('shops', { name }));
    expect(body.slug).toBe(`${owner.shop.slug}-2`);
  });

  it('gives a slug to one of its former shop and nineteen that want it while it is given up', async () => {
    const owner = await newOwner(app.api);
    const { api } = await newUser(app.api);
    const former = owner.shop.slug as string;
    const [renamed, ...taken] = await Promise.all([
      rename(owner, newSlug()),
      atOnce(() => take(api, former)),
    ]);
    expect(renamed.status).toBe(200);
    expect(tally(taken.flat())).toEqual({ '409 SLUG_TAKEN': 20 });
    expect(await found(former)).toBe(owner.shop.id);
  });
});

describe('a former slug', () => {
  it('names the shop in commands', async () => {
    const owner = await newOwner(app.api);
    const former = owner.shop.slug as string;
    const slug = newSlug();
    await rename(owner, slug);
    expect(await run('shops:suspend', former)).toMatchObject({ code: 0, stdout: `${slug} is suspended\n` });
    expect(await run('shops:resume', former)).toMatchObject({ code: 0, stdout: `${slug} is active\n` });
    for (const args of [
      ['migrate:verify', '--only', former],
      ['migrate:tenants', '--plan', '--only', former],
      ['products:import', '--shop', former, '--dry-run', 'examples/tea-house.csv'],
      ['shops:members', former],
    ])
      expect(await run(...args)).toMatchObject({ code: 0 });
  });

  it('gives way to a shop that has the slug now, whoever let it', async () => {
    const [owner, other] = [await newOwner(app.api), await newOwner(app.api)];
    const former = owner.shop.slug as string;
    await rename(owner, newSlug());
    await app.database.query('UPDATE shops SET slug = $2 WHERE id = $1', [other.shop.id, former]); // as an older program does
    expect(await found(former)).toBe(other.shop.id);
  });
});

describe('shops:rename', () => {
  it('changes slug and name, moves no schema, and is in the audit log', async () => {
    const owner = await newOwner(app.api);
    const { slug: former, id } = owner.shop;
    const slug = newSlug();
    const schemas = () => app.database.query(`SELECT oid, nspname FROM pg_namespace ORDER BY oid`);
    const before = await schemas();
    const { code, stdout } = await runProcess(
      'shops:rename',
      former,
      '--slug',
      slug,
      '--name',
      ' Tea & Cake ',
      '--json',
    );
    expect([code, JSON.parse(stdout)]).toEqual([0, { id, slug, name: 'Tea & Cake', formerSlug: former }]);
    expect((await owner.api.get(`shops/${id}`)).body).toMatchObject({ slug, name: 'Tea & Cake' });
    expect(await schemas()).toEqual(before);
    expect((await owner.api.get('audit?action=shop.renamed')).body.items).toMatchObject([
      { actorId: null, requestId: null, details: { formerSlug: former, slug, by: 'command' } },
    ]);
    expect(await run('shops:rename', former, '--slug', slug)).toMatchObject({ code: 0 }); // nothing left to do
    expect((await owner.api.get('audit?action=shop.renamed')).body.items).toHaveLength(1);
  });

  it('refuses a slug of another shop, one that it had, a bad one, and no change at all', async () => {
    const [owner, other] = [await newOwner(app.api), await newOwner(app.api)];
    const former = other.shop.slug as string;
    await rename(other, newSlug());
    const refusal = async (...options: string[]) =>
      (await run('shops:rename', owner.shop.slug, ...options)).stderr;
    expect(await refusal('--slug', former)).toContain('SLUG_TAKEN');
    expect(await refusal('--slug', 'No Slug')).toContain('VALIDATION_FAILED');
    expect(await refusal('--name', '')).toContain('VALIDATION_FAILED');
    expect(await refusal()).toContain('VALIDATION_FAILED');
    expect((await owner.api.get(`shops/${owner.shop.id}`)).body).toEqual(owner.shop);
    expect((await run('shops:rename', 'no-such-shop', '--slug', newSlug())).stderr).toContain(
      'SHOP_NOT_FOUND',
    );
  });
});

describe('shops:create', () => {
  it('creates a shop that its owner can use and whose audit log names the command', async () => {
    const user = await newUser(app.api);
    const slug = newSlug();
    const options = [
      '--name',
      'Tea House',
      '--owner',
      user.email.toUpperCase(),
      '--slug',
      slug,
      '--currency',
      'eur',
    ];
    const { code, stdout } = await runProcess('shops:create', ...options, '--json');
    const shop = JSON.parse(stdout) as { id: string };
    expect([code, shop]).toEqual([0, { id: expect.any(String), slug, name: 'Tea House' }]);
    const { body } = await user.api.post('auth/switch', { shopId: shop.id, refreshToken: user.refreshToken });
    const inShop = app.api.as(body.accessToken as string);
    expect(body.shop).toMatchObject({ slug, role: 'owner', currency: 'EUR' });
    expect((await inShop.get('products')).status).toBe(200);
    expect((await inShop.get('audit?action=shop.created')).body.items).toMatchObject([
      { actorId: null, details: { userId: user.id, by: 'command' } },
    ]);
  });

  it('refuses an owner who has not registered, and makes nothing', async () => {
    const shops = () => app.database.query('SELECT id FROM shops');
    const before = await shops();
    const { code, stdout, stderr } = await run(
      'shops:create',
      '--name',
      'X',
      '--owner',
      'nobody@example.com',
    );
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('USER_NOT_FOUND: No user has the e-mail address nobody@example.com.');
    const { shop } = await newMember(await newOwner(app.api)).then(() => newOwner(app.api));
    const { email } = await newUser(app.api);
    for (const bad of [
      ['--slug', shop.slug],
      ['--slug', '-'],
      ['--currency', 'XYZW'],
      ['--name', '\u0007'],
    ])
      expect((await run('shops:create', '--name', 'X', '--owner', email, ...bad)).code).toBe(1);
    expect(await shops()).toHaveLength(before.length + 2);
  });
});
