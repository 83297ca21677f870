import { errorCatalogue } from '../../src/common/app-error';
import type { OpenAPIObject } from '@nestjs/swagger';
import { rolesOf } from '../../src/database/roles';
import { quoteIdent } from '../../src/database/identifiers';
import { newOrder, newOwner, newProduct } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** Parts of an operation or a schema of the OpenAPI document that these tests read. */
interface Operation {
  operationId?: string;
  parameters?: { name: string; in?: string; schema?: { format?: string } }[];
  requestBody?: { required?: boolean };
  summary?: string;
  tags?: string[];
  security?: object[];
  responses: Record<string, { description?: string; content?: Record<string, { schema?: Schema }> }>;
}
interface Schema {
  type?: string;
  $ref?: string;
  allOf?: Schema[];
  oneOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
}

const app = useTestApp({ PUBLIC_POOL_SIZE: '1' });

describe('GET /health/live', () => {
  it('answers to anybody', async () => {
    expect(await app.api.get('/health/live')).toMatchObject({ status: 200, body: { status: 'ok' } });
  });
});

describe('GET /health/ready', () => {
  it('answers to anybody', async () => {
    expect(await app.api.get('/health/ready')).toMatchObject({ status: 200, body: { status: 'ok' } });
  });

  it('answers 503 while the database accepts no connections, and 200 again when it does', async () => {
    const role = rolesOf(app.database.name).public;
    await app.database.query(`ALTER ROLE ${quoteIdent(role)} CONNECTION LIMIT 0`);
    try {
      await app.database.query(
        'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = $1',
        [role],
      );
      const refused = await app.api.get('/health/ready');
      expect(problemIn(refused)).toBe('503 DATABASE_UNAVAILABLE');
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await app.api.get('/health/live')).status).toBe(200);
    } finally {
      await app.database.query(`ALTER ROLE ${quoteIdent(role)} CONNECTION LIMIT -1`);
    }
    expect((await app.api.get('/health/ready')).status).toBe(200);
  });
});

