import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PLACEHOLDER_ID } from '../../src/common/ids';
import { PasswordResetService } from '../../src/public/auth/password-reset.service';
import { COMMAND } from '../../src/tenancy/operator';
import type { Answer, Api } from '../support/api';
import { created, newMember, PASSWORD } from '../support/factories';
import {
  codesOf,
  type Document,
  type Operation,
  operationsOf,
  type Schema,
  successOf,
} from '../support/openapi-document';
import { runnerOf, useBackupFolder } from '../support/lifecycle';
import { blamedIn } from '../support/problem';
import { faultsOf, resolve } from '../support/schema-check';
import { useTestApp } from '../support/test-app';
import { WatchedShop } from '../support/watched-rows';

const app = useTestApp({ BACKUP_TARGET: useBackupFolder().path });
let document: Document;
let operations: Operation[];

beforeAll(async () => {
  document = (await app.api.get('/openapi.json')).body;
  operations = operationsOf(document);
});

/** Steps that a resource must have taken before the example of a route fits it. */
const BEFORE: Record<string, string[]> = {
  'POST /api/v1/orders/{id}/fulfil': ['pay'],
  'POST /api/v1/orders/{id}/refund': ['pay', 'fulfil'],
};

/** Things of one shop that examples refer to, made when the first example asks. A call that changes something has a world of its own. */
class World {
  private readonly ids = new Map<string, string>();

  private constructor(
    readonly api: Api,
    private readonly email: string,
    private readonly refreshToken: string,
    readonly shop: { id: string },
  ) {}

  /** Signs up with the example of the route, but for the address, which is unique. */
  static async create(): Promise<World> {
    const email = `${randomUUID()}@example.com`;
    const { body } = created(
      await app.api.post('auth/register', { ...(exampleOf('/api/v1/auth/register') as object), email }),
    );
    return new World(app.api.as(body.accessToken), email, body.refreshToken, body.shop);
  }

  /** Copies an example and replaces placeholders: ids, and the tokens that only the server can make. */
  async fill(value: unknown, name = ''): Promise<unknown> {
    if (value === PLACEHOLDER_ID) return this.id(`${name.replace(/Id$/, '')}s`);
    if (name === 'refreshToken') return this.refreshToken;
    if (name === 'token')
      return (await app.app.get(PasswordResetService).issue(COMMAND, this.email, 1)).token;
    if (Array.isArray(value)) return Promise.all(value.map((item) => this.fill(item, name)));
    if (typeof value !== 'object' || value === null) return value;
    const nameOf = (key: string) => (key === 'id' ? name.replace(/s$/, '') : key); // an id in a list of variants is a variant's
    const entries = Object.entries(value).map(async ([key, field]) => [
      key,
      await this.fill(field, nameOf(key)),
    ]);
    return Object.fromEntries(await Promise.all(entries));
  }

  /** Path of an operation with the ids of what exists. */
  async pathOf({ path: template }: Operation): Promise<string> {
    let filled = template;
    for (const [, kind, parameter] of template.matchAll(/(\w+)\/\{(\w+)\}/g)) {
      const of = parameter === 'id' ? kind! : `${parameter!.replace(/Id$/, '')}s`; // both groups match
      const isOpen = template.endsWith('/operations/{id}/cancel'); // one that has ended cannot be cancelled
      filled = filled.replace(`{${parameter}}`, await this.id(isOpen ? `open ${of}` : of));
    }
    return filled;
  }

  private async id(kind: string): Promise<string> {
    const known = this.ids.get(kind) ?? (await this.make(kind));
    this.ids.set(kind, known);
    return known;
  }

