import type { OpenAPIObject } from '@nestjs/swagger';
import type { Answer } from '../support/api';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';
import { derivedRoutes } from './derived-routes';
import { type Kind, newRows, newWorld, type World } from './identities';
import { type RouteEntry, ROUTES } from './route-table';

const app = useTestApp();
let world: World;
let document: OpenAPIObject;

beforeAll(async () => {
  world = await newWorld(app);
  document = (await app.api.get('/openapi.json')).body as OpenAPIObject;
});

interface Operation {
  parameters?: { in: string; name: string }[];
}

/** True if openapi.json says that the route takes an Idempotency-Key. */
function takesKey(route: string): boolean {
  const [verb, path] = route.split(' ') as [string, string];
  const operation = document.paths[path]?.[verb.toLowerCase() as 'post'] as Operation | undefined;
  return operation?.parameters?.some((one) => one.in === 'header' && one.name === 'Idempotency-Key') ?? false;
}

/** Prepares the request of an entry. @returns how to send it, with a key, as often as needed */
async function prepare(entry: RouteEntry, id?: string): Promise<(key: string) => Promise<Answer>> {
  const { ada, tokens } = world;
  const used = Object.entries(entry.ids ?? {}).filter(([, { own }]) => own === undefined);
  const kinds: Kind[] = Object.values(entry.ids ?? {}).map(({ kind }) => kind);
  const rows = await newRows(ada, kinds);
  const ids = Object.fromEntries(used.map(([name, { kind }]) => [name, id ?? rows[kind]]));
  const { query, json, raw, headers } = (await entry.parts?.(ids, ada)) ?? {};
  const [verb, template] = entry.route.split(' ') as [string, string];
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => ids[`path.${name}`]!);
  const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
  const type: Record<string, string> = json === undefined ? {} : { 'content-type': 'application/json' };
  return (key) =>
    app.api.as(tokens['own token']).raw(verb, path + search, raw ?? (json && JSON.stringify(json)), {
      ...type,
      ...headers,
      'idempotency-key': key,
    });
}

/** Sends a request twice with one key: the answers must be equal. */
async function assertReplayed(name: string, send: (key: string) => Promise<Answer>): Promise<void> {
  const [first, second] = [await send(name), await send(name)];
  const seen = ({ status, body, headers }: Answer) => [
    ...[name, status, body],
    ...['content-type', 'etag', 'location'].map((header) => headers.get(header)),
  ];
  expect(seen(second)).toEqual(seen(first));
  expect(`${name} ${first.status}`).toMatch(/ 2\d\d$/);
  expect([first, second].map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([null, 'true']);
}

/** POST routes of the public side that take a key. */
const KEYED = ['POST /api/v1/shops', 'POST /api/v1/shops/{id}/members'];
const entries = ROUTES.filter(
  ({ access, route }) => KEYED.includes(route) || (access === 'tenant' && route.startsWith('POST ')),
);
const named = entries.map(
  (entry) => [entry.note ? `${entry.route} ${entry.note}` : entry.route, entry] as const,
);

describe('every POST of a shop, and those that create shops and members', () => {
  it.each(named)('does what it did once: %s', async (name, entry) => {
    const send = await prepare(entry);
    if (takesKey(entry.route)) await assertReplayed(name.replaceAll(' ', '-'), send);
    else expect(problemIn(await send('key'))).toBe('400 VALIDATION_FAILED');
  });

  it('does what it did once, also without an entry in the table', async () => {
    const inTable = new Set(ROUTES.map(({ route }) => route));
    const derived = derivedRoutes(document, inTable).filter(
      ({ access, route }) => access === 'tenant' && route.startsWith('POST '),
    );
    for (const entry of derived) {
      const { make } = entry;
      const made = make && (await world.ada.api.raw('POST', make.path, JSON.stringify(make.body), JSON_TYPE));
      const send = await prepare(entry, made?.body.id as string | undefined);
      if (takesKey(entry.route)) await assertReplayed(entry.route.replaceAll(' ', '-'), send);
      else expect(problemIn(await send('key'))).toBe('400 VALIDATION_FAILED');
    }
  });
});

const JSON_TYPE = { 'content-type': 'application/json' };

describe('every route that writes and takes no key', () => {
  const others = ROUTES.filter(({ route }) => /^(POST|PUT|PATCH|DELETE) /.test(route));

  it.each(others.map((entry) => [entry.route, entry] as const))('refuses one: %s', async (route, entry) => {
    if (takesKey(route)) return expect(KEYED.includes(route) ? 'tenant' : entry.access).toBe('tenant');
    const answer = await (await prepare(entry))('key');
    expect([route, problemIn(answer)]).toEqual([route, '400 VALIDATION_FAILED']);
  });
});
