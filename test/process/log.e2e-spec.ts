import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { newOwner, PASSWORD } from '../support/factories';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { type RunningServer, startServer } from '../support/program';
import { untilTrue } from '../support/until';

interface Line {
  event: string;
  name?: string;
  meant?: string;
  level: string;
  requestId?: string;
  shopId?: string;
  userId?: string;
  code?: string;
  route?: string;
  status?: number;
  err?: { stack?: string; query?: string };
}

describe('the log', () => {
  let database: TestDatabase;
  let server: RunningServer;
  const lines = () =>
    server
      .printed()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Line);

  /** Returns the lines of a request, once the last of them has arrived through the pipe. */
  async function linesOf(requestId: string | null): Promise<Line[]> {
    const own = () => lines().filter((line) => line.requestId === requestId);
    await untilTrue(() => own().some(({ event }) => event === 'request'));
    return own();
  }

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await startServer({
      env: { DATABASE_URL: database.url, LOG_LEVEL: 'info', TENANT_POOLSIZE: '3' },
    });
  });
  afterAll(async () => {
    await server.end('SIGTERM');
    await database.drop();
  });

  it('names a request by id, route, status, shop and user', async () => {
    const { api, shop, user } = await newOwner(server.api);
    const { headers } = await api.get('products/01900000-0000-7000-8000-000000000000');
    expect(await linesOf(headers.get('x-request-id'))).toMatchObject([
      { event: 'request', route: '/api/v1/products/:id', status: 404, shopId: shop.id, userId: user.id },
    ]);
  });

  it('names a setting that is misspelt, once', () => {
    expect(lines().filter(({ event }) => event === 'setting.misspelt')).toMatchObject([
      { level: 'warn', name: 'TENANT_POOLSIZE', meant: 'TENANT_POOL_SIZE' },
    ]);
  });

  it('has the code of an error in the line of its request, and no code in that of another', async () => {
    const { api } = await newOwner(server.api);
    for (const [path, code] of [
      ['products', undefined],
      ['products/1', 'VALIDATION_FAILED'],
      ['nowhere', 'ROUTE_NOT_FOUND'],
    ]) {
      const { headers } = await api.get(path!);
      const own = await linesOf(headers.get('x-request-id'));
      expect(own.map((line) => line.code)).toEqual([code]);
    }
  });

  it('gives the codes to the command of the runbook', async () => {
    const { headers } = await server.api.get('products');
    await linesOf(headers.get('x-request-id'));
    const [command] = /^grep .*"code".*?(?= +#)/m.exec(readFileSync('docs/runbook.md', 'utf8'))!; // the page has it
    const piped = command.replace(' stoa.log', '');
    const output = execFileSync('sh', ['-c', piped], { input: server.printed() }).toString();
    expect(output).toContain('"code":"UNAUTHENTICATED"');
  });

  it('reports a failure with its cause once, and nothing personal', async () => {
    await database.query(`
      CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'no users today' USING DETAIL = 'Key (email)=(' || NEW.email || ')'; END $$;
      GRANT EXECUTE ON FUNCTION public.refuse() TO PUBLIC;
      CREATE TRIGGER refuse BEFORE INSERT ON public.users FOR EACH ROW EXECUTE FUNCTION public.refuse()`);
    const personal = { email: 'very.personal@example.com', password: PASSWORD, name: 'Persephone' };
    const { status, body } = await server.api.post('auth/register', personal);
    await database.query('DROP FUNCTION public.refuse() CASCADE');
    expect([status, body.code]).toEqual([500, 'INTERNAL_ERROR']);
    const own = await linesOf(body.instance);
    const [failure, ...others] = own.filter(({ event }) => event === 'request.failed');
    expect(others).toEqual([]);
    expect(failure).toMatchObject({ level: 'error', code: 'INTERNAL_ERROR' });
    expect(failure!.err!.stack).toContain('no users today');
    expect(failure!.err!.query).toContain('INSERT INTO "users"');
    expect(server.printed()).not.toMatch(/very\.personal|Persephone|argon2id|correct horse/);
  });
});
