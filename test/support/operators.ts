import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createOperatorApp } from '../../src/app/operator-server';
import { createLogger } from '../../src/common/logger';
import { type Env, ENV } from '../../src/config/env';
import { PublicDatabase } from '../../src/database/control-database';
import type { Base } from '../../src/database/database.module';
import { type Installation, INSTALLATION } from '../../src/database/installation';
import { AccountsService } from '../../src/operator/accounts/accounts.service';
import type { OperatorRole } from '../../src/operator/accounts/operator-role';
import { COMMAND } from '../../src/tenancy/operator';
import { Secret, TOTP } from 'otpauth';
import { type Answer, Api } from './api';
import type { TestApp } from './test-app';

export const OPERATOR_PASSWORD = 'a password of an operator';

/** The operators' API of an application, on a port of its own. */
export interface OperatorApp {
  url: string;
  /** Without a token. Paths are below /operator/v1. */
  api: OperatorApi;
  close(): Promise<void>;
}

/** A client of the operators' API. */
export class OperatorApi extends Api {
  constructor(
    private readonly server: string,
    token?: string,
  ) {
    super(server, token);
  }

  override as(token?: string): OperatorApi {
    return new OperatorApi(this.server, token);
  }

  override raw(...[method, path, body, headers]: Parameters<Api['raw']>): Promise<Answer> {
    return super.raw(method, path.startsWith('/') ? path : `/operator/v1/${path}`, body, headers);
  }
}

/** Starts the operators' API after the application, and ends it before. */
export function useOperators(holder: TestApp): OperatorApp {
  const operators = {} as OperatorApp;
  beforeAll(async () => {
    const { app } = holder;
    const env = app.get<Env>(ENV);
    const logger = createLogger(env.LOG_LEVEL);
    Object.assign(
      operators,
      await startOperators(app, { env, logger, installation: app.get<Installation>(INSTALLATION) }),
    );
  });
  afterAll(() => operators.close());
  return operators;
}

/** Starts the operators' API of an application on a free port. Close it before the application. */
export async function startOperators(app: NestFastifyApplication, base: Base): Promise<OperatorApp> {
  const server = await createOperatorApp(base, app);
  await server.listen(0, '127.0.0.1');
  const url = await server.getUrl();
  return { url, api: new OperatorApi(url), close: () => server.getHttpAdapter().close() };
}

/** An operator who has signed in; an administrator has set up TOTP. */
export interface TestOperator {
  id: string;
  email: string;
  api: OperatorApi;
  /** Base32, if TOTP is set up. */
  secret?: string;
}

let count = 0;

/** Creates an account with a password of its own. */
export async function newAccount(
  { app }: Pick<TestApp, 'app'>,
  role: OperatorRole,
): Promise<{ id: string; email: string }> {
  const email = `operator-${++count}@example.com`;
  const accounts = new AccountsService(app.get(PublicDatabase));
  const { id } = await accounts.createWithPassword(COMMAND, { email, role }, OPERATOR_PASSWORD);
  return { id, email };
}

export async function signIn(operators: OperatorApp, email: string, code?: string): Promise<OperatorApi> {
  const { status, body } = await operators.api.post('auth/login', {
    ...{ email, password: OPERATOR_PASSWORD },
    ...(code === undefined ? {} : { code }),
  });
  if (status !== 200) throw new Error(`the login was refused: ${JSON.stringify(body)}`);
  return operators.api.as(body.token);
}

export async function newOperator(
  app: Pick<TestApp, 'app'>,
  operators: OperatorApp,
  role: OperatorRole,
): Promise<TestOperator> {
  const account = await newAccount(app, role);
  const api = await signIn(operators, account.email);
  if (role !== 'administrator') return { ...account, api };
  const { secret } = (await api.post('me/totp')).body as { secret: string };
  const { status } = await api.post('me/totp/confirm', { code: codeOf(secret) });
  if (status !== 200) throw new Error(`TOTP was refused: ${status}`);
  return { ...account, api, secret };
}

/** Code of a secret; those of other steps are also accepted, next to now. */
export function codeOf(secret: string, steps = 0): string {
  const totp = new TOTP({ secret: Secret.fromBase32(secret) });
  return totp.generate({ timestamp: Date.now() + steps * 30_000 });
}
