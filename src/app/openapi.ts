import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, getSchemaPath, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { AppErrorClass } from '../common/app-error';
import {
  BodyTooLarge,
  DatabaseUnavailable,
  InternalError,
  MalformedBody,
  Overloaded,
  ShuttingDown,
  Unauthenticated,
  UnsupportedMediaType,
  ValidationFailed,
} from '../common/common.errors';
import { ProblemDto } from '../http/problem';
import { ROLE_OF_ROUTE, usualRole } from '../tenancy/member-role';
import {
  NotAMember,
  OwnerRequired,
  RoleRequired,
  ShopNotReady,
  ShopSuspended,
  TenantRequired,
} from '../tenancy/tenancy.errors';
import type { MemberRole } from '../tenancy/tenant';
import { TENANT_ROUTE } from '../tenancy/tenant-controller.decorator';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & {
  [TENANT_ROUTE]?: boolean;
  [ROLE_OF_ROUTE]?: MemberRole;
};

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
const ANYWHERE = [ValidationFailed, InternalError, DatabaseUnavailable, Overloaded, ShuttingDown];
const WITH_BODY = [MalformedBody, BodyTooLarge, UnsupportedMediaType];
const SIGNED_IN = [Unauthenticated];
const IN_A_SHOP = [TenantRequired, NotAMember, ShopSuspended, ShopNotReady];

/** Creates the OpenAPI document from the routes' own documentation and the errors that many have in common. */
export function createOpenApi(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Stoa')
    .setDescription('A backend in which every shop has its own PostgreSQL schema. Errors: docs/errors.md.')
    .setVersion('1')
    .addBearerAuth()
    .build();
  const document = SwaggerModule.createDocument(app, config);
  for (const path of Object.values(document.paths))
    for (const method of METHODS) if (path[method] !== undefined) complete(path[method], method);
  return document;
}

/** Adds the least role of a tenant route that declares none, and the errors that many routes have in common. */
function complete(operation: Operation, method: string): void {
  if (operation[TENANT_ROUTE]) operation[ROLE_OF_ROUTE] ??= usualRole(method);
  const errors = [
    ...ANYWHERE,
    ...(operation.requestBody === undefined ? [] : WITH_BODY),
    ...(operation.security === undefined ? [] : SIGNED_IN),
    ...(operation[TENANT_ROUTE] ? IN_A_SHOP : []),
    ...refusalsOf(operation[ROLE_OF_ROUTE]),
  ];
  for (const error of errors) addError(operation, error);
}

/** Errors for members whose role is lower. */
function refusalsOf(role: MemberRole | undefined): AppErrorClass[] {
  if (role === undefined || role === 'read_only') return [];
  return [role === 'owner' ? OwnerRequired : RoleRequired];
}

/** Adds the code to those that the route already documents for this status. */
function addError({ responses }: Operation, { kind }: AppErrorClass): void {
  const present = responses[kind.status] as { description: string } | undefined;
  const codes = present === undefined ? [] : present.description.split(', ');
  responses[kind.status] = {
    description: [...new Set([...codes, `\`${kind.code}\``])].join(', '),
    content: { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemDto) } } },
  };
}
