import { randomUUID } from 'node:crypto';
import type { OpenAPIObject } from '@nestjs/swagger';

/** The JSON that a route takes, as openapi.json describes it. */
export interface DescribedBody {
  /** Below /api/v1/. */
  route: string;
  /** Makes a body of the required fields. */
  make: () => object;
  /** Each with values that it must refuse; null when one of them is an id, a list or an object. */
  fields: { name: string; wrong: unknown[] }[] | null;
}

interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  enum?: unknown[];
  example?: unknown;
  nullable?: boolean;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
}

type Schemas = Record<string, Schema>;

export function describedBodies(document: OpenAPIObject): DescribedBody[] {
  const schemas = (document.components?.schemas ?? {}) as Schemas;
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).flatMap((method) => {
      const schema = bodySchema(document, path, method);
      if (schema === undefined) return [];
      const route = `${method.toUpperCase()} ${path.replace('/api/v1/', '')}`;
      return [
        { route, make: () => valueOf(schema, schemas) as object, fields: plainFields(schema, schemas) },
      ];
    }),
  );
}

/** Makes a body of the required fields; undefined for a route that takes none. */
export function bodyMaker(document: OpenAPIObject, path: string, verb: string): (() => object) | undefined {
  const schema = bodySchema(document, path, verb.toLowerCase());
  const schemas = (document.components?.schemas ?? {}) as Schemas;
  return schema === undefined ? undefined : () => valueOf(schema, schemas) as object;
}

function bodySchema(document: OpenAPIObject, path: string, method: string): Schema | undefined {
  const operation = document.paths[path]?.[method as 'post'];
  const body = operation?.requestBody as { content?: Record<string, { schema?: Schema }> } | undefined;
  return body?.content?.['application/json']?.schema;
}

function followed(schema: Schema, schemas: Schemas): Schema {
  return schema.$ref === undefined ? schema : schemas[schema.$ref.split('/').at(-1)!]!;
}

function valueOf(reference: Schema, schemas: Schemas): unknown {
  const schema = followed(reference, schemas);
  if (schema.properties !== undefined)
    return Object.fromEntries(
      (schema.required ?? []).map((name) => [name, valueOf(schema.properties![name]!, schemas)]),
    );
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.type === 'array') return schema.items === undefined ? [] : [valueOf(schema.items, schemas)];
  if (schema.format === 'email') return `${randomUUID()}@example.com`;
  if (schema.type === 'string') return randomUUID().slice(0, schema.maxLength); // unlike the example, unique
  return schema.example ?? schema.minimum ?? true;
}

function plainFields(reference: Schema, schemas: Schemas): DescribedBody['fields'] {
  const { properties = {}, required = [] } = followed(reference, schemas);
  const fields = Object.entries(properties).map(([name, field]) => ({
    name,
    wrong: wrongValues(field, required.includes(name)),
  }));
  return fields.some(({ wrong }) => wrong === null) ? null : (fields as DescribedBody['fields']);
}

function wrongValues(field: Schema, isRequired: boolean): unknown[] | null {
  const ofType = wrongOfType(field);
  if (ofType === null) return null;
  return [
    ...ofType,
    ...[[], {}, ['x']],
    ...(isRequired ? [undefined] : []), // JSON leaves it out
    ...(field.nullable === true ? [] : [null]),
  ];
}

function wrongOfType({ type, format, ...limits }: Schema): unknown[] | null {
  if (type === 'boolean') return ['true', 0, 1];
  if (type === 'integer') {
    const { minimum = -(2 ** 53), maximum = 2 ** 53 } = limits;
    return ['1', true, 1.5, minimum - 1, maximum + 1];
  }
  if (type !== 'string' || format === 'uuid') return null;
  return [
    ...[1, true],
    ...((limits.minLength ?? 0) > 0 ? [''] : []),
    ...(limits.maxLength === undefined ? [] : ['x'.repeat(limits.maxLength + 1)]),
    ...(limits.enum === undefined ? [] : ['none of them']),
    ...(format === 'email' ? ['x'] : []),
  ];
}
