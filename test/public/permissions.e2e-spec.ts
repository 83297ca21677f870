import { readFileSync } from 'node:fs';
import { type DynamicModule, Get, Module, Post } from '@nestjs/common';
import { AppModule } from '../../src/app/app.module';
import { Needs } from '../../src/tenancy/member-role';
import { MEMBER_ROLES, type MemberRole } from '../../src/tenancy/tenant';
import { TenantConnection } from '../../src/tenancy/tenant-connection';
import { TenantController } from '../../src/tenancy/tenant-controller.decorator';
import { type DerivedRoute, derivedRoutes } from '../isolation/derived-routes';
import { type Kind, newRows, type Person } from '../isolation/identities';
import { type RouteEntry, ROUTES } from '../isolation/route-table';
import type { Answer, Api } from '../support/api';
import { created, newMember, newOwner, newProduct, newUser } from '../support/factories';
import { problemIn } from '../support/problem';
import { CACHE_TIMES } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { until } from '../support/until';

type Rights = Record<MemberRole, boolean>;

/** Writes, but is declared as if it only read. */
@TenantController('forgotten')
class ForgottenController {
  constructor(private readonly tenant: TenantConnection) {}

  @Get()
  read(): Promise<unknown> {
    return this.tenant.transaction((manager) => manager.query('UPDATE products SET vendor = $1', ['Nobody']));
  }

  @Post()
  @Needs('read_only')
  write(): Promise<unknown> {
    return this.tenant.transaction((manager) => manager.query('UPDATE products SET vendor = $1', ['Nobody']));
  }
}

/** Declares more than a GET needs without a declaration. */
@TenantController('owners-only')
class OwnersController {
  @Get()
  @Needs('owner')
  read(): object {
    return {};
  }
}

@Module({ controllers: [ForgottenController, OwnersController] })
class WithForgotten {}

const app = useTestApp(
  {},
  {
    times: CACHE_TIMES,
    root: (base): DynamicModule => ({ module: WithForgotten, imports: [AppModule.forRoot(base)] }),
  },
);

const page = readFileSync('docs/permissions.md', 'utf8');
/** Rows of the page whose cells are `yes` or `–`, by the text of the first cell. */
const rows = new Map(
  [...page.matchAll(/^\| (.+?) +\| (yes|–) +\| (yes|–) +\| (yes|–) +\| (yes|–) +\|$/gm)].map(
    ([, name, ...cells]) => [
      name!,
      Object.fromEntries(MEMBER_ROLES.map((role, i) => [role, cells[i] === 'yes'])) as Rights,
    ],
  ),
);

/** Rights that the page gives at a route: those of its own row or of the row for all others. */
function rightsAt(route: string): { rights: Rights; row: string } {
  const own = `\`${route}\``;
  const row = rows.has(own)
    ? own
    : [...rows.keys()].find(
        (name) => name.startsWith('every') && name.includes(`\`${route.split(' ')[0]}\``),
      )!;
  return { rights: rows.get(row)!, row };
}

interface Operation {
  'x-role'?: MemberRole;
  responses: Record<string, { description: string }>;
}

let ada: Person;
let members: Record<MemberRole, Person>;
let document: { paths: Record<string, Record<string, Operation>> };

async function newStaffOf(owner: Person): Promise<Record<MemberRole, Person>> {
  const people = await Promise.all(
    MEMBER_ROLES.map(async (role) => {
      if (role === 'owner') return [role, owner] as const;
      const member = await newMember(owner, role);
      return [role, { ...owner, ...member, api: member.inShop, user: member.user }] as const;
    }),
  );
  return Object.fromEntries(people) as Record<MemberRole, Person>;
}

beforeAll(async () => {
  const owner = await newOwner(app.api);
  ada = { ...owner, marker: 'ada' };
  members = await newStaffOf(ada);
  document = (await app.api.get('/openapi.json')).body;
});