  private async make(kind: string): Promise<string> {
    if (kind === 'shops') return this.shop.id;
    if (kind === 'users') return (await newMember({ api: this.api, shop: this.shop } as never)).id;
    if (kind === 'imports') {
      const csv = exampleOf('/api/v1/products/import', 'text/csv') as string;
      const { body } = await this.api.raw('POST', 'products/import', csv, { 'content-type': 'text/csv' });
      return body.importId;
    }
    if (kind === 'names') {
      const target = `/api/v1/products/${await this.id('products')}/images`;
      const gif = exampleOf('/api/v1/products/{id}/images', 'image/*') as string;
      const { body } = created(await this.api.raw('POST', target, gif, { 'content-type': 'image/gif' }));
      return (body.src as string).split('/').at(-1)!; // a path has parts
    }
    if (kind === 'operations' || kind === 'open operations') {
      const { body } = await this.api.post('exports');
      if (kind === 'operations') await runnerOf(app).run(body.id);
      return body.id;
    }
    const collection = kind === 'variants' ? '/api/v1/products/{id}/variants' : `/api/v1/${kind}`;
    const target = kind === 'variants' ? collection.replace('{id}', await this.id('products')) : collection;
    const { body } = created(await this.post(target, await this.fill(exampleOf(collection))));
    return body.id;
  }

  post(target: string, body: unknown): Promise<Answer> {
    return this.api.raw('POST', target, JSON.stringify(body), { 'content-type': 'application/json' });
  }
}

function exampleOf(target: string, type = 'application/json'): unknown {
  const operation = operations.find((one) => one.method === 'POST' && one.path === target);
  const example = operation?.bodies[type]?.example;
  if (example === undefined) throw new Error(`POST ${target} has no example of ${type}`);
  return example;
}

/** Changes the row of the shop in `public`, which its audit log records, and no row inside the shop. */
const OF_SHOP_ITSELF = 'PATCH /api/v1/settings';

const routeOf = ({ method, path: template }: Operation) => `${method} ${template}`;

/** Sends what the document shows: body, and the parameters that have an example. */
async function send(
  world: World,
  operation: Operation,
  type: string | undefined,
  body: unknown,
): Promise<Answer> {
  const target = await world.pathOf(operation);
  const resource = target.split('/').slice(0, 5).join('/');
  for (const step of BEFORE[routeOf(operation)] ?? []) await world.api.post(`${resource}/${step}`);
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  for (const { name, in: place, schema } of operation.parameters) {
    if (schema.example === undefined) continue;
    if (place === 'query') query.set(name, textOf(schema.example));
    if (name === 'If-Match')
      headers[name] = (await world.api.get(resource)).headers.get('etag')!; // a resource has one
    else if (place === 'header') headers[name] = textOf(schema.example);
  }
  const address = query.size === 0 ? target : `${target}?${query.toString()}`;
  if (type === undefined) return world.api.raw(operation.method, address, undefined, headers);
  if (type === 'multipart/form-data') {
    const form = new FormData();
    for (const [field, text] of Object.entries(body as Record<string, string>))
      form.set(field, new Blob([text], { type: 'text/csv' }), 'example.csv');
    return world.api.raw(operation.method, address, form, headers);
  }
  const text = type === 'application/json' ? JSON.stringify(await world.fill(body)) : (body as string);
  return world.api.raw(operation.method, address, text, { ...headers, 'content-type': type });
}

/** As `send`. @returns how the answer differs from the document, and what a changed shop does not have on record */
async function faultsOfSending(
  operation: Operation,
  type: string | undefined,
  example: unknown,
  given?: World,
): Promise<unknown[]> {
  const world = given ?? (await World.create());
  if (!operation.isOfShop || operation.method === 'GET')
    return differences(operation, await send(world, operation, type, example));
  const watched = await WatchedShop.watch(app, world.shop.id);
  const found = differences(operation, await send(world, operation, type, example));
  if (operation.method === 'PATCH' && routeOf(operation) !== OF_SHOP_ITSELF) {
    const other = await send(world, operation, type, withOtherTexts(example as object, operation)); // it may be what is stored already
    if (other.status !== 200 || (await watched.changes()) < 2) found.push('changed nothing', other.body);
  }
  return [...found, ...(await watched.faults())];
}

