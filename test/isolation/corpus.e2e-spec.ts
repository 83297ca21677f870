import { TenantLocator } from '../../src/tenancy/tenant-locator';
import type { Api } from '../support/api';
import { newOwner, newProduct, type Owner } from '../support/factories';
import { startTestApp, type TestApp } from '../support/test-app';
import { BrokenAppModule, MODES, NOT_SENT, type Position } from './broken.module';
import { CORPUS, KNOWN_OPEN, type Payload, type Target } from './corpus';

interface Outcome {
  payload: string;
  /** Positions and modes in which it ran, such as `order in run`. */
  ran: string[];
  /** SQLSTATEs of the refusals in the others. */
  refused: string[];
}

/** Client texts that would run the payload in each position; see `STATEMENTS` in broken.module.ts. */
function attempts({ form }: Payload, text: string): [Position, string][] {
  if (form === 'statement') return [['statement', text]];
  if (form === 'stacked')
    return [
      ['value', `x'; ${text} --`],
      ['order', `name; ${text}`],
      ['limit', `1; ${text}`],
      ['statement', `SELECT 1; ${text}`],
    ];
  return [
    ['value', `x' OR ((${text})::text) IS NOT NULL --`],
    ['order', `((${text})::text)`],
    ['limit', `(SELECT length((${text})::text))`],
    ['statement', text],
  ];
}

type Holder = Owner & { product: string };

async function newHolder(api: Api): Promise<Holder> {
  const owner = await newOwner(api);
  return { ...owner, product: (await newProduct(owner.api)).id };
}

function useBrokenApp(settings: Record<string, string>) {
  const holder = {} as TestApp & { attacker: Holder; victim: Holder; target: Target };
  beforeAll(async () => {
    Object.assign(
      holder,
      await startTestApp(
        { TENANT_POOL_SIZE: '2', ...settings },
        { root: (base) => BrokenAppModule.forRoot(base) },
      ),
    );
    const [attacker, victim] = await Promise.all([newHolder(holder.api), newHolder(holder.api)]);
    const locator = holder.app.get(TenantLocator, { strict: false });
    const [own, other] = [attacker, victim].map(({ shop }) => locator.locate(shop.id).schema);
    const target = { own: own!, other: other!, database: holder.database.name };
    Object.assign(holder, { attacker, victim, target });
  });
  afterAll(() => holder.close());
  return {
    holder,
    attack: async (payload: Payload): Promise<Outcome> => {
      const { attacker, target } = holder;
      const outcome: Outcome = { payload: `${payload.form} ${payload.name}`, ran: [], refused: [] };
      for (const [position, text] of attempts(payload, payload.text(target)))
        for (const mode of MODES) {
          const { status, body } = await attacker.api.post('broken', { position, mode, text });
          if (status !== 201) throw new Error(`${payload.name}: ${status} ${JSON.stringify(body)}`);
          if (body.ran) outcome.ran.push(`${position} in ${mode}`);
          else outcome.refused.push(body.state as string);
        }
      return outcome;
    },
  };
}

async function all(payloads: readonly Payload[], attack: (payload: Payload) => Promise<Outcome>) {
  const outcomes: Outcome[] = [];
  for (const payload of payloads) outcomes.push(await attack(payload));
  return outcomes;
}

const ran = (outcomes: Outcome[]) =>
  outcomes.filter((one) => one.ran.length > 0).map((one) => `${one.payload} (${one.ran.join(', ')})`);

function print(title: string, outcomes: Outcome[]): void {
  const names = ran(outcomes);
  process.stdout.write(`${title}: ${names.length} of ${outcomes.length} payloads ran\n`);
}

describe("a client's SQL in a route that concatenates it, on a hardened database", () => {
  const { holder, attack } = useBrokenApp({});

  it('does not run, for any payload of the corpus', async () => {
    const outcomes = await all(CORPUS, attack);
    print('hardened', outcomes);
    expect(ran(outcomes)).toEqual([]);
  });

  it('runs where PostgreSQL checks no right, and does not affect the next request', async () => {
    const outcomes = await all(KNOWN_OPEN, attack);
    expect(outcomes.filter((one) => one.ran.length === 0)).toEqual([]);
    for (const { api, product } of [holder.attacker, holder.victim])
      for (let i = 0; i < 10; i++) {
        const { status, body } = await api.get('products');
        expect([status, body.items.map(({ id }: { id: string }) => id)]).toEqual([200, [product]]);
      }
  });
});

describe('the same on a database that is not hardened', () => {
  const { attack } = useBrokenApp({ HARDENING: 'off' });

  it('runs, except for payloads that PostgreSQL refuses by itself', async () => {
    const outcomes = await all(CORPUS, attack);
    print('not hardened', outcomes);
    const wrong = outcomes.filter(({ ran: where, refused }, i) => {
      const { refused: usual } = CORPUS[i]!; // one outcome for each payload
      if (usual === undefined) return where.length === 0 && !refused.includes(NOT_SENT);
      return refused.some((state) => state !== NOT_SENT && !usual.includes(state));
    });
    expect(wrong).toEqual([]);
    expect(ran(outcomes).length).toBeGreaterThan(50);
  });
});