/** Every route of the OpenAPI document except those of this test. */
function routes(): { route: string; operation: Operation }[] {
  return Object.entries(document.paths)
    .filter(([path]) => !/forgotten|owners-only/.test(path))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        route: `${method.toUpperCase()} ${path}`,
        operation,
      })),
    );
}

/** Sends a valid request of the route, on rows of its own. */
async function call(entry: RouteEntry | DerivedRoute, as: Person): Promise<Answer> {
  const [verb, template] = entry.route.split(' ') as [string, string];
  const needed = Object.entries(entry.ids ?? {}).filter(([, { own }]) => own === undefined);
  const made = await newRows(ada, needed.map(([, { kind }]) => kind) as Kind[]);
  const ids = Object.fromEntries(needed.map(([name, { kind }]) => [name, made[kind]]));
  if ('make' in entry && entry.make !== undefined)
    ids['path.id'] = created(await ada.api.post(entry.make.path, entry.make.body)).body.id;
  const { query, json, raw, headers } = (await entry.parts?.(ids, as)) ?? {};
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => ids[`path.${name}`]!);
  const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
  return as.api.raw(verb, path + search, raw ?? (json && JSON.stringify(json)), {
    ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    ...headers,
  });
}

const outcomeOf = (answer: Answer) => (answer.status < 400 ? String(answer.status) : problemIn(answer));
const refusalOf = ({ admin }: Rights) => (admin ? '403 ROLE_REQUIRED' : '403 OWNER_REQUIRED');

describe('docs/permissions.md', () => {
  it('names no route that does not exist, and gives a row to all others', () => {
    const inShops = routes().filter(({ operation }) => operation['x-role'] !== undefined);
    const used = new Set(inShops.map(({ route }) => rightsAt(route).row));
    const ofRoutes = [...rows.keys()].filter((name) => name.includes('`'));
    expect([...used].toSorted()).toEqual(ofRoutes.toSorted());
  });

  it('names all routes for which roles do not matter', () => {
    const others = routes().filter(({ operation }) => operation['x-role'] === undefined);
    const unnamed = others.filter(
      ({ route }) => !page.includes(`\`${route}\``) && !/ \/(api\/v1\/auth|health)\//.test(route),
    );
    expect(unnamed).toEqual([]);
    expect(others.filter(({ route }) => route.includes('{id}'))).toEqual([]);
  });

  it('agrees with the least role and the errors in the OpenAPI document', () => {
    for (const { route, operation } of routes()) {
      if (operation['x-role'] === undefined) continue;
      const { rights } = rightsAt(route);
      expect([route, operation['x-role']]).toEqual([route, MEMBER_ROLES.findLast((role) => rights[role])]);
      const codes = operation.responses['403']?.description ?? '';
      expect([route, rights.read_only || codes.includes(refusalOf(rights).split(' ')[1]!)]).toEqual([
        route,
        true,
      ]);
    }
  });

  it.each(MEMBER_ROLES)('is what every route does for %s', async (role) => {
    const known = new Set(ROUTES.map(({ route }) => route));
    const entries = [...ROUTES, ...derivedRoutes(document as never, known)];
    let calls = 0;
    for (const { route, operation } of routes()) {
      if (operation['x-role'] === undefined) continue;
      const { rights } = rightsAt(route);
      const own = entries.filter((entry) => entry.route === route);
      expect([route, own.length > 0]).toEqual([route, true]);
      for (const entry of own) {
        const outcome = outcomeOf(await call(entry, members[role]));
        expect([route, outcome]).toEqual([route, rights[role] ? entry.ok : refusalOf(rights)]);
        calls++;
      }
    }
    expect(calls).toBeGreaterThan(20);
  });
});