/** The example with other values of its plain texts. */
function withOtherTexts(example: object, { bodies }: Operation): object {
  const { properties = {} } = resolve(bodies['application/json']!.schema!, document.components.schemas); // has an example
  const isPlain = (name: string) => {
    const { type, format, enum: values, maxLength = 0 } = properties[name] ?? {};
    return type === 'string' && format === undefined && values === undefined && maxLength > 200;
  };
  return Object.fromEntries(
    Object.entries(example).map(([name, value]) => [name, isPlain(name) ? `${value} again` : value]),
  );
}

/** An example of a query or header, which holds no objects. */
function textOf(example: unknown): string {
  return typeof example === 'string' ? example : JSON.stringify(example);
}

/** How an answer differs from what the document says of success; empty if it does not. */
function differences(operation: Operation, { status, body, headers }: Answer): unknown[] {
  const wanted = successOf(operation);
  if (status !== wanted) return [`${status} instead of ${wanted}`, body];
  const content = operation.responses[wanted]!.content; // successOf has found it
  if (content === undefined) return body === undefined ? [] : ['a body'];
  const sent = headers.get('content-type')?.split(';')[0] ?? 'none';
  const type = sent in content ? sent : sent.replace(/\/.*/, '/*');
  if (content[type]?.schema === undefined) return [type];
  return faultsOf(body, content[type].schema, document.components.schemas);
}

describe('every body of openapi.json', () => {
  it('has an example that gets the documented answer, and what it changes is recorded', async () => {
    const grace = { email: 'grace@example.com', password: PASSWORD }; // whom the example of a new member names
    created(await app.api.post('auth/register', grace));
    expect(operations.length).toBeGreaterThan(40);
    const wrong: unknown[] = [];
    for (const operation of operations)
      for (const [type, { example }] of Object.entries(operation.bodies)) {
        const found = await faultsOfSending(operation, type, example);
        if (example === undefined || found.length > 0)
          wrong.push([routeOf(operation), type, example, ...found]);
      }
    expect(wrong).toEqual([]);
  });

  it('says what is compulsory: no more is needed', async () => {
    const wrong: unknown[] = [];
    for (const operation of withJson()) {
      const { schema, example } = operation.bodies['application/json']!; // withJson has found it
      const body = compulsory(example, schema!) as Record<string, unknown>;
      if (operation.path === '/api/v1/auth/register') body['email'] = `${randomUUID()}@example.com`;
      const found = differences(
        operation,
        await send(await World.create(), operation, 'application/json', body),
      );
      if (found.length > 0) wrong.push([routeOf(operation), body, ...found]);
    }
    expect(wrong).toEqual([]);
  });

  it('says what is compulsory: no less is taken', async () => {
    const wrong: unknown[] = [];
    const world = await World.create(); // for all, because every call is to be refused
    for (const operation of withJson()) {
      const { schema, example } = operation.bodies['application/json']!; // withJson has found it
      for (const [field, body] of lacking(example, schema!)) {
        const answer = await send(world, operation, 'application/json', body);
        const blamed = answer.body?.code === 'VALIDATION_FAILED' ? blamedIn(answer) : [];
        if (!blamed.some((one) => field.startsWith(one)))
          wrong.push([routeOf(operation), field, answer.body]);
      }
    }
    expect(wrong).toEqual([]);
  });
});

function withJson(): Operation[] {
  return operations.filter(({ bodies }) => bodies['application/json']?.schema !== undefined);
}

/** Fields that a schema needs; of alternatives, the first. */
function neededBy({ required = [], oneOf, anyOf }: Schema): string[] {
  return [...required, ...((oneOf ?? anyOf)?.[0]?.required ?? [])];
}

