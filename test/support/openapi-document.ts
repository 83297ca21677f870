/** A schema of openapi.json: what our documents use of JSON Schema. */
export interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  enum?: unknown[];
  nullable?: boolean;
  example?: unknown;
  description?: string;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema;
  maxProperties?: number;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  allOf?: Schema[];
  oneOf?: Schema[];
  anyOf?: Schema[];
}

export interface Media {
  schema?: Schema;
  example?: unknown;
  examples?: Record<string, { $ref: string }>;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  schema: Schema;
}

export interface Operation {
  method: string;
  /** `/api/v1/products/{id}` */
  path: string;
  parameters: Parameter[];
  /** By content type; empty if the route takes no body. */
  bodies: Record<string, Media>;
  /** By status. */
  responses: Record<string, { description: string; content?: Record<string, Media> }>;
  /** True if it works inside the shop of the access token. */
  isOfShop: boolean;
}

/** openapi.json as the server gives it. */
export interface Document {
  paths: Record<string, Record<string, Described>>;
  components: { schemas: Record<string, Schema>; examples: Record<string, { value: Problem }> };
}

export interface Problem {
  status: number;
  title: string;
  code: string;
}

interface Described {
  parameters?: Parameter[];
  requestBody?: { content: Record<string, Media> };
  responses: Operation['responses'];
  'x-tenant-route'?: boolean;
}

export function operationsOf({ paths }: Document): Operation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(
      ([method, { parameters = [], requestBody, responses, 'x-tenant-route': isOfShop }]) => ({
        method: method.toUpperCase(),
        path,
        parameters,
        bodies: requestBody?.content ?? {},
        responses,
        isOfShop: isOfShop === true,
      }),
    ),
  );
}

/** Codes that an operation documents for a status. */
export function codesOf({ responses }: Operation, status: number | string): string[] {
  return [...(responses[status]?.description ?? '').matchAll(/`([A-Z_]+)`/g)].map((match) => match[1]!); // the group matches
}

/** The status of success; each operation has one. */
export function successOf({ responses }: Operation): number {
  return Number(Object.keys(responses).find((status) => status.startsWith('2')));
}
