import type { OpenAPIObject } from '@nestjs/swagger';
import { AppError, errorCatalogue } from '../common/app-error';
import { PLACEHOLDER_ID } from '../common/ids';
import { problemOf } from '../http/problem';

interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  example?: unknown;
  enum?: unknown[];
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
}
type Schemas = Record<string, Schema>;
type Content = Record<string, { schema?: Schema; example?: unknown; examples?: Record<string, object> }>;
interface Operation {
  requestBody?: { content?: Content };
  responses?: Record<string, { description: string; content?: Content }>;
}

const PROBLEM = 'application/problem+json';

/** Gives each JSON body an example, made from those of its fields, and each error response one for each of its codes. */
export function addExamples(document: OpenAPIObject): void {
  const schemas = (document.components?.schemas ?? {}) as Schemas;
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path) as Operation[]);
  const used = new Set<string>();
  for (const { requestBody, responses = {} } of operations) {
    const json = requestBody?.content?.['application/json'];
    if (json?.schema !== undefined) json.example ??= exampleOf(json.schema, schemas);
    for (const { description, content } of Object.values(responses)) {
      const problem = content?.[PROBLEM];
      if (problem === undefined) continue;
      const codes = [...description.matchAll(/`([A-Z_]+)`/g)].map((match) => match[1]!); // the group always matches
      for (const code of codes) used.add(code);
      problem.examples = Object.fromEntries(
        codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]),
      );
    }
  }
  document.components = { ...document.components, examples: problemExamples(used) };
}

function problemExamples(codes: ReadonlySet<string>): Record<string, { value: object }> {
  const kinds = errorCatalogue().filter(({ code }) => codes.has(code));
  return Object.fromEntries(
    kinds.map((kind) => [kind.code, { value: problemOf(new AppError(kind), PLACEHOLDER_ID) }]),
  );
}

/** @returns undefined for an optional field without an example, which the example of its object leaves out */
function exampleOf(reference: Schema, schemas: Schemas, isRequired = true): unknown {
  const name = reference.$ref ?? reference.allOf?.[0]?.$ref;
  const schema = name === undefined ? reference : schemas[name.split('/').at(-1)!]!; // a split gives one at least
  if (schema.example !== undefined) return schema.example;
  if (schema.properties !== undefined) {
    const { properties, required = [], oneOf = [], anyOf = [] } = schema;
    const needed = [...required, ...((oneOf[0] ?? anyOf[0])?.required ?? [])];
    const fields = Object.entries(properties).map(([field, one]) => [
      field,
      exampleOf(one, schemas, needed.includes(field)),
    ]);
    return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
  }
  if (schema.items !== undefined) return [exampleOf(schema.items, schemas)];
  if (!isRequired) return undefined;
  return schema.format === 'uuid' ? PLACEHOLDER_ID : schema.enum?.[0];
}