/** The example without what is optional. */
function compulsory(example: unknown, reference: Schema): unknown {
  const schema = resolve(reference, document.components.schemas);
  if (Array.isArray(example)) return example.map((item) => compulsory(item, schema.items ?? {}));
  if (schema.properties === undefined) return example;
  const fields = neededBy(schema).map((name) => [
    name,
    compulsory((example as Record<string, unknown>)[name], schema.properties![name]!), // checked; required ones are there
  ]);
  return Object.fromEntries(fields);
}

/** Copies of the example that each lack one field that its schema requires, at any depth. */
function lacking(example: unknown, reference: Schema): [field: string, body: unknown][] {
  const schema = resolve(reference, document.components.schemas);
  if (Array.isArray(example))
    return example.flatMap((item, i) =>
      lacking(item, schema.items ?? {}).map(([field, changed]): [string, unknown] => [
        `${i}.${field}`,
        example.with(i, changed),
      ]),
    );
  if (schema.properties === undefined) return [];
  const body = example as Record<string, unknown>;
  return Object.entries(schema.properties).flatMap(([name, field]) => {
    const { [name]: value, ...rest } = body;
    const whole: [string, unknown][] = schema.required?.includes(name) === true ? [[name, rest]] : [];
    if (value === undefined) return whole;
    const within = lacking(value, field).map(([at, changed]): [string, unknown] => [
      `${name}.${at}`,
      { ...body, [name]: changed },
    ]);
    return [...whole, ...within];
  });
}

describe('every parameter of openapi.json', () => {
  it('has an example, if any, that gets the documented answer, and what it changes is recorded', async () => {
    const wrong: unknown[] = [];
    const unchanged = await World.create();
    for (const operation of operations) {
      if (Object.keys(operation.bodies).length > 0) continue; // sent with the body
      const isList = operation.method === 'GET' && !operation.path.includes('{'); // which needs no thing of its own
      const found = await faultsOfSending(operation, undefined, undefined, isList ? unchanged : undefined);
      if (found.length > 0) wrong.push([routeOf(operation), ...found]);
    }
    expect(wrong).toEqual([]);
  });
});

describe('every error of openapi.json', () => {
  const ROW = /^\| `([A-Z_]+)` +\| (\d{3}) +\| (.+?) +\|/gm;
  const page = readFileSync(path.join(__dirname, '..', '..', 'docs', 'errors.md'), 'utf8');
  const catalogue = new Map(
    [...page.matchAll(ROW)].map(([, code, status, title]) => [code, { status, title }]),
  );

  it('is a problem document with an example for each of its codes', () => {
    const wrong: string[] = [];
    for (const operation of operations)
      for (const [status, { content = {} }] of Object.entries(operation.responses)) {
        if (status < '400') continue;
        const { examples = {} } = content['application/problem+json'] ?? {};
        const shown = Object.entries(examples).map(([name, { $ref }]) => [name, $ref]);
        const wanted = codesOf(operation, status).map((code) => [code, `#/components/examples/${code}`]);
        const isRight = wanted.length > 0 && JSON.stringify(shown) === JSON.stringify(wanted);
        if (!isRight || Object.keys(content).length > 1) wrong.push(`${routeOf(operation)} ${status}`);
        for (const [, code] of codesOf(operation, status).entries())
          if (document.components.examples[code]?.value.status !== Number(status))
            wrong.push(`${status} ${code}`);
      }
    expect(wrong).toEqual([]);
  });

  it('shows the code, status and title of the catalogue', () => {
    const { examples, schemas } = document.components;
    expect(Object.keys(examples).length).toBeGreaterThan(40);
    for (const [code, { value }] of Object.entries(examples)) {
      expect(faultsOf(value, schemas['ProblemDto']!, schemas)).toEqual([]);
      expect({ ...value, status: String(value.status) }).toEqual({
        ...catalogue.get(code)!, // undefined if the page lacks it, which fails
        ...{ code, type: `urn:stoa:error:${code}`, instance: PLACEHOLDER_ID },
      });
    }
  });
});