describe('GET /openapi.json', () => {
  let document: OpenAPIObject;
  let operations: [name: string, operation: Operation][];
  let schemas: [name: string, schema: Schema][];

  beforeAll(async () => {
    document = (await app.api.get('/openapi.json')).body;
    operations = Object.entries(document.paths).flatMap(([path, item]) =>
      METHODS.flatMap((method) => {
        const operation = item[method] as Operation | undefined;
        return operation ? [[`${method.toUpperCase()} ${path}`, operation] as [string, Operation]] : [];
      }),
    );
    schemas = Object.entries(document.components?.schemas ?? {}) as [string, Schema][];
  });

  it('is an OpenAPI 3 document that names every route', () => {
    expect(document.openapi).toMatch(/^3\./);
    expect(operations.map(([name]) => name)).toEqual(
      expect.arrayContaining([
        'GET /health/live',
        'GET /health/ready',
        'POST /api/v1/auth/register',
        'POST /api/v1/auth/reset-password',
        'GET /api/v1/me',
        'PATCH /api/v1/shops/{id}',
        'DELETE /api/v1/products/{id}',
        'POST /api/v1/orders/{id}/cancel',
      ]),
    );
  });

  it('gives every route a summary and a tag', () => {
    expect(namesOf(operations, ({ summary, tags }) => !summary || !tags?.length)).toEqual([]);
  });

  it('describes a file as the body itself, or as the part `file` of a form', () => {
    const file = { type: 'string', format: 'binary' };
    const { requestBody } = document.paths['/api/v1/products/import']!.post!;
    expect(requestBody).toEqual({
      required: true,
      content: {
        'text/csv': { schema: file, example: expect.any(String) },
        'multipart/form-data': {
          schema: { type: 'object', required: ['file'], properties: { file } },
          example: { file: expect.any(String) },
        },
      },
    });
  });

  it('says that a body may be absent if no field of it is compulsory', async () => {
    const { api } = await newOwner(app.api);
    const { id } = await newOrder(api, (await newProduct(api)).id);
    const optional = namesOf(
      operations,
      ({ requestBody }) => requestBody !== undefined && !requestBody.required,
    );
    const actions = ['pay', 'fulfil', 'refund', 'cancel'].map(
      (action) => `POST /api/v1/orders/{id}/${action}`,
    );
    expect(optional).toEqual(expect.arrayContaining([...actions, 'PATCH /api/v1/customers/{id}']));
    expect(optional).not.toContain('POST /api/v1/orders');
    for (const action of ['pay', 'fulfil', 'refund'])
      expect(await api.post(`orders/${id}/${action}`)).toMatchObject({ status: 200 });
  });

  it('says at the top how to sign in and to choose a shop, and where the routes are', () => {
    expect(document.info.description).toMatch(/auth\/login[^]*auth\/switch/);
    expect(document.servers).toEqual([{ url: '/' }]);
  });

  it('names each operation by resource and method', () => {
    const ids = operations.map(([, { operationId }]) => operationId ?? '');
    expect(ids).toEqual(
      expect.arrayContaining(['products_list', 'products_import', 'orders_refund', 'auth_login']),
    );
    expect(ids.filter((id) => !/^[a-z]\w*_\w+$/.test(id) || /controller/i.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('says that each id in a path is a UUID', () => {
    const inPaths = operations.flatMap(([, { parameters = [] }]) =>
      parameters.filter((one) => one.in === 'path'),
    );
    expect(inPaths.length).toBeGreaterThan(10);
    expect(inPaths.filter(({ schema }) => schema?.format !== 'uuid')).toEqual([]);
  });

  it('says how to work in a shop that was created', () => {
    expect((document.paths['/api/v1/shops']!.post as Operation).summary).toContain('auth/switch');
  });

  it('requires neither name nor address of a change of a customer', () => {
    const { CreateCustomerDto, UpdateCustomerDto } = document.components!.schemas as Record<string, Schema>;
    expect(
      [CreateCustomerDto, UpdateCustomerDto].map((schema) => schema !== undefined && 'anyOf' in schema),
    ).toEqual([true, false]);
  });

  it('gives every route one successful answer, with a body unless it is 204, and 202 if it may take long', () => {
    const wrong = namesOf(operations, ({ responses }) => {
      const all = Object.entries(responses).filter(([status]) => status.startsWith('2'));
      const good = all.length > 1 ? all.filter(([status]) => status !== '202') : all;
      const [status, response] = good[0] ?? [];
      const body = Object.keys(response?.content ?? {}).join();
      return (
        good.length !== 1 ||
        !(status === '204' ? /^$/ : /^(application\/(json|zip)|text\/csv|image\/\*)$/).test(body)
      );
    });
    expect(wrong).toEqual([]);
  });

  it('describes every error as a problem document that names its codes', () => {
    const wrong = namesOf(operations, ({ responses }) =>
      Object.entries(responses)
        .filter(([status]) => Number(status) >= 400)
        .some(
          ([, { content = {}, description }]) =>
            Object.keys(content).join() !== 'application/problem+json' ||
            content['application/problem+json']?.schema?.$ref !== '#/components/schemas/ProblemDto' ||
            !/^`[A-Z_]+`(, `[A-Z_]+`)*$/.test(description ?? ''),
        ),
    );
    expect(wrong).toEqual([]);
  });

  it('names what may be wrong with a body, an id and a tag', () => {
    const lacks = (name: string, { responses, parameters = [] }: Operation) => {
      const described = Object.values(responses).map(({ description }) => description);
      const has = (code: string) => described.some((text) => text?.includes(`\`${code}\``) === true);
      const takes = (header: string) => parameters.some((one) => one.name === header);
      if (takes('If-None-Match') && !takes('If-Match')) return true;
      return [
        ...(name.startsWith('GET') ? [] : ['MALFORMED_BODY', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE']),
        ...(name.includes('{') ? ['MALFORMED_URL', 'URI_TOO_LONG'] : []),
        ...(takes('If-Match') ? ['PRECONDITION_FAILED'] : []),
      ].some((code) => !has(code));
    };
    expect(operations.filter(([name, operation]) => lacks(name, operation)).map(([name]) => name)).toEqual(
      [],
    );
  });

  it('requires a bearer token on every route except the public ones', () => {
    expect(namesOf(operations, ({ security }) => !security?.length).toSorted()).toEqual([
      'GET /.well-known/jwks.json',
      'GET /health/live',
      'GET /health/ready',
      'POST /api/v1/auth/login',
      'POST /api/v1/auth/logout',
      'POST /api/v1/auth/refresh',
      'POST /api/v1/auth/register',
      'POST /api/v1/auth/reset-password',
    ]);
  });

  const codesOf = ({ responses }: Operation) =>
    Object.values(responses).flatMap(({ description }) => description?.match(/(?<=`)[A-Z_]+(?=`)/g) ?? []);

  it('names only codes of the catalogue', () => {
    const known = new Set(errorCatalogue().map(({ code }) => code));
    expect(
      operations.flatMap(([, operation]) => codesOf(operation)).filter((code) => !known.has(code)),
    ).toEqual([]);
  });

  it('names the headers that say when to come back, and those of the requests that are left in a shop', () => {
    for (const [name, { responses, security }] of operations) {
      const headersOf = (status: string) =>
        Object.keys((responses[status] as { headers?: object } | undefined)?.headers ?? {});
      expect([name, headersOf('503')]).toEqual([name, expect.arrayContaining(['Retry-After'])]);
      if (!security || !/\/(products|orders|customers)/.test(name)) continue;
      const success = Object.keys(responses).find((status) => status.startsWith('2'))!;
      const rates = ['RateLimit-Policy', 'RateLimit'];
      expect([name, headersOf(success)]).toEqual([name, expect.arrayContaining(rates)]);
      expect([name, headersOf('429')]).toEqual([name, expect.arrayContaining([...rates, 'Retry-After'])]);
    }
  });

  it('lists the errors of every route, of every route with a token and of every route in a shop', () => {
    for (const [name, operation] of operations) {
      expect([name, codesOf(operation)]).toEqual([name, expect.arrayContaining(['DATABASE_UNAVAILABLE'])]);
      expect([name, codesOf(operation).includes('UNAUTHENTICATED')]).toEqual([
        name,
        Boolean(operation.security),
      ]);
      const inShop = /\/(products|variants|orders|customers|imports|audit|exports|operations|settings)/.test(
        name,
      );
      for (const code of ['TENANT_REQUIRED', 'NOT_A_MEMBER', 'SHOP_SUSPENDED'])
        expect([name, code, codesOf(operation).includes(code)]).toEqual([name, code, inShop]);
      const entersMember = /^(POST|PATCH) .*\/members/.test(name);
      expect([name, codesOf(operation).includes('SHOP_NOT_READY')]).toEqual([name, inShop || entersMember]);
    }
  });

  it('gives every field of every shape a type', () => {
    const wrong = schemas.flatMap(([name, { properties }]) =>
      Object.entries(properties ?? { 'no fields at all': {} })
        .filter(([, schema]) => !isTyped(schema))
        .map(([field]) => `${name}.${field}`),
    );
    expect(schemas.length).toBeGreaterThan(10);
    expect(wrong).toEqual([]);
  });

  it('contains everything that it refers to', () => {
    const named = ['schemas', 'examples'] as const;
    const known = new Set(
      named.flatMap((kind) =>
        Object.keys(document.components?.[kind] ?? {}).map((name) => `#/components/${kind}/${name}`),
      ),
    );
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref!);
    expect(refs.length).toBeGreaterThan(0);
    expect(refs.filter((ref) => !known.has(ref))).toEqual([]);
  });
});

describe('GET /docs', () => {
  it('shows a page whose scripts and styles exist', async () => {
    const page = await app.api.get('/docs');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    const assets = assetsIn(page.body as string);
    expect(assets.filter((path) => path.endsWith('.js')).length).toBeGreaterThan(0);
    expect(assets.filter((path) => path.endsWith('.css')).length).toBeGreaterThan(0);
    const statuses = await Promise.all(assets.map(async (path) => [path, (await app.api.get(path)).status]));
    expect(statuses).toEqual(assets.map((path) => [path, 200]));
  });

  it('loads nothing from another site', async () => {
    const page = await app.api.get('/docs');
    expect([...(page.body as string).matchAll(/(?:src|href)="(?:https?:)?\/\/[^"]*"/g)]).toEqual([]);
  });
});

function namesOf(
  operations: [name: string, operation: Operation][],
  isWrong: (operation: Operation) => boolean,
): string[] {
  return operations.filter(([, operation]) => isWrong(operation)).map(([name]) => name);
}

function isTyped({ type, $ref, allOf, oneOf, items }: Schema): boolean {
  if (type === 'array') return items !== undefined && isTyped(items);
  if (oneOf !== undefined) return oneOf.every((one) => one.type !== undefined); // any value of these kinds
  return type !== undefined || $ref !== undefined || (allOf !== undefined && allOf.every(isTyped));
}

/** Returns the paths of the scripts and styles of a page at /docs, as a browser would request them. */
function assetsIn(html: string): string[] {
  const links = [...html.matchAll(/<(?:script|link)\b[^>]*?\b(?:src|href)="([^"]+)"/g)];
  return links.map(([, link]) => new URL(link!, `${app.url}/docs`).pathname);
}
