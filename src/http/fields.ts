import { applyDecorators } from '@nestjs/common';
import { ApiExtension, ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  buildMessage,
  IsArray,
  IsBoolean,
  IsEmail,
  IsIn,
  IsInt,
  IsISO4217CurrencyCode,
  IsObject,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateBy,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { isMisleading } from '../common/safe-text';

/**
 * Options of every field decorator. A decorator validates a field of a body or query and documents it in OpenAPI, from the
 * same figures; on answers it only documents.
 */
interface FieldOptions {
  description?: string;
  example?: unknown;
  /** May be absent. An explicit `null` is refused unless the field is also `nullable`. */
  optional?: boolean;
  nullable?: boolean;
}

/** Prefix of OpenAPI extensions that document a class itself, which no decorator of the library can; the document has them in place. */
export const OF_SCHEMA = 'x-schema-';

/** Documents that a body has exactly one of these optional fields; the service checks it. */
export function NeedsOneOf(...fields: string[]): ClassDecorator {
  return ApiExtension(`${OF_SCHEMA}oneOf`, alternatives(fields));
}

/** Documents that a body has at least one of these optional fields; the service checks it. */
export function NeedsAnyOf(...fields: string[]): ClassDecorator {
  return ApiExtension(`${OF_SCHEMA}anyOf`, alternatives(fields));
}

function alternatives(fields: readonly string[]): object[] {
  return fields.map((field) => ({ required: [field] }));
}

/** Example of a body for which those of its fields, put together, would not do. */
export function Example(body: object): ClassDecorator {
  return ApiExtension(`${OF_SCHEMA}example`, body);
}

/**
 * A string of `min` (default 1) to `max` characters, in NFC and trimmed.
 * @param options `untrimmed` for a text in NFC with its spaces, `raw` for one that is exactly what was sent
 */
export function Text(
  options: FieldOptions & { min?: number; max: number; raw?: boolean; untrimmed?: boolean },
): PropertyDecorator {
  const { min = 1, max } = options;
  return field(options, { type: String, minLength: min, maxLength: max }, [
    ...(options.raw ? [] : [Transform(({ value }) => (options.untrimmed ? composed : trimmed)(value))]),
    IsString(),
    Length(min, max),
  ]);
}

/** The name of a shop or a person, which terminals and lists show: a text on one line, without controls of direction. */
export function Name({ max = 120, ...options }: FieldOptions & { max?: number } = {}): PropertyDecorator {
  const isOneLine = ValidateBy({
    name: 'name',
    validator: {
      validate: (value: unknown) => typeof value === 'string' && !isMisleading(value),
      defaultMessage: buildMessage(
        (each) => `${each}$property must be on one line, without control characters`,
      ),
    },
  });
  return applyDecorators(Text({ ...options, max }), isOneLine);
}

/** A path of the API of shops, without dots that lead upwards. */
const PATH = /^\/api\/v1(?:\/[\w-][\w.-]*)+$/;

/**
 * An http or https address, trimmed, of at most 2,048 characters.
 * @param options `orPath` for one that may be a path of this API
 */
export function Url({
  orPath = false,
  ...options
}: FieldOptions & { orPath?: boolean } = {}): PropertyDecorator {
  const format = orPath ? 'uri-reference' : 'uri';
  return field(options, { type: String, format, maxLength: 2048 }, [
    Transform(({ value }) => trimmed(value)),
    IsString(),
    MaxLength(2048),
    ValidateBy({
      name: 'url',
      validator: {
        validate: (value: unknown) =>
          typeof value === 'string' &&
          ((/^https?:\/\//i.test(value) && URL.canParse(value)) || (orPath && PATH.test(value))),
        defaultMessage: buildMessage((each) => `${each}$property must be an http or https address`),
      },
    }),
  ]);
}

/** An e-mail address, converted to lower case: addresses are unique regardless of case. */
export function Email(options: FieldOptions = {}): PropertyDecorator {
  return field(options, { type: String, format: 'email', maxLength: 254, example: 'ada@example.com' }, [
    Transform(({ value }) =>
      typeof value === 'string' ? value.trim().normalize('NFC').toLowerCase() : value,
    ),
    IsEmail({}, { message: '$property must be an e-mail address' }),
    MaxLength(254),
  ]);
}

/** An integer. In a query, decimal digits are converted: `limit=20` works and `limit=2e1` does not. */
export function Whole(
  options: FieldOptions & { min: number; max: number; query?: boolean },
): PropertyDecorator {
  const convert = Transform(({ value }) =>
    typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value,
  );
  return field(options, { type: 'integer', minimum: options.min, maximum: options.max }, [
    ...(options.query ? [convert] : []),
    IsInt(),
    Min(options.min),
    Max(options.max),
  ]);
}

/** A boolean. In a query, `true` and `false` are converted. */
export function Flag(options: FieldOptions & { query?: boolean } = {}): PropertyDecorator {
  const convert = Transform(({ value }) => (value === 'true' ? true : value === 'false' ? false : value));
  return field(options, { type: Boolean }, [...(options.query ? [convert] : []), IsBoolean()]);
}

/** A UUID, converted to lower case as PostgreSQL writes it, so that ids can be compared as text. */
export function Id(options: FieldOptions = {}): PropertyDecorator {
  return field(options, { type: String, format: 'uuid' }, [
    Transform(({ value }) => (typeof value === 'string' ? value.toLowerCase() : value)),
    IsUUID(),
  ]);
}

/** An ISO 4217 code, converted to upper case. */
export function Currency(options: FieldOptions = {}): PropertyDecorator {
  return field(options, { type: String, minLength: 3, maxLength: 3, example: 'EUR' }, [
    Transform(({ value }) => (typeof value === 'string' ? value.toUpperCase() : value)),
    IsISO4217CurrencyCode(),
  ]);
}

export function OneOf(values: readonly string[], options: FieldOptions = {}): PropertyDecorator {
  return field(options, { type: String, enum: [...values] }, [IsIn(values)]);
}

/** Distinct strings, in NFC and trimmed, each of 1 to `length` characters; at most `max` of them. */
export function Texts(
  options: FieldOptions & { max: number; length: number; pattern?: RegExp },
): PropertyDecorator {
  const { max, length, pattern } = options;
  const items = {
    ...{ type: 'string', minLength: 1, maxLength: length },
    ...(pattern === undefined ? {} : { pattern: pattern.source }),
  };
  return field(options, { type: 'array', items, maxItems: max, uniqueItems: true }, [
    Transform(({ value }) => (Array.isArray(value) ? value.map(trimmed) : value)),
    IsArray(),
    ArrayMaxSize(max),
    ArrayUnique(),
    IsString({ each: true }),
    Length(1, length, { each: true }),
    ...(pattern === undefined ? [] : [Matches(pattern, { each: true })]),
  ]);
}

/** Objects of one class, each validated; `min` (default 0) to `max` of them. */
export function ListOf(
  type: new () => object,
  options: FieldOptions & { min?: number; max: number },
): PropertyDecorator {
  const { min = 0, max } = options;
  return field(options, { type, isArray: true, minItems: min, maxItems: max }, [
    Type(() => type),
    IsArray(),
    ArrayMinSize(min, { message: `$property must have at least ${min} ${min === 1 ? 'entry' : 'entries'}` }),
    ArrayMaxSize(max, { message: `$property must have at most ${max} entries` }),
    IsObject({ each: true }),
    ValidateNested({ each: true }),
  ]);
}

/** An object of a class, validated. */
export function Nested(type: new () => object, options: FieldOptions = {}): PropertyDecorator {
  return field(options, { type }, [Type(() => type), IsObject(), ValidateNested()]);
}

/** An ISO 8601 time in UTC; answers only. */
export function Time(options: FieldOptions = {}): PropertyDecorator {
  return field(options, { type: String, format: 'date-time', example: '2026-11-21T09:30:00.000Z' }, []);
}

const MOMENT =
  /^([12]\d{3})-(0[1-9]|1[0-2])-([0-3]\d)(?:T[0-2]\d:[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?(?:Z|[+-][01]\d:[0-5]\d))?$/;

/** An ISO 8601 time with its zone, or a date, which means its first moment in UTC; converted to UTC with milliseconds. */
export function Moment(options: FieldOptions = {}): PropertyDecorator {
  const example = '2026-11-21T09:30:00Z';
  return field({ example, ...options }, { type: String, maxLength: 32 }, [
    Transform(({ value }) => (isMoment(value) ? new Date(value).toISOString() : value)),
    ValidateBy({
      name: 'isMoment',
      validator: {
        validate: isMoment,
        defaultMessage: (about) =>
          `${about?.property ?? 'it'} must be a date, or a time with its zone, such as ${example}`,
      },
    }),
  ]);
}

function isMoment(value: unknown): value is string {
  const [, year, month, day] = (typeof value === 'string' && MOMENT.exec(value)) || [];
  if (year === undefined || Number.isNaN(Date.parse(value as string))) return false;
  return Number(day) <= new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
}

/** @param checks the check of the type first: validation stops at the first failure and reports it */
function field(
  { description, example, optional = false, nullable = false }: FieldOptions,
  api: ApiPropertyOptions,
  checks: PropertyDecorator[],
): PropertyDecorator {
  const documented = {
    ...api,
    required: !optional,
    ...(nullable ? { nullable } : {}),
    ...(description === undefined ? {} : { description }),
    ...(example === undefined ? {} : { example }),
  } as ApiPropertyOptions;
  const skipped = optional || nullable;
  return applyDecorators(
    ApiProperty(documented),
    ...checks,
    ...(skipped
      ? [ValidateIf((_, value) => !(optional && value === undefined) && !(nullable && value === null))]
      : []),
  );
}

function composed(value: unknown): unknown {
  return typeof value === 'string' ? value.normalize('NFC') : value;
}

function trimmed(value: unknown): unknown {
  return typeof value === 'string' ? value.normalize('NFC').trim() : value;
}
