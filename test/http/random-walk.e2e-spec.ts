import { randomFrom } from '../support/random';
import { undocumentedIn } from '../support/answer-check';
import type { Answer, Api } from '../support/api';
import { newMember, newOwner, newUser, PASSWORD, type Owner } from '../support/factories';
import { type Document, type Operation, operationsOf } from '../support/openapi-document';
import { type RandomRequest, RandomRequests } from '../support/random-requests';
import { RandomValues } from '../support/random-values';
import { WALK } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { WatchedShop } from '../support/watched-rows';

/** Requests of one walk in one shop; after them, or when a token has ended, another walk begins in a new shop. */
const STEPS = 250;
/** Walks at once. */
const LANES = 4;
/** Share of requests that fit the document. */
const HEALTHY = 0.7;
/** From so many requests on, every route must have been called with success. */
const MANY = 15_000;
/** Routes that need what a walk hardly has: a token of the operator, one of the same session, an imported customer. */
const SELDOM = ['POST /api/v1/auth/reset-password', 'POST /api/v1/auth/switch', 'GET /api/v1/customers/{id}'];

const app = useTestApp({ TRUST_PROXY: '127.0.0.0/8', POOL_WAIT_MS: '30000' });
let document: Document;
let operations: Operation[];
/** Those that fill an empty shop. */
let creators: Operation[];
let stranger: Owner;
let sent = 0;
let walks = 0;
/** How often each operation was called, and how often with success. */
const calls = new Map<string, { all: number; good: number }>();
const outcomes = new Map<string, number>();
/** Shops of the walks. */
const shops: WatchedShop[] = [];
/** The first request of each kind of fault. */
const faults = new Map<string, object>();

beforeAll(async () => {
  document = (await app.api.get('/openapi.json')).body;
  operations = operationsOf(document);
  creators = operations.filter(
    ({ method, path, bodies, isOfShop }) =>
      isOfShop && method === 'POST' && !path.includes('{') && Object.keys(bodies).length > 0,
  );
  stranger = await newOwner(app.api);
  process.stdout.write(`random walk: ${WALK.requests} requests, WALK_SEED=${WALK.seed}\n`);
});

/** People who send requests, each as often as listed. */
async function newPeople(values: RandomValues): Promise<[name: string, api: Api][]> {
  const owner = await newOwner(app.api);
  shops.push(await WatchedShop.watch(app, owner.shop.id));
  const [admin, staff, reader, user] = await Promise.all([
    newMember(owner, 'admin'),
    newMember(owner),
    newMember(owner, 'read_only'),
    newUser(app.api),
  ]);
  for (const { user: account, shop, email } of [owner, admin, staff, reader, user])
    values.remember({ user: account, shop, email }, 'people');
  values.keep('refreshToken', user.refreshToken); // using that of another would soon end the walk
  for (const field of ['password', 'currentPassword', 'newPassword']) values.keep(field, PASSWORD);
  const one = (name: string, api: Api, times: number) =>
    Array.from({ length: times }, (): [string, Api] => [name, api]);
  return [
    ...one('owner', owner.api, 10),
    ...one('admin', admin.inShop, 3),
    ...one('staff', staff.inShop, 3),
    ...one('reader', reader.inShop, 2),
    ...one('owner of another shop', stranger.api, 1),
    ...one('user without a shop', user.api, 1),
    ...one('nobody', app.api, 1),
    ...one('forger', app.api.as('x.y.z'), 1),
  ];
}

