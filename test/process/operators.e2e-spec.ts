import { freePort } from '../../src/database/server/free-port';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { newOwner } from '../support/factories';
import { OperatorApi } from '../support/operators';
import { problemIn } from '../support/problem';
import { finish, runCli, type RunningServer, spawnProgram, startServer } from '../support/program';
import { until } from '../support/until';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const settings = () => ({ DATABASE_URL: database.url });
const cli = (...args: string[]) => runCli(args, { env: settings() });

/** Runs `operators:create --password` with a line on standard input. */
function createWithPassword(email: string, role: string, password: string) {
  const args = ['operators:create', email, '--role', role, '--password', '--json'];
  return runCli(args, { env: settings(), input: `${password}\n` });
}

describe('the operators’ API of a program', () => {
  it('is off by default', async () => {
    const server = await startServer({ env: settings() });
    try {
      expect(server.printed()).not.toContain('Operators');
      expect(problemIn(await server.api.get('/operator/v1/shops'))).toBe('404 ROUTE_NOT_FOUND');
      expect(problemIn(await server.api.post('/operator/v1/auth/login', {}))).toBe('404 ROUTE_NOT_FOUND');
    } finally {
      await server.end('SIGTERM');
    }
  });

  it.each(['1', '2'])(
    'is served on its own port, with %s worker(s), and ends with the program',
    async (count) => {
      const port = await freePort();
      const env = { ...settings(), OPERATOR_PORT: String(port), WORKERS: count, LOG_LEVEL: 'info' };
      const server: RunningServer = await startServer({ env });
      const operators = new OperatorApi(`http://127.0.0.1:${port}`);
      try {
        const { shop } = await newOwner(server.api);
        const email = `grace-${count}@example.com`;
        const made = await cli('operators:create', email, '--role', 'viewer', '--json');
        const { oneTimePassword } = JSON.parse(made.stdout) as { oneTimePassword: string };
        const first = await operators.post('auth/login', { email, password: oneTimePassword });
        expect([first.status, first.body.pending]).toEqual([200, 'password']);
        const { body } = await operators
          .as(first.body.token)
          .post('auth/password', { currentPassword: oneTimePassword, newPassword: 'a password of her own' });
        const grace = operators.as(body.token);
        const answers = await Promise.all(Array.from({ length: 8 }, () => grace.get(`shops/${shop.slug}`)));
        expect(answers.map(({ body: { id } }) => id)).toEqual(Array(8).fill(shop.id));
        const line = await until(
          () =>
            Promise.resolve(
              server
                .printed()
                .split('\n')
                .find((one) => one.includes(':shop"')),
            ),
          (found) => found !== undefined,
        );
        expect(JSON.parse(line!)).toMatchObject({
          ...{ event: 'request', route: '/operator/v1/shops/:shop', status: 200 },
          ...{ operatorId: body.operator.id, shop: shop.slug },
        });
        expect(problemIn(await operators.get('/api/v1/me'))).toBe('404 ROUTE_NOT_FOUND');
        expect(problemIn(await server.api.get('/operator/v1/me'))).toBe('404 ROUTE_NOT_FOUND');
        expect(server.url).not.toContain(`:${port}`);
        await cli('operators:disable', email);
        expect(problemIn(await grace.get('me'))).toBe('401 UNAUTHENTICATED');
      } finally {
        expect(await server.end('SIGTERM')).toBe(0);
      }
      await expect(operators.get('me')).rejects.toThrow('fetch failed');
    },
  );

  it('does not start on the port of the shops’ API', async () => {
    const { code, stderr } = await finish(
      spawnProgram('main', [], { env: { ...settings(), PORT: '3999', OPERATOR_PORT: '3999' } }),
    );
    expect(code).toBe(1);
    expect(stderr).toContain('OPERATOR_PORT');
  });
});

describe('operators:*', () => {
  it('creates an account with a one-time password, once', async () => {
    const { code, stdout } = await cli('operators:create', 'Ada@Example.com', '--role', 'administrator');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ada@example.com is administrator\none-time password, for 24 hours: \S{24}\n$/);
    const again = await cli('operators:create', 'ada@example.com', '--role', 'viewer');
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('EMAIL_TAKEN')]);
  });

  it('reads a password from standard input, and never prints it', async () => {
    const password = 'read from a pipe, not an argument';
    const { code, stdout } = await createWithPassword('pipe@example.com', 'operator', password);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ email: 'pipe@example.com', role: 'operator', hasTotp: false });
    expect(stdout).not.toContain(password);
    const short = await createWithPassword('short@example.com', 'operator', 'too short');
    expect([short.code, short.stderr]).toEqual([1, expect.stringContaining('VALIDATION_FAILED')]);
    expect((await createWithPassword('none@example.com', 'operator', '')).code).toBe(1);
  });

  it('lists, disables and resets', async () => {
    await cli('operators:create', 'list@example.com', '--role', 'viewer');
    const read = async () => {
      const { operators } = JSON.parse((await cli('operators:list', '--json')).stdout) as {
        operators: { email: string; disabledAt: string | null }[];
      };
      return operators.find(({ email }) => email === 'list@example.com');
    };
    expect(await read()).toMatchObject({ role: 'viewer', disabledAt: null });
    expect((await cli('operators:disable', 'LIST@example.com')).code).toBe(0);
    expect((await read())?.disabledAt).toEqual(expect.any(String));
    expect((await cli('operators:reset-totp', 'list@example.com')).code).toBe(0);
    const unknown = await cli('operators:disable', 'nobody@example.com');
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('OPERATOR_NOT_FOUND')]);
    expect((await cli('operators:list')).stdout).toMatch(/list@example.com +viewer/);
  });
});