describe('calls with a rule of their own', () => {
  const path = (userId = '') => `shops/${ada.shop.id}/members${userId && `/${userId}`}`;
  const newId = async (role: MemberRole) => (await newMember(ada, role)).id;
  const calls: Record<string, (api: Api, role: MemberRole) => Promise<Answer>> = {
    'add an owner': async (api) => api.post(path(), { email: (await newUser(app.api)).email, role: 'owner' }),
    'make a member an owner': async (api) => api.patch(path(await newId('admin')), { role: 'owner' }),
    'change the role of an owner': async (api) => api.patch(path(await newId('owner')), { role: 'staff' }),
    'remove an owner': async (api) => api.delete(path(await newId('owner'))),
    'remove oneself, if an owner is left': async (_, role) => {
      const { id, inShop } = await newMember(ada, role);
      return inShop.delete(path(id));
    },
  };

  it('are those of the page', () => {
    expect([...rows.keys()].filter((name) => !name.includes('`'))).toEqual(Object.keys(calls));
  });

  it.each(Object.keys(calls))('%s', async (name) => {
    for (const role of MEMBER_ROLES) {
      const { status, body } = await calls[name]!(members[role].api, role);
      const refused = role === 'admin' ? 'OWNER_REQUIRED' : 'ROLE_REQUIRED';
      const expected = rows.get(name)![role] ? [role, true, undefined] : [role, false, refused];
      expect([role, status < 400, body?.code]).toEqual(expected);
    }
  });
});

describe('a role', () => {
  it('names itself and the one that is needed in the refusal', async () => {
    const { body } = await members.read_only.api.post('products', { name: 'Mug', priceMinor: 1 });
    expect(body.detail).toBe('This needs the role staff or a higher one; yours is read_only.');
  });

  it('counts within seconds of its change, in both directions', async () => {
    const { id, inShop } = await newMember(ada);
    const write = () => inShop.post('products', { name: 'Mug', priceMinor: 1 });
    expect((await write()).status).toBe(201); // cached from here on
    for (const [role, status] of [
      ['read_only', 403],
      ['staff', 201],
    ] as const) {
      await ada.api.patch(`shops/${ada.shop.id}/members/${id}`, { role });
      await until(write, (answer) => answer.status === status);
    }
  });

  it('can be declared for a route that only reads', async () => {
    expect((await members.owner.api.get('owners-only')).status).toBe(200);
    expect(problemIn(await members.admin.api.get('owners-only'))).toBe('403 OWNER_REQUIRED');
  });

  it('is refused, and nothing stored, while the shop is not migrated', async () => {
    const owner = await newOwner(app.api);
    const schema = `shop_${owner.shop.id.replaceAll('-', '')}`;
    await app.database.query(`ALTER TABLE ${schema}.members DROP CONSTRAINT members_role_check,
      ADD CONSTRAINT members_role_check CHECK (role IN ('owner', 'staff'))`);
    const { email } = await newUser(app.api);
    const refused = await owner.api.post(`shops/${owner.shop.id}/members`, { email, role: 'admin' });
    expect(problemIn(refused)).toBe('503 SHOP_NOT_READY');
    expect((await owner.api.get(`shops/${owner.shop.id}/members`)).body.items).toHaveLength(1);
    expect((await owner.api.post(`shops/${owner.shop.id}/members`, { email, role: 'staff' })).status).toBe(
      201,
    );
  });
});

describe('a route that writes although every member may call it', () => {
  it.each(['GET', 'POST'])('writes nothing for a read-only member: %s', async (method) => {
    const { id } = await newProduct(ada.api, { vendor: 'Loom & Co.' });
    const send = (api: Api) => api.raw(method, 'forgotten');
    expect(problemIn(await send(members.read_only.api))).toBe('403 ROLE_REQUIRED');
    expect((await ada.api.get(`products/${id}`)).body.vendor).toBe('Loom & Co.');
    expect((await send(members.staff.api)).status).toBeLessThan(300);
    expect((await ada.api.get(`products/${id}`)).body.vendor).toBe('Nobody');
  });
});
