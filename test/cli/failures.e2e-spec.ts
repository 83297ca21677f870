import { newOwner, type Owner } from '../support/factories';
import { type Finished, runCli } from '../support/program';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
const run = (...args: string[]) => runCli(args, { env: { DATABASE_URL: app.database.url } });
let owner: Owner;
beforeAll(async () => {
  owner = await newOwner(app.api);
});

/** Exit code, and code of the one object on standard output. */
const outcome = ({ code, stdout }: Finished) => {
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
  expect(error.message).not.toBe('');
  return [code, error.code];
};

describe('a command that fails', () => {
  it.each([
    ['an unknown option', ['shops:backup', '--nope'], 'OPTION_INVALID'],
    ['an unknown command', ['shops:bake'], 'OPTION_INVALID'],
    ['a number out of range', ['rehearse', '--newest', '0'], 'OPTION_INVALID'],
    ['a missing argument', ['shops:export'], 'OPTION_INVALID'],
    ['options that do not go together', ['shops:restore', 'a', '--as', 'b', '--over', 'c'], 'OPTION_INVALID'],
    ['no slug', ['shops:clone', 'a', '--as', 'B c'], 'OPTION_INVALID'],
    [
      'a name with an escape sequence',
      ['shops:clone', 'a', '--as', 'b', '--name', '\u001b[2J'],
      'OPTION_INVALID',
    ],
    ['an unknown shop', ['shops:show', 'no-such-shop'], 'SHOP_NOT_FOUND'],
    ['an impossible place', ['shops:backup', '--all', '--out', 'ftp://x'], 'BACKUP_TARGET_INVALID'],
  ])('prints one object with a code for --json: %s', async (_what, args, code) => {
    const done = await run(...args, '--json');
    expect(outcome(done)).toEqual([1, code]);
    expect(done.stderr).toContain(`${code}: `);
  });

  it('prints nothing on standard output without --json', async () => {
    expect(await run('shops:backup', '--nope')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining("OPTION_INVALID: unknown option '--nope'"),
    });
  });

  it('leaves a shop open that it cannot remove now', async () => {
    const { id, slug } = owner.shop;
    await app.database.query(
      `INSERT INTO operations (id, kind, shop_id, shop_slug, by_kind, input, is_exclusive)
       VALUES (gen_random_uuid(), 'export', $1, $2, 'command', '{}', true)`,
      [id, slug],
    );
    const done = await run('shops:delete', slug, '--now', '--confirm', slug, '--json');
    expect(outcome(done)).toEqual([1, 'OPERATION_IN_PROGRESS']);
    expect((await owner.api.get('products')).status).toBe(200);
    expect(await app.database.query('SELECT status FROM shops WHERE id = $1', [id])).toEqual([
      { status: 'active' },
    ]);
  });
});

describe('a command that only looks', () => {
  it('names the database that it cannot reach', async () => {
    const nowhere = 'postgresql://postgres@127.0.0.1:1/stoa';
    const { code, stderr } = await runCli(['migrate:status'], { env: { DATABASE_URL: nowhere } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^No connection to the database, 127\.0\.0\.1:1\/stoa .*\n.*ECONNREFUSED/m);
  });
});
