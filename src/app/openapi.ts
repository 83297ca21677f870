import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, getSchemaPath, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { AppErrorClass } from '../common/app-error';
import {
  BodyTooLarge,
  DatabaseUnavailable,
  InternalError,
  MalformedBody,
  MalformedUrl,
  Overloaded,
  PreconditionFailed,
  ShuttingDown,
  StatementTimeout,
  TooManyRequests,
  Unauthenticated,
  UnsupportedMediaType,
  UriTooLong,
  ValidationFailed,
} from '../common/common.errors';
import { OF_SCHEMA } from '../http/fields';
import { IF_MATCH } from '../http/precondition';
import { ProblemDto } from '../http/problem';
import { NO_KEY } from '../http/route';
import { WITH_KEY } from '../tenancy/keyed.decorator';
import { FEATURE_OF_ROUTE } from '../tenancy/features';
import { ADDS_ROWS } from '../tenancy/quotas';
import { ROLE_OF_ROUTE, usualRole } from '../tenancy/member-role';
import {
  FeatureOff,
  IdempotencyInFlight,
  IdempotencyKeyReused,
  IdempotentAnswerErased,
  IdempotentAnswerTooLarge,
  NotAMember,
  OwnerRequired,
  RateLimited,
  QuotaExceeded,
  RoleRequired,
  ShopNotReady,
  ShopReadOnly,
  ShopSuspended,
  TenantRequired,
} from '../tenancy/tenancy.errors';
import type { MemberRole } from '../tenancy/tenant';
import { TENANT_ROUTE } from '../tenancy/tenant-controller.decorator';
import { addExamples } from './openapi-examples';

export type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & {
  [TENANT_ROUTE]?: boolean;
  [ROLE_OF_ROUTE]?: MemberRole;
  [FEATURE_OF_ROUTE]?: string;
  [ADDS_ROWS]?: boolean;
  [NO_KEY]?: boolean;
  [WITH_KEY]?: boolean;
};

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
const ANYWHERE = [
  ValidationFailed,
  InternalError,
  DatabaseUnavailable,
  Overloaded,
  StatementTimeout,
  ShuttingDown,
];
const WITH_BODY = [MalformedBody, BodyTooLarge, UnsupportedMediaType];
const WITH_ID = [MalformedUrl, UriTooLong];
const SIGNED_IN = [Unauthenticated];
const IN_A_SHOP = [TenantRequired, NotAMember, ShopSuspended, ShopNotReady, RateLimited, TooManyRequests];
const WRITING_IN_A_SHOP = [ShopReadOnly];
const KEY_ERRORS = [
  IdempotencyInFlight,
  IdempotencyKeyReused,
  IdempotentAnswerErased,
  IdempotentAnswerTooLarge,
];

const DESCRIPTION = `A backend in which every shop has its own PostgreSQL schema.

**Sign in** with \`POST /api/v1/auth/register\` or \`auth/login\`, and send \`Authorization: Bearer <accessToken>\`. It lasts ten minutes;
\`auth/refresh\` gives the next.

**Choose a shop** with \`shopId\` in the login, or later with \`auth/switch\`. The token of a user with one shop names that shop. Routes of a shop
(products, orders, customers …) work in the shop of the token, and answer 403 \`TENANT_REQUIRED\` if it names none.

**Errors** have a stable \`code\`. Money is in minor units. Rules for every route are in docs/api.md, codes in docs/errors.md.`;

const KEY_HEADER = {
  name: 'Idempotency-Key',
  in: 'header' as const,
  required: false,
  description:
    'Names the request: a repetition with the same key and body within 24 hours gets the first answer and changes nothing.',
  schema: {
    ...{ type: 'string' as const, minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
    example: '7f1c2a0e-2f2b-4a35-a0c8-5ac2f6f7a9d1',
  },
};
const NONE_MATCH = {
  name: 'If-None-Match',
  in: 'header' as const,
  required: false,
  description: 'The `ETag` of what you have: 304 if it is still that.',
  schema: { type: 'string' as const },
};
const REPLAYED = {
  description: 'Present when the answer is that of an earlier request with the same key.',
  schema: { type: 'string' as const, enum: ['true'] },
};
const WARNED = {
  description: 'Present when the shop has used 80 % of a quota or more.',
  schema: { type: 'string' as const, example: 'rows 83%' },
};

const RETRY_AFTER = {
  description: 'Seconds to wait before the request is sent again, when that may help.',
  schema: { type: 'integer' as const, minimum: 1, example: 2 },
};
/** Headers of the answers of a shop with a limit of requests: docs/api.md. */
const RATES = {
  'RateLimit-Policy': {
    description: 'Requests that the shop may send in a window of seconds; absent without a limit.',
    schema: { type: 'string' as const, example: '"shop";q=300;w=15' },
  },
  RateLimit: {
    description: 'Requests that are left, and seconds until all are there again; absent without a limit.',
    schema: { type: 'string' as const, example: '"shop";r=299;t=15' },
  },
};

/** Description of an API as a whole. */
export interface ApiAbout {
  title: string;
  description: string;
  /** Errors that a route has because of its marks. */
  errorsOf(operation: Operation): AppErrorClass[];
}

const ABOUT: ApiAbout = {
  title: 'Stoa',
  description: DESCRIPTION,
  errorsOf: (operation) => [
    ...refusalsOf(operation[ROLE_OF_ROUTE]),
    ...(operation[FEATURE_OF_ROUTE] === undefined ? [] : [FeatureOff]),
    ...(operation[ADDS_ROWS] ? [QuotaExceeded] : []),
  ],
};

/** Creates the OpenAPI document from the routes' own documentation and the errors that many have in common. */
export function createOpenApi(app: NestFastifyApplication, about: ApiAbout = ABOUT): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle(about.title)
    .setDescription(about.description)
    .setVersion('1')
    .addServer('/')
    .addBearerAuth()
    .build();
  const document = SwaggerModule.createDocument(app, config);
  for (const path of Object.values(document.paths) as Partial<Record<(typeof METHODS)[number], Operation>>[])
    for (const method of METHODS) {
      const operation: Operation | undefined = path[method];
      if (operation === undefined) continue;
      if (operation[TENANT_ROUTE]) operation[ROLE_OF_ROUTE] ??= usualRole(method);
      nameOperation(operation);
      addCommonErrors(operation, method);
      for (const error of about.errorsOf(operation)) addError(operation, error);
      markBody(operation, document);
      addConditions(operation, method);
      if (takesKey(operation, method)) addKey(operation);
      if (operation[ADDS_ROWS]) addHeader(operation, 'X-Quota-Warning', WARNED);
      addHeader(operation, 'Retry-After', RETRY_AFTER, /^(429|503)$/);
      if (operation[TENANT_ROUTE])
        for (const [name, header] of Object.entries(RATES)) addHeader(operation, name, header, /^2|^429$/);
    }
  placeExtensions(document);
  addExamples(document);
  return document;
}

