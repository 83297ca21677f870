import { readFileSync } from 'node:fs';
import { type Access, OPERATOR_ROLES, type OperatorRole } from '../../src/operator/accounts/operator-role';
import type { Answer } from '../support/api';
import { newOwner, type Owner } from '../support/factories';
import { newAccount, newOperator, type OperatorApi, signIn, useOperators } from '../support/operators';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
const operators = useOperators(app);

const page = readFileSync('docs/operator-api.md', 'utf8');
/** Rows of the page's table: the roles that may call a route. */
const rows = new Map(
  [...page.matchAll(/^\| `([A-Z]+ \/operator\/v1\/\S+)` +\| (yes|–) +\| (yes|–) +\| (yes|–) +\|/gm)].map(
    ([, route, ...cells]) => [
      route!,
      Object.fromEntries(OPERATOR_ROLES.map((role, i) => [role, cells[i] === 'yes'])) as Rights,
    ],
  ),
);
type Rights = Record<OperatorRole, boolean>;

interface Route {
  route: string;
  access: Access;
  example: object | undefined;
}

let routes: Route[];
let owner: Owner;
let apis: Record<OperatorRole, OperatorApi>;

beforeAll(async () => {
  owner = await newOwner(app.api);
  const { paths } = (await operators.api.get('/openapi.json')).body as {
    paths: Record<string, Record<string, object>>;
  };
  routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      route: `${method.toUpperCase()} ${path}`,
      access: (operation as Record<string, Access>)['x-operator-role']!,
      example: (operation as { requestBody?: { content: Record<string, { example?: object }> } }).requestBody
        ?.content['application/json']?.example,
    })),
  );
  const [administrator, operator, viewer] = await Promise.all(
    OPERATOR_ROLES.map((role) => newOperator(app, operators, role)),
  );
  apis = { administrator: administrator!.api, operator: operator!.api, viewer: viewer!.api };
});

/** Calls a route with the example of its body, on the owner's shop and on ids that nothing has. */
function call({ route, example }: Route, as: OperatorApi): Promise<Answer> {
  const [method, path] = route.split(' ') as [string, string];
  const url = path
    .replace('{shop}', owner.shop.id)
    .replace('{plan}', 'free')
    .replace('{id}', '0198c0de-0000-7000-8000-000000000000');
  if (method === 'GET') return as.get(url);
  return method === 'POST' ? as.post(url, example) : as.patch(url, example);
}

const forRoles = () => routes.filter(({ access }) => !['everybody', 'signed-in'].includes(access));

describe('docs/operator-api.md', () => {
  it('names each route that asks for a role, and no other, with the role of the OpenAPI document', () => {
    expect(routes.length).toBeGreaterThan(30);
    const least = new Map(
      [...rows].map(([route, rights]) => [route, OPERATOR_ROLES.findLast((role) => rights[role])]),
    );
    expect(Object.fromEntries(least)).toEqual(
      Object.fromEntries(forRoles().map(({ route, access }) => [route, access])),
    );
  });

  it('names the routes that ask for none', () => {
    const others = routes.filter(({ access }) => ['everybody', 'signed-in'].includes(access));
    expect(others.filter(({ route }) => !page.includes(`\`${route}\``))).toEqual([]);
    expect(routes.filter(({ access }) => access === 'everybody').map(({ route }) => route)).toEqual([
      'POST /operator/v1/auth/login',
    ]);
  });
});

describe('every route', () => {
  it('obeys those roles that the page gives it, and refuses the others', async () => {
    for (const one of forRoles())
      for (const role of OPERATOR_ROLES) {
        const answer = await call(one, apis[role]);
        const isRefused = answer.status === 403 && answer.body.code === 'OPERATOR_ROLE_REQUIRED';
        expect([one.route, role, isRefused]).toEqual([one.route, role, !rows.get(one.route)![role]]);
        expect([one.route, answer.status, answer.status < 500]).toEqual([one.route, answer.status, true]);
      }
  });

  it('asks for a session, except the login', async () => {
    for (const one of routes.filter(({ access }) => access !== 'everybody'))
      expect([one.route, problemIn(await call(one, operators.api))]).toEqual([
        one.route,
        '401 UNAUTHENTICATED',
      ]);
  });

  it('that asks for a role is closed to an administrator without TOTP', async () => {
    const { email } = await newAccount(app, 'administrator');
    const api = await signIn(operators, email);
    for (const one of forRoles())
      expect([one.route, problemIn(await call(one, api))]).toEqual([one.route, '403 TOTP_REQUIRED']);
  });

  it('refuses what it would ignore', async () => {
    for (const one of forRoles()) {
      const [method, path] = one.route.split(' ') as [string, string];
      const url = path
        .replace('{shop}', owner.shop.id)
        .replace('{plan}', 'free')
        .replace('{id}', owner.shop.id);
      const { administrator } = apis;
      const answer =
        method === 'GET'
          ? await administrator.get(`${url}?unheard=1`)
          : await administrator.raw(method, url, JSON.stringify({ ...one.example, unheard: 1 }), {
              'content-type': 'application/json',
            });
      expect([one.route, problemIn(answer)]).toEqual([one.route, '400 VALIDATION_FAILED']);
    }
  });
});

describe('the two ports', () => {
  it('have nothing of each other', async () => {
    for (const path of ['/operator/v1/shops', '/operator/v1/auth/login'])
      expect(problemIn(await app.api.get(path))).toBe('404 ROUTE_NOT_FOUND');
    for (const path of ['/api/v1/shops', '/api/v1/me', '/health/live', '/.well-known/jwks.json'])
      expect(problemIn(await operators.api.get(path))).toBe('404 ROUTE_NOT_FOUND');
    const { paths } = (await app.api.get('/openapi.json')).body as { paths: object };
    expect(Object.keys(paths).filter((path) => path.startsWith('/operator'))).toEqual([]);
    expect(routes.filter(({ route }) => !route.includes(' /operator/v1/'))).toEqual([]);
  });

  it('answer with the same headers', async () => {
    const { headers } = await apis.viewer.get('shops');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-request-id')).toMatch(/\S/);
    expect((await operators.api.get('/docs')).status).toBe(200);
  });
});
