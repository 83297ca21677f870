import { randomUUID } from 'node:crypto';
import type { Answer } from '../support/api';
import { PASSWORD } from '../support/factories';
import { CACHE_MS, CACHE_TIMES } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { type DerivedRoute, derivedRoutes } from './derived-routes';
import { type DescribedRoute, describedRoutes, servedRoutes } from './described-routes';
import {
  IDENTITIES,
  type Identity,
  type Kind,
  newRows,
  newWorld,
  NOBODY,
  type Person,
  type World,
} from './identities';
import { foreignMarkers } from './markers';
import { type IdParameter, PAGE_FILES, type RouteEntry, ROUTES } from './route-table';
import { claimsOf } from './tokens';

const app = useTestApp({}, { times: CACHE_TIMES });
let world: World;
let described: Map<string, DescribedRoute>;
let derived: DerivedRoute[];
let requests = 0;

beforeAll(async () => {
  world = await newWorld(app);
  const document = (await app.api.get('/openapi.json')).body;
  described = new Map(describedRoutes(document).map((one) => [one.route, one]));
  derived = derivedRoutes(document, new Set(ROUTES.map(({ route }) => route)));
});
afterAll(() => process.stdout.write(`route matrix: ${ROUTES.length} entries, ${requests} requests\n`));

/** Headers that name another shop, wherever a careless server might read one. */
function hints({ shop }: Person): Record<string, string> {
  const names = [
    'x-shop-id',
    'x-shop',
    'x-tenant-id',
    'x-tenant',
    'x-organization-id',
    'shop-id',
    'tenant-id',
  ];
  return { ...Object.fromEntries(names.map((name) => [name, shop.id])), cookie: `shop_id=${shop.id}` };
}

/** Sends the entry's request with the given ids. @param as sender, or the person named in the body */
async function ask(
  entry: RouteEntry,
  token: string | undefined,
  as: Person,
  ids: Record<string, string>,
  method?: 'HEAD',
): Promise<Answer> {
  const [verb, template] = entry.route.split(' ') as [string, string];
  const { query, json, raw, headers } = (await entry.parts?.(ids, as)) ?? {};
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => ids[`path.${name}`]!);
  const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
  const stranger = as === world.bob ? world.ada : world.bob;
  requests++;
  return app.api.as(token).raw(method ?? verb, path + search, raw ?? (json && JSON.stringify(json)), {
    ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    ...hints(stranger),
    ...headers,
  });
}

function idsOf(
  { ids = {} }: RouteEntry,
  owned: Record<Kind, string>,
  extra?: string,
): Record<string, string> {
  const used = Object.entries(ids).filter(([name, { own }]) => own === undefined || name === extra);
  return Object.fromEntries(used.map(([name, { kind }]) => [name, owned[kind]]));
}

const kindsOf = ({ ids = {} }: RouteEntry): Kind[] => Object.values(ids).map(({ kind }) => kind);

/** `404 PRODUCT_NOT_FOUND`, or `200`. */
function outcomeOf({ status, body }: Answer): string {
  return status < 400 ? String(status) : `${status} ${body?.code}`;
}

/** Answer that the identity must get; see `RouteEntry.access`. */
function expected(entry: RouteEntry, identity: Identity): string {
  const special = entry.answers?.[identity];
  if (special !== undefined) return special;
  if (entry.access === 'open' || identity === 'own token') return entry.ok;
  if (NOBODY.includes(identity)) return '401 UNAUTHENTICATED';
  const [named] = Object.values(entry.ids ?? {}).filter(({ own }) => own === undefined);
  if (entry.access === 'tenant') {
    if (identity === 'global token') return '403 TENANT_REQUIRED';
    if (identity === 'removed member') return '403 NOT_A_MEMBER';
    if (identity === 'suspended shop') return '403 SHOP_SUSPENDED';
  }
  const isStranger = identity === "another shop's token" || identity === 'removed member';
  return isStranger && named !== undefined ? named.refused : entry.ok;
}

/** An answer may carry only texts of its sender, or of the person whose name and password the request held. */
function assertNothingForeign({ body }: Answer, { marker }: Person): void {
  expect(foreignMarkers(JSON.stringify(body ?? ''), marker)).toEqual([]);
}