/** Puts in place what decorators of classes document. */
function placeExtensions(document: OpenAPIObject): void {
  for (const schema of Object.values(document.components?.schemas ?? {}) as Record<string, unknown>[])
    for (const key of Object.keys(schema).filter((one) => one.startsWith(OF_SCHEMA))) {
      schema[key.slice(OF_SCHEMA.length)] = schema[key];
      delete schema[key];
    }
}

/** Parts of a path by which operators name a shop or a plan. */
const NAMES = {
  shop: { type: 'string' as const, minLength: 1, maxLength: 60, example: 'corner-shop' },
  plan: { type: 'string' as const, minLength: 1, maxLength: 31, example: 'standard' },
};

/** Makes `products_list` of `ProductsController_list`, and says that ids in a path are UUIDs, which `IdPipe` checks. */
function nameOperation(operation: Operation): void {
  const [, first = '', rest = '', method = ''] =
    /^(\w)(\w*)Controller_(\w+)$/.exec(operation.operationId ?? '') ?? [];
  if (first !== '') operation.operationId = `${first.toLowerCase()}${rest}_${method}`;
  for (const one of operation.parameters ?? [])
    if ('in' in one && one.in === 'path')
      one.schema = NAMES[one.name as keyof typeof NAMES] ?? { type: 'string', format: 'uuid' };
}

/** A body whose fields are all optional may be absent. */
function markBody({ requestBody }: Operation, { components }: OpenAPIObject): void {
  if (requestBody === undefined || '$ref' in requestBody) return;
  const reference = requestBody.content['application/json']?.schema;
  if (reference === undefined || !('$ref' in reference)) return;
  const schema = components?.schemas?.[reference.$ref.split('/').at(-1)!] ?? {}; // a split gives one at least
  const needs = ['required', `${OF_SCHEMA}anyOf`, `${OF_SCHEMA}oneOf`];
  if (!needs.some((key) => key in schema)) requestBody.required = false;
}

function addConditions(operation: Operation, method: (typeof METHODS)[number]): void {
  const { parameters = [], responses } = operation;
  const takesMatch = parameters.some((one) => 'name' in one && one.name === 'If-Match');
  if (takesMatch) addError(operation, PreconditionFailed);
  const answer = responses[200];
  if (method !== 'get' || answer === undefined || '$ref' in answer || answer.headers?.ETag === undefined)
    return;
  operation.parameters = [...parameters, { ...IF_MATCH, in: 'header' }, NONE_MATCH];
  addError(operation, PreconditionFailed);
  responses[304] = { description: 'The answer is what you have.' };
}

function takesKey(operation: Operation, method: string): boolean {
  if (operation[WITH_KEY]) return true;
  return method === 'post' && operation[TENANT_ROUTE] === true && !operation[NO_KEY];
}

function addKey(operation: Operation): void {
  operation.parameters = [...(operation.parameters ?? []), KEY_HEADER];
  addHeader(operation, 'Idempotency-Replayed', REPLAYED);
  for (const error of KEY_ERRORS) addError(operation, error);
}

/** Adds a header to the answers of a route, by default to those of success. */
function addHeader(
  { responses }: Operation,
  name: string,
  header: typeof REPLAYED | typeof WARNED | typeof RETRY_AFTER,
  statuses = /^2/,
): void {
  for (const [status, answer] of Object.entries(responses)) {
    if (answer === undefined || '$ref' in answer || !statuses.test(status)) continue;
    answer.headers = { ...answer.headers, [name]: header };
  }
}

function addCommonErrors(operation: Operation, method: string): void {
  const isWithId = operation.parameters?.some((one) => 'in' in one && one.in === 'path') === true;
  const errors = [
    ...ANYWHERE,
    ...(method === 'get' ? [] : WITH_BODY), // also where only an empty object is taken
    ...(isWithId ? WITH_ID : []),
    ...(operation.security === undefined ? [] : SIGNED_IN),
    ...(operation[TENANT_ROUTE] ? IN_A_SHOP : []),
    ...(operation[TENANT_ROUTE] && method !== 'get' ? WRITING_IN_A_SHOP : []),
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
