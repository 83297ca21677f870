import type { Schema } from './openapi-document';

type Schemas = Record<string, Schema>;

const FORMATS: Record<string, (text: string) => boolean> = {
  uuid: (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text),
  'date-time': (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text),
  email: (text) => /^[^@\s]+@[^@\s]+$/.test(text),
  uri: (text) => URL.canParse(text),
  'uri-reference': (text) => URL.canParse(text, 'https://shop.example'),
  binary: () => true,
};

const UNDERSTOOD = new Set<string>([
  ...['$ref', 'type', 'format', 'enum', 'nullable', 'example', 'description'],
  ...['minLength', 'maxLength', 'pattern', 'minimum', 'maximum'],
  ...['required', 'properties', 'additionalProperties', 'maxProperties'],
  ...['items', 'minItems', 'maxItems', 'uniqueItems', 'allOf', 'oneOf', 'anyOf'],
]);

/**
 * Finds where a value differs from its schema. A field that the schema does not name is a fault too, unless the schema names
 * none at all.
 * @returns sentences such as `items.0.stock: is no integer`
 * @throws Error for a keyword that this function does not understand: it would pass whatever the keyword forbids
 */
export function faultsOf(value: unknown, schema: Schema, schemas: Schemas, at = ''): string[] {
  const strange = Object.keys(schema).find((keyword) => !UNDERSTOOD.has(keyword));
  if (strange !== undefined) throw new Error(`unknown keyword ${strange} at ${at}`);
  const fault = (text: string) => [`${at || 'the value'}: ${text}`];
  if (schema.$ref !== undefined) return faultsOf(value, resolve(schema, schemas), schemas, at);
  if (value === null) return schema.nullable === true ? [] : fault('is null');
  if (schema.enum !== undefined && !schema.enum.includes(value)) return fault('is none of the enum');
  if (!isOfType(value, schema.type)) return fault(`is no ${schema.type}`);
  const matches = (part: Schema) => faultsOf(value, part, schemas, at).length === 0;
  const fitting = schema.oneOf?.filter(matches).length ?? 1;
  return [
    ...(fitting === 1 ? [] : fault(`fits ${fitting} of oneOf`)),
    ...(schema.anyOf?.some(matches) === false ? fault('fits none of anyOf') : []),
    ...(schema.allOf ?? []).flatMap((part) => faultsOf(value, part, schemas, at)),
    ...(typeof value === 'string' ? textFaults(value, schema).flatMap(fault) : []),
    ...(typeof value === 'number' ? numberFaults(value, schema).flatMap(fault) : []),
    ...(Array.isArray(value)
      ? listFaults(value, schema, schemas, at)
      : objectFaults(value, schema, schemas, at)),
  ];
}

export function resolve(schema: Schema, schemas: Schemas): Schema {
  const name = (schema.$ref ?? schema.allOf?.[0]?.$ref)?.split('/').at(-1);
  if (name === undefined) return schema;
  const found = schemas[name];
  if (found === undefined) throw new Error(`there is no schema ${name}`);
  return found;
}

function isOfType(value: unknown, type: string | undefined): boolean {
  if (type === undefined) return true;
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && !Array.isArray(value);
  return typeof value === type;
}

function textFaults(
  text: string,
  { minLength = 0, maxLength = Infinity, format, pattern }: Schema,
): string[] {
  const length = [...text].length;
  const isFormed = format === undefined ? () => true : FORMATS[format];
  if (isFormed === undefined) throw new Error(`unknown format ${format}`);
  return [
    ...(length < minLength || length > maxLength ? [`has ${length} characters`] : []),
    ...(isFormed(text) ? [] : [`is no ${format}`]),
    ...(pattern === undefined || new RegExp(pattern).test(text) ? [] : ['does not match the pattern']),
  ];
}

function numberFaults(value: number, { minimum = -Infinity, maximum = Infinity }: Schema): string[] {
  return value < minimum || value > maximum ? [`${value} is out of range`] : [];
}

function listFaults(list: unknown[], schema: Schema, schemas: Schemas, at: string): string[] {
  const { items = {}, minItems = 0, maxItems = Infinity, uniqueItems = false } = schema;
  const here = at || 'the value';
  return [
    ...(list.length < minItems || list.length > maxItems ? [`${here}: has ${list.length} items`] : []),
    ...(uniqueItems && new Set(list).size < list.length ? [`${here}: repeats an item`] : []),
    ...list.flatMap((item, i) => faultsOf(item, items, schemas, join(at, i))),
  ];
}

function objectFaults(value: unknown, schema: Schema, schemas: Schemas, at: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { required = [], properties, additionalProperties, maxProperties = Infinity } = schema;
  const entries = Object.entries(value);
  return [
    ...required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${join(at, name)}: is missing`),
    ...(entries.length > maxProperties ? [`${at || 'the value'}: has ${entries.length} fields`] : []),
    ...entries.flatMap(([name, field]) => {
      const known = properties?.[name] ?? additionalProperties;
      if (known !== undefined) return faultsOf(field, known, schemas, join(at, name));
      return properties === undefined ? [] : [`${join(at, name)}: is not in the schema`];
    }),
  ];
}

function join(at: string, name: string | number): string {
  return at === '' ? String(name) : `${at}.${name}`;
}