describe('the route table', () => {
  it('names every route of openapi.json from which no entry can be made, and no route that openapi.json lacks', () => {
    const inTable = ROUTES.filter(({ undescribed }) => !undescribed).map(({ route }) => route);
    const known = [...inTable, ...derived.map(({ route }) => route)];
    expect([...new Set(known)].toSorted()).toEqual([...described.keys()].toSorted());
  });

  it('names every route that the server answers to', () => {
    const served = servedRoutes(app.app).filter((route) => !PAGE_FILES.test(route));
    expect(served.length).toBeGreaterThan(20);
    const known = new Set([...ROUTES, ...derived].map(({ route }) => route));
    expect(served.filter((route) => !known.has(route))).toEqual([]);
  });

  it('names every place of a request that can hold an id', () => {
    const inTable = ROUTES.filter(({ undescribed }) => !undescribed).map(({ route, ids = {} }) => [
      route,
      Object.keys(ids).toSorted(),
    ]);
    expect(inTable).toEqual(
      inTable.map(([route]) => [route, described.get(route as string)?.idParameters.toSorted()]),
    );
  });
});

const named = ROUTES.map(
  (entry) => [entry.note ? `${entry.route} ${entry.note}` : entry.route, entry] as const,
);

describe.each(named)('%s', (_name, entry) => {
  function assertDescribed(answer: Answer): void {
    if (!entry.undescribed) expect(described.get(entry.route)!.answers).toContain(outcomeOf(answer));
  }

  it.each(IDENTITIES)('answers to %s as the table says', async (identity) => {
    const { ada, bob, rita, sven, frozen, tokens } = world;
    const as = identity === 'suspended shop' ? sven : ada;
    const rows = as === sven ? frozen : await newRows(ada, kindsOf(entry));
    const ids = idsOf(entry, rows);
    const asker = { "another shop's token": bob, 'removed member': rita }[identity as string] ?? as;
    const writer = entry.access === 'open' ? as : asker;
    const answer = await ask(entry, tokens[identity], writer, ids);
    expect([identity, outcomeOf(answer)]).toEqual([identity, expected(entry, identity)]);
    assertDescribed(answer);
    assertNothingForeign(answer, writer);
    if (!entry.route.startsWith('GET')) return;
    const head = await ask(entry, tokens[identity], writer, ids, 'HEAD');
    expect([head.status, head.body]).toEqual([answer.status, undefined]);
  });

  for (const [name, parameter] of Object.entries(entry.ids ?? {})) {
    it(`answers to another shop's ${name} as to a missing one`, async () => {
      const { ada, bob, tokens } = world;
      const [mine, theirs] = await Promise.all([ada, bob].map((one) => newRows(one, kindsOf(entry))));
      const before = await rowsAsSeenBy(bob, theirs!);
      const answers = [theirs![parameter.kind], missing(parameter)].map(async (id) => {
        const answer = await ask(entry, tokens['own token'], ada, {
          ...idsOf(entry, mine!, name),
          [name]: id,
        });
        expect(outcomeOf(answer)).toBe(parameter.refused);
        assertDescribed(answer);
        assertNothingForeign(answer, ada);
        return JSON.stringify({ ...answer.body, instance: null }).replaceAll(id, '<id>');
      });
      const [foreign, none] = await Promise.all(answers);
      if (!parameter.refused.startsWith('2')) expect(foreign).toBe(none);
      expect(await rowsAsSeenBy(bob, theirs!)).toEqual(before);
    });

    it(`accepts ${name} of its own shop`, async () => {
      const rows = await newRows(world.ada, kindsOf(entry));
      const answer = await ask(entry, world.tokens['own token'], world.ada, idsOf(entry, rows, name));
      expect(outcomeOf(answer)).toBe(parameter.own ?? entry.ok);
      assertDescribed(answer);
    });
  }
});

const missing = ({ kind }: IdParameter): string => (kind === 'orderNumber' ? '900000000' : randomUUID());

/** A person's rows, for comparison before and after somebody else's request. */
async function rowsAsSeenBy(
  { api, shop }: Person,
  { product, order }: Record<Kind, string>,
): Promise<unknown[]> {
  const paths = [
    ...[`shops/${shop.id}`, `shops/${shop.id}/members`],
    ...(product ? [`products/${product}`] : []),
    ...(order ? [`orders/${order}`] : []),
  ];
  return Promise.all(paths.map(async (path) => (await api.get(path)).body));
}

/** Routes with an entry for which one is also derived, so that the derivation itself is tested. */
const PLAIN = /^(GET|POST|PATCH) \/api\/v1\/(me|shops(\/\{id\})?)$/;