async function walk(seed: number): Promise<void> {
  const values = new RandomValues(randomFrom(seed), document.components.schemas);
  const requests = new RandomRequests(values);
  const people = await newPeople(values);
  const headers = { 'x-forwarded-for': `10.0.${seed % 250}.${values.upTo(250)}` };
  const call = async (operation: Operation, [from, api]: [string, Api], request: RandomRequest) => {
    const answer = await send(api, { ...request, headers: { ...request.headers, ...headers } });
    record(operation, answer, { seed, from, ...request });
    if (answer.status < 300) learn(values, operation, request, answer);
    return answer;
  };
  for (const operation of creators) await call(operation, people[0]!, requests.example(operation)); // the owner is first
  let last: Parameters<typeof call> | undefined;
  for (let step = 0; step < STEPS && sent < WALK.requests; step++) {
    const operation = values.pick(operations);
    const next = [operation, values.pick(people), requests.make(operation, values.chance(HEALTHY))] as const;
    last = last !== undefined && values.chance(0.05) ? last : [...next]; // a client that got no answer repeats itself
    const again = values.chance(0.03) ? [last, last] : [last]; // people click twice
    const answers = await Promise.all(again.map((one) => call(...one)));
    const isInShop = ['owner', 'admin', 'staff', 'reader'].includes(last[1][0]);
    if (isInShop && answers.some(({ body }) => body?.code === 'UNAUTHENTICATED')) return;
  }
}

function send(api: Api, { method, address, headers, body }: RandomRequest): Promise<Answer> {
  sent++;
  return api.raw(method, address, body, headers);
}

function record(operation: Operation, answer: Answer, request: object): void {
  const { status, body } = answer;
  const route = `${operation.method} ${operation.path}`;
  const counts = calls.get(route) ?? { all: 0, good: 0 };
  calls.set(route, { all: counts.all + 1, good: counts.good + (status < 300 ? 1 : 0) });
  const outcome = status < 400 ? String(status) : `${status} ${body?.code}`;
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  const found = undocumentedIn(operation, answer, document.components.schemas);
  const kind = `${route}: ${found[0]?.replaceAll(/\d+/g, '#')}`;
  if (found.length === 0 || faults.has(kind)) return;
  const shown = { kind, found: found.slice(0, 5), request, answer: { status, body } };
  faults.set(kind, shown);
  process.stdout.write(`${JSON.stringify(shown)}\n`); // whole, as no assertion prints it
}

/** Keeps what later requests of the walk can name. */
function learn(values: RandomValues, { path }: Operation, { address }: RandomRequest, answer: Answer): void {
  const kind = path
    .split('/')
    .filter((part) => !part.startsWith('{'))
    .at(-1)!; // a path has parts
  if (typeof answer.body === 'string') values.keep('csv', answer.body);
  else values.remember(answer.body, kind);
  const { nextCursor } = (answer.body ?? {}) as { nextCursor?: string | null };
  if (typeof nextCursor === 'string') values.keep(`cursor:${path}`, nextCursor);
  const tag = answer.headers.get('etag');
  if (tag === null) return;
  values.keep('etag', tag);
  values.keep(`etag:${address.split(/[/?]/).slice(0, 5).join('/')}`, tag);
}

describe('requests made at random from openapi.json', () => {
  it('get documented answers only, and no 5xx, and what they change is recorded', async () => {
    const lane = async () => {
      while (sent < WALK.requests) await walk(WALK.seed * 1000 + walks++);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    const counted = [...outcomes]
      .toSorted(([, a], [, b]) => b - a)
      .map(([name, times]) => `${times} × ${name}`);
    const unreached = [...calls].filter(([, { good }]) => good === 0).map(([route]) => route);
    const surprising = unreached.filter((route) => !SELDOM.includes(route));
    process.stdout.write(`random walk: ${sent} requests in ${walks} shops; ${counted.join(', ')}\n`);
    process.stdout.write(`random walk: never with success: ${unreached.join(', ') || 'none'}\n`);
    expect([...faults.keys()]).toEqual([]);
    for (const shop of shops) expect(await shop.faults()).toEqual([]);
    if (WALK.requests >= MANY) expect(surprising).toEqual([]);
    expect(operations.filter(({ method, path }) => !calls.has(`${method} ${path}`))).toEqual([]);
  }, 1_200_000);
});
