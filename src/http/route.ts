import { applyDecorators, HttpCode, type NestInterceptor, SetMetadata, type Type } from '@nestjs/common';
import { INTERCEPTORS_METADATA } from '@nestjs/common/internal';
import {
  ApiExtension,
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import type { AppErrorClass } from '../common/app-error';
import { TAKES_KEY } from '../common/idempotency-key';
import { TAGGED } from './entity-tag';
import { EntityTagInterceptor } from './entity-tag.interceptor';
import { ProblemDto } from './problem';

/** OpenAPI extension that marks routes that refuse an Idempotency-Key although they are a POST of a shop. */
export const NO_KEY = 'x-no-idempotency-key';

interface RouteOptions {
  summary: string;
  /** Name of the route in generated clients; default: its class and method. */
  operationId?: string;
  /** Status of success, set and documented; default 200. */
  status?: number;
  /** Class of the answer. */
  ok?: Type;
  /** Class of an answer 202: the work is left to an operation, if the client prefers that or it is large. */
  queued?: Type;
  /** Second class that an item of a list can have. */
  orOk?: Type;
  /** The answer is a page of `ok`; `counted` if it may say how many there are. */
  list?: boolean | 'counted';
  /** Example of the body, which is a CSV file, or a form with exactly one. */
  csv?: string;
  /** The body is an image. */
  image?: boolean;
  /** Media type of the answer, which is a file. */
  file?: string;
  /** False for a POST of a shop that refuses an Idempotency-Key, because it does not write in one transaction. */
  takesKey?: boolean;
  /** Errors of this route in addition to those of every route. */
  errors?: AppErrorClass[];
}

const BINARY = { type: 'string', format: 'binary' };
const FORM = { type: 'object', required: ['file'], properties: { file: BINARY } };

function csvBody(example: string) {
  return {
    required: true,
    content: {
      'text/csv': { schema: BINARY, example },
      'multipart/form-data': { schema: FORM, example: { file: example } },
    },
  };
}

function fileAnswer(type: string) {
  const name = { description: 'The name of the file.', schema: { type: 'string' } };
  return { content: { [type]: { schema: BINARY } }, headers: { 'content-disposition': name } };
}

/** Documents the header that asks for an operation, and the answer that names it. */
function asyncAnswer(type: Type): MethodDecorator[] {
  const location = { description: 'Address of the operation.', schema: { type: 'string' } };
  const schema = { type: 'string' };
  const description = '`respond-async`: the answer is 202 at once, and an operation does the work.';
  return [
    ApiHeader({ name: 'Prefer', required: false, description, schema }),
    ApiResponse({
      ...{ status: 202, description: 'An operation does the work.', type },
      headers: { Location: location },
    }),
  ];
}

/** Header of an answer that is one resource. */
const ETAG = { description: 'Changes whenever the answer does.', schema: { type: 'string' } };

/** Documents a route: summary, success, and each error status with its codes. The answer has an ETag if it is one resource. */
export function Route({
  summary,
  operationId,
  status = 200,
  ok,
  queued,
  orOk,
  list = false,
  csv,
  image = false,
  file,
  takesKey = true,
  errors = [],
}: RouteOptions): MethodDecorator {
  const isTagged = ok !== undefined && list === false && isResource(ok);
  const byStatus = new Map<number, string[]>();
  for (const { kind } of errors)
    byStatus.set(kind.status, [...(byStatus.get(kind.status) ?? []), `\`${kind.code}\``]);
  return applyDecorators(
    HttpCode(status),
    ApiOperation({
      summary,
      ...(operationId === undefined ? {} : { operationId }),
      ...(csv === undefined ? {} : { requestBody: csvBody(csv) }),
      ...(image
        ? { requestBody: { required: true, content: { 'image/*': { schema: BINARY, example: 'GIF89a' } } } }
        : {}),
    }),
    ...(isTagged ? [SetMetadata(TAGGED, true), outermost(EntityTagInterceptor)] : []),
    ...(takesKey ? [] : [SetMetadata(TAKES_KEY, false), ApiExtension(NO_KEY, true)]),
    ...(queued ? asyncAnswer(queued) : []),
    ApiExtraModels(ProblemDto, ...(ok ? [ok] : []), ...(orOk ? [orOk] : [])),
    ApiResponse({
      status,
      description: 'Done.',
      ...(file === undefined ? {} : fileAnswer(file)),
      ...(isTagged ? { headers: { ETag: ETAG } } : {}),
      ...(ok ? content(ok, list, orOk) : {}),
    }),
    ...[...byStatus].map(([code, names]) =>
      ApiResponse({
        status: code,
        description: names.join(', '),
        content: { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemDto) } } },
      }),
    ),
  );
}

/** As `@UseInterceptors`, around those that the route has already: stored answers of a key get a tag too. */
function outermost(interceptor: Type<NestInterceptor>): MethodDecorator {
  return (_target, _name, { value }) => {
    const present = (Reflect.getMetadata(INTERCEPTORS_METADATA, value as object) ?? []) as Type[];
    Reflect.defineMetadata(INTERCEPTORS_METADATA, [interceptor, ...present], value as object);
  };
}

/** Metadata under which `@ApiProperty` lists the fields of a class; the library does not export its name. */
const FIELDS = 'swagger/apiModelPropertiesArray';

/** True for the class of a resource, which has an id. */
function isResource({ prototype }: Type): boolean {
  const fields = Reflect.getMetadata(FIELDS, prototype as object) as string[] | undefined;
  return fields?.includes(':id') === true;
}

function content(ok: Type, list: boolean | 'counted', orOk: Type | undefined): object {
  if (list === false) return { type: ok };
  const item = { $ref: getSchemaPath(ok) };
  const items = {
    type: 'array',
    items: orOk === undefined ? item : { oneOf: [item, { $ref: getSchemaPath(orOk) }] },
  };
  const nextCursor = { type: 'string', nullable: true };
  const count = { type: 'integer', minimum: 0, description: 'With `count=true`.' };
  const isCountExact = { type: 'boolean', description: 'With `count=true`: false if there are more.' };
  const properties = { items, nextCursor, ...(list === 'counted' ? { count, isCountExact } : {}) };
  return { schema: { type: 'object', required: ['items', 'nextCursor'], properties } };
}