describe('routes without an entry', () => {
  async function makeRow({ make }: DerivedRoute, { api }: Person): Promise<string> {
    const { status, body } = await api.raw('POST', make!.path, JSON.stringify(make!.body), {
      'content-type': 'application/json',
    });
    if (status !== 201) throw new Error(`${make!.path} needs an entry: ${status} ${JSON.stringify(body)}`);
    return body.id as string;
  }

  async function answersTo(entry: DerivedRoute): Promise<void> {
    const { ada, bob, rita, sven, tokens } = world;
    const idOf = async (owner: Person): Promise<Record<string, string>> =>
      entry.make === undefined
        ? {}
        : {
            'path.id':
              owner === sven && entry.access === 'tenant' ? randomUUID() : await makeRow(entry, owner),
          };
    for (const identity of IDENTITIES) {
      const as = identity === 'suspended shop' ? sven : ada;
      const asker = { "another shop's token": bob, 'removed member': rita }[identity as string] ?? as;
      const answer = await ask(entry, tokens[identity], asker, await idOf(as));
      expect([entry.route, identity, outcomeOf(answer)]).toEqual([
        entry.route,
        identity,
        expected(entry, identity),
      ]);
      assertNothingForeign(answer, asker);
    }
    if (entry.make === undefined) return;
    const own = await ask(entry, tokens['own token'], ada, await idOf(ada));
    const [foreign, none] = [await makeRow(entry, bob), randomUUID()].map(async (id) => {
      const answer = await ask(entry, tokens['own token'], ada, { 'path.id': id });
      return [outcomeOf(answer), JSON.stringify({ ...answer.body, instance: null }).replaceAll(id, '<id>')];
    });
    expect([entry.route, outcomeOf(own), await foreign]).toEqual([entry.route, entry.ok, await none]);
    expect((await none)![0]).toBe(entry.ids!['path.id']!.refused);
  }

  it('answer to every identity as openapi.json describes', async () => {
    const document = (await app.api.get('/openapi.json')).body;
    const others = new Set(ROUTES.map(({ route }) => route).filter((route) => !PLAIN.test(route)));
    const entries = derivedRoutes(document, others);
    expect(entries.length).toBeGreaterThan(derived.length);
    for (const entry of entries) await answersTo(entry);
    const names = derived.map(({ route }) => route);
    if (names.length > 0) process.stdout.write(`entries derived for: ${names.join(', ')}\n`);
  });
});

describe('lists of two shops', () => {
  const lists = ROUTES.filter(({ route, access }) => access === 'tenant' && /^GET [^{]+$/.test(route));

  it.each(lists.map(({ route }) => [route] as const))('have no row in common: %s', async (route) => {
    const idsOfShop = async (person: Person): Promise<unknown[]> => {
      await newRows(person, ['product', 'order', 'auditEntry']);
      const { items } = (await person.api.get(`${route.replace('GET ', '')}?limit=100`)).body;
      return (items as { id: string }[]).map(({ id }) => id);
    };
    const [mine, theirs] = await Promise.all([idsOfShop(world.ada), idsOfShop(world.bob)]);
    expect([mine!.length > 0, theirs!.length > 0]).toEqual([true, true]);
    expect(mine!.filter((id) => theirs!.includes(id))).toEqual([]);
  });
});

describe('a user who has lost a right', () => {
  it('is refused within a second of the cache time', () => {
    expect(world.lingered.removed).toBeLessThan(CACHE_MS + 1000);
    expect(world.lingered.suspended).toBeLessThan(CACHE_MS + 1000);
  });

  it('stays out while others have access, and keeps access to a shop of their own', async () => {
    expect((await world.rita.api.get('products')).status).toBe(200);
    expect((await world.ada.api.get('products')).status).toBe(200);
    expect(outcomeOf(await app.api.as(world.removed).get('products'))).toBe('403 NOT_A_MEMBER');
  });

  it('gets no token of the shop by a refresh', async () => {
    const { rita, ada } = world;
    const member = [rita.user.id, ada.shop.id];
    await app.database.query(
      `INSERT INTO memberships (user_id, shop_id, role) VALUES ($1, $2, 'staff')`,
      member,
    );
    const login = await app.api.post('auth/login', {
      email: rita.email,
      password: PASSWORD,
      shopId: ada.shop.id,
    });
    expect(claimsOf(login.body.accessToken).shop_id).toBe(ada.shop.id);
    await app.database.query('DELETE FROM memberships WHERE user_id = $1 AND shop_id = $2', member);
    const { status, body } = await app.api.post('auth/refresh', { refreshToken: login.body.refreshToken });
    expect([status, claimsOf(body.accessToken).shop_id, body.shop]).toEqual([200, undefined, null]);
  });
});
