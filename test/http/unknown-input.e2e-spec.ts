import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { Answer, Api } from '../support/api';
import { newOrder, newOwner, newProduct, type Owner } from '../support/factories';
import { blamedIn, problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
let owner: Owner;
let operations: Operation[];

interface Operation {
  method: string;
  /** With ids filled in. */
  path: string;
  /** Content types of the body; empty if it takes none. */
  bodies: string[];
}

beforeAll(async () => {
  owner = await newOwner(app.api);
  const { paths } = (await app.api.get('/openapi.json')).body as OpenAPIObject;
  operations = Object.entries(paths).flatMap(([path, item]) =>
    (['get', 'post', 'put', 'patch', 'delete'] as const).flatMap((method) => {
      const operation = item[method];
      if (operation === undefined) return [];
      const body = operation.requestBody as { content: object } | undefined;
      return [
        {
          method: method.toUpperCase(),
          path: path.replaceAll(/\{\w+\}/g, () => randomUUID()),
          bodies: Object.keys(body?.content ?? {}),
        },
      ];
    }),
  );
});

const asJson = (api: Api, { method, path }: Pick<Operation, 'method' | 'path'>, body: object) =>
  api.raw(method, path, JSON.stringify(body), { 'content-type': 'application/json' });

/** Sends to each operation. @returns those that do not refuse the field `surprise` by name */
async function unmoved(
  some: readonly Operation[],
  send: (operation: Operation) => Promise<Answer>,
): Promise<unknown[]> {
  expect(some).not.toEqual([]);
  const answers = await Promise.all(
    some.map(async (operation) => {
      const answer = await send(operation);
      return { route: `${operation.method} ${operation.path}`, answer };
    }),
  );
  return answers
    .filter(
      ({ answer }) => answer.body?.code !== 'VALIDATION_FAILED' || !blamedIn(answer).includes('surprise'),
    )
    .map(({ route, answer }) => [route, answer.status, answer.body]);
}

describe('every route of openapi.json', () => {
  it('refuses a query parameter that it does not know', async () => {
    expect(operations.length).toBeGreaterThan(30);
    const send = ({ method, path }: Operation) => owner.api.raw(method, `${path}?surprise=1`);
    expect(await unmoved(operations, send)).toEqual([]);
  });

  it('refuses a field that it does not know, also if it takes no body', async () => {
    const some = operations.filter(
      ({ method, bodies }) =>
        method !== 'GET' && (bodies.length === 0 || bodies.includes('application/json')),
    );
    expect(await unmoved(some, (operation) => asJson(owner.api, operation, { surprise: 1 }))).toEqual([]);
  });

  it('refuses a field beside the file that it takes', async () => {
    const some = operations.filter(({ bodies }) => bodies.includes('multipart/form-data'));
    for (const isFirst of [true, false]) {
      const send = ({ method, path }: Operation) => {
        const form = new FormData();
        if (isFirst) form.set('surprise', '1');
        form.set('file', new Blob(['Handle,Title,Variant Price\nmug,Mug,1.00\n'], { type: 'text/csv' }));
        if (!isFirst) form.set('surprise', '1');
        return owner.api.raw(method, path, form);
      };
      expect(await unmoved(some, send)).toEqual([]);
    }
    expect((await owner.api.get('products')).body.items).toEqual([]);
  });

  it('refuses a body if it is a GET', async () => {
    const gets = operations.filter(({ method }) => method === 'GET');
    const outcomes = await Promise.all(gets.map(async ({ path }) => [path, await getWithBody(path)]));
    expect(outcomes).toEqual(gets.map(({ path }) => [path, '400 VALIDATION_FAILED body']));
  });

  it('tells a stranger nothing of what it knows', async () => {
    const products = { method: 'POST', path: 'products' };
    expect(problemIn(await asJson(app.api, products, { surprise: 1 }))).toBe('401 UNAUTHENTICATED');
    expect(problemIn(await app.api.get('products?surprise=1'))).toBe('401 UNAUTHENTICATED');
  });
});

describe('an action on an order', () => {
  it.each([
    ['pay', { lines: [], restock: false }],
    ['fulfil', { amountMinor: 1, restock: false }],
    ['cancel', { amountMinor: 1, note: 'x' }],
    ['refund', { quantity: 1 }],
  ])('does not %s half of what it is asked', async (action, body) => {
    const product = await newProduct(owner.api);
    const { id } = await newOrder(owner.api, product.id);
    if (action === 'fulfil' || action === 'refund') await owner.api.post(`orders/${id}/pay`);
    const before = (await owner.api.get(`orders/${id}`)).body;
    const answer = await owner.api.post(`orders/${id}/${action}`, body);
    expect([problemIn(answer), blamedIn(answer)]).toEqual(['400 VALIDATION_FAILED', Object.keys(body)]);
    expect((await owner.api.get(`orders/${id}`)).body).toEqual(before);
    expect((await owner.api.post(`orders/${id}/${action}`, {})).status).toBe(200); // asks for nothing
  });
});

/** Sends a GET with a body, which `fetch` refuses to do. @returns status, code and the first field */
function getWithBody(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, app.url), {
      method: 'GET',
      agent: false,
      headers: {
        authorization: `Bearer ${owner.accessToken}`,
        'content-type': 'application/json',
        'content-length': 2,
      },
    });
    asked.on('error', reject).on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        const { code, errors } = JSON.parse(text) as { code?: string; errors?: { field: string }[] };
        resolve(`${response.statusCode} ${code} ${errors?.[0]?.field}`);
      });
    });
    asked.end('{}');
  });
}
