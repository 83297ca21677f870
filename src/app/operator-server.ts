import type { INestApplicationContext } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import type { AppErrorClass } from '../common/app-error';
import type { Base } from '../database/database.module';
import {
  OperatorRoleRequired,
  PasswordChangeRequired,
  TotpRequired,
} from '../operator/accounts/operator.errors';
import { type Access, ACCESS_TO_ROUTE, type OperatorRequest } from '../operator/accounts/operator-role';
import { OperatorModule } from '../operator/operator.module';
import { createServerOf } from './http-server';
import { createOpenApi, type Operation } from './openapi';

const DESCRIPTION = `What operators do to shops and their members. This API has accounts, tokens and a port of its own.

**Sign in** with \`POST /operator/v1/auth/login\`, and send \`Authorization: Bearer <token>\`. A session ends after 15 minutes without a
request. \`pending\` names what has to be done first: replace a one-time password, or set up TOTP.

**Shops** are named by slug, by id, or by a slug of the last 30 days. Long operations are queued: the answer has the operation's id.
Routes that destroy or replace data want the shop's slug repeated as \`confirm\`.

**Errors** have a stable \`code\`: docs/errors.md. Roles and rules are in docs/operator-api.md.`;

/**
 * Creates the server of the operators' API over the services of an application. Close its HTTP adapter, not the
 * application itself, whose services belong to the other.
 */
export function createOperatorApp(base: Base, app: INestApplicationContext): Promise<NestFastifyApplication> {
  return createServerOf(base, {
    root: OperatorModule.over(app),
    prefix: 'operator/v1',
    title: 'Stoa operators API',
    openApi: (operators) =>
      createOpenApi(operators, { title: 'Stoa operators', description: DESCRIPTION, errorsOf }),
    factsOf,
  });
}

function errorsOf(route: Operation & { [ACCESS_TO_ROUTE]?: Access }): AppErrorClass[] {
  const access = route[ACCESS_TO_ROUTE] ?? 'administrator';
  if (access === 'everybody' || access === 'signed-in') return [];
  return [PasswordChangeRequired, TotpRequired, ...(access === 'viewer' ? [] : [OperatorRoleRequired])];
}

/** Each line of the log says which operator asked, and of which shop. */
function factsOf(request: FastifyRequest): object {
  const { params, operator } = request as OperatorRequest & { params?: { shop?: string } };
  return { operatorId: operator?.operatorId, shop: params?.shop };
}
