import type { OpenAPIObject } from '@nestjs/swagger';
import Fastify from 'fastify';

type Schema = Record<string, unknown>;

/** What Fastify makes of the schemas that the project's own OpenAPI document holds. */
export interface Compiled {
  query: (input: unknown) => boolean;
  order: (input: unknown) => boolean;
  page: (answer: unknown) => string;
}

/** Compiles them as Fastify does for a route, but for refusing unknown fields: Fastify removes them unless told. */
export async function compileSchemas(document: OpenAPIObject): Promise<Compiled> {
  const { get } = document.paths['/api/v1/products']!;
  const { post } = document.paths['/api/v1/orders']!;
  const fastify = Fastify({ ajv: { customOptions: { removeAdditional: false, strict: false } } }); // `example` is no keyword
  const schemas = {
    query: inlined(document, ofParameters(get!.parameters ?? [])),
    order: inlined(document, jsonOf(post!.requestBody)),
    page: inlined(document, jsonOf(get!.responses['200'])),
  };
  const compiled = new Promise<Compiled>((resolve) => {
    fastify.get('/', (request, reply) => {
      resolve({
        query: request.compileValidationSchema(schemas.query, 'querystring') as Compiled['query'],
        order: request.compileValidationSchema(schemas.order, 'body') as Compiled['order'],
        page: reply.compileSerializationSchema(schemas.page) as Compiled['page'],
      });
      return {};
    });
  });
  await fastify.inject('/');
  await fastify.close();
  return compiled;
}

function jsonOf(part: unknown): Schema {
  return (part as { content: { 'application/json': { schema: Schema } } }).content['application/json'].schema;
}

function ofParameters(parameters: object[]): Schema {
  const listed = parameters as { name: string; schema: Schema }[];
  return {
    type: 'object',
    properties: Object.fromEntries(listed.map(({ name, schema }) => [name, schema])),
  };
}

/** Without references; objects hold what they name and nothing else. */
function inlined(document: OpenAPIObject, schema: Schema): Schema {
  const complete = (_key: string, value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if ('$ref' in value) {
      const name = String(value.$ref).split('/').at(-1)!; // a text has a last part
      return inlined(document, document.components!.schemas![name] as Schema);
    }
    return 'properties' in value ? { additionalProperties: false, ...value } : value;
  };
  return JSON.parse(JSON.stringify(schema), complete) as Schema;
}
