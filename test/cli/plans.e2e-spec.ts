import { runHere, runJson } from '../support/command';
import { newOwner } from '../support/factories';
import { runCli } from '../support/program';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
const env = () => ({ DATABASE_URL: app.database.url });
const run = (...args: string[]) => runHere(args, env());

const json = <T>(...args: string[]) => runJson<T>(app, args);

interface Listed {
  name: string;
  limits: { name: string; value: number | null }[];
}

describe('plans:set', () => {
  it('creates a plan, then changes it by name; plans:list shows it', async () => {
    await json('plans:set', 'wholesale', 'seats=200', 'rows=9000', 'feature.bulkUpdates=off', '--create');
    const { stdout } = await runCli(['plans:set', 'wholesale', 'seats='], { env: env() });
    expect(stdout).toMatch(/^seats +-$/m);
    expect(stdout).toMatch(/^rows +9000$/m);
    expect(stdout).toMatch(/^feature\.bulkUpdates +off$/m);
    const listed = await run('plans:list', '--json');
    const { plans } = JSON.parse(listed.stdout) as { plans: Listed[] };
    expect(plans.map(({ name }) => name)).toEqual(['enterprise', 'free', 'standard', 'wholesale']);
    expect(plans[3]!.limits).toContainEqual({ name: 'seats', value: null });
  });

  it('sets settings of the shops of a plan, and takes them away', async () => {
    const set = ['setting.timeZone=Europe/Berlin', 'setting.orderPrefix=2026', 'setting.taxBasisPoints=1900'];
    await json('plans:set', 'german', ...set, 'setting.pricesIncludeTax=on', '--create');
    const { stdout } = await run('plans:set', 'german', 'setting.timeZone=');
    expect(stdout).toMatch(/^setting\.timeZone +-$/m);
    expect(stdout).toMatch(/^setting\.orderPrefix +2026$/m);
    expect(stdout).toMatch(/^setting\.taxBasisPoints +1900$/m);
    expect(stdout).toMatch(/^setting\.pricesIncludeTax +on$/m);
  });

  it.each([
    [['golden', 'seats=1'], 'PLAN_NOT_FOUND: No plan has the name golden. --create makes it.'],
    [['free', 'seat=1'], 'requestsPerMinute, '],
    [['free', 'feature.cake=on'], 'feature.bulkUpdates, '],
    [['free', 'seats=1', '--create'], 'PLAN_EXISTS'],
    [['free', 'seats=0'], 'VALIDATION_FAILED'],
    [['free', 'seat=1'], 'seat is not taken here'],
    [['free', 'seats'], 'write name=value'],
    [['free', 'setting.timeZone=Mars'], 'VALIDATION_FAILED'],
    [['free', 'setting.pricesIncludeTax=yes'], 'setting.pricesIncludeTax must be on or off'],
    [['free', 'feature.bulkUpdates=maybe'], 'feature.bulkUpdates must be on or off'],
  ])('refuses %j', async (args, reason) => {
    const { code, stdout, stderr } = await runHere(['plans:set', ...args], env());
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(reason);
  });
});

describe('shops:plan and shops:limits', () => {
  it('change what a shop may, for its owner to read in the audit log', async () => {
    const owner = await newOwner(app.api);
    const { slug } = owner.shop;
    expect((await run('shops:plan', slug, 'free')).stdout).toBe(`${slug} now has the plan free\n`);
    const { stdout } = await run('shops:limits', slug, 'seats=7', 'feature.changeHistory=off');
    expect(stdout).toMatch(/^seats +3 +7 +7 +1 +14%$/m);
    expect(stdout).toMatch(/^statementMs +5000 +- +5000 +- +-$/m);
    expect(stdout).toMatch(/^feature\.changeHistory +- +off +off +- +-$/m);
    const entries = (await owner.api.get('audit')).body.items as object[];
    expect(entries.slice(0, 2)).toMatchObject([
      { action: 'shop.limits_changed', details: { seats: 7, 'feature.changeHistory': 'off', by: 'command' } },
      { action: 'shop.plan_changed', details: { from: 'standard', plan: 'free', by: 'command' } },
    ]);
    expect((await run('shops:list', '--plan', 'free')).stdout).toMatch(
      new RegExp(`^${slug} +active +free `, 'm'),
    );
  });

  it('say that a shop or a plan does not exist', async () => {
    const { shop } = await newOwner(app.api);
    expect((await run('shops:plan', shop.slug, 'golden')).stderr).toContain('PLAN_NOT_FOUND');
    expect((await run('shops:limits', 'no-such-shop')).stderr).toContain('SHOP_NOT_FOUND');
  });
});
