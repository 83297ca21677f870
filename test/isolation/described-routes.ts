import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';

/** One route as openapi.json describes it. */
export interface DescribedRoute {
  /** `PATCH /api/v1/products/{id}` */
  route: string;
  /** `200`, `404 PRODUCT_NOT_FOUND` */
  answers: string[];
  /** Places where a client can name a row: `path.id`, `query.cursor`, `body.lines.0.productId`. */
  idParameters: string[];
}

interface Schema {
  $ref?: string;
  format?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  allOf?: Schema[];
}
interface Operation {
  parameters?: { name: string; in: string; schema?: Schema }[];
  requestBody?: { content: Record<string, { schema?: Schema }> };
  responses: Record<string, { description: string }>;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

export function describedRoutes(document: OpenAPIObject): DescribedRoute[] {
  const schemas = (document.components?.schemas ?? {}) as Record<string, Schema>;
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method] as Operation | undefined;
      if (operation === undefined) return [];
      return [
        {
          route: `${method.toUpperCase()} ${path}`,
          answers: answersOf(operation),
          idParameters: [...idsInAddress(operation), ...idsInBody(operation, schemas)],
        },
      ];
    }),
  );
}

function answersOf({ responses }: Operation): string[] {
  return Object.entries(responses).flatMap(([status, { description }]) => {
    const codes = [...description.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => `${status} ${code}`);
    return codes.length > 0 ? codes : [status];
  });
}

/** A cursor names a row too: the last one of the previous page. */
function idsInAddress({ parameters = [] }: Operation): string[] {
  return parameters
    .filter(
      ({ name, in: place, schema }) => place === 'path' || schema?.format === 'uuid' || name === 'cursor',
    )
    .map(({ name, in: place }) => `${place}.${name}`);
}

function idsInBody({ requestBody }: Operation, schemas: Record<string, Schema>): string[] {
  const found = Object.values(requestBody?.content ?? {}).flatMap(({ schema }) =>
    idsIn(schema, 'body', schemas),
  );
  return [...new Set(found)];
}

function idsIn(schema: Schema | undefined, path: string, schemas: Record<string, Schema>): string[] {
  if (schema === undefined) return [];
  if (schema.$ref !== undefined) return idsIn(schemas[schema.$ref.split('/').at(-1)!], path, schemas);
  return [
    ...(schema.format === 'uuid' ? [path] : []),
    ...(schema.allOf ?? []).flatMap((part) => idsIn(part, path, schemas)),
    ...idsIn(schema.items, `${path}.0`, schemas),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
      idsIn(field, `${path}.${name}`, schemas),
    ),
  ];
}

/** Every route that the server answers to, described or not, from Fastify's own routing tree. */
export function servedRoutes(app: NestFastifyApplication): string[] {
  const fastify = app.getHttpAdapter().getInstance() as unknown as {
    printRoutes(options: { commonPrefix: boolean; includeHooks: boolean }): string;
  };
  const parents: string[] = [];
  const lines = fastify.printRoutes({ commonPrefix: false, includeHooks: false }).split('\n');
  return lines.flatMap((line) => {
    const [, indent, path, methods] = /^([│ ]*)[├└]── (\S+)(?: \((.+)\))?$/.exec(line) ?? [];
    if (indent === undefined || path === undefined) return [];
    const depth = indent.length / 4;
    parents.splice(depth, Infinity, path);
    const whole = parents.join('').replace(/:(\w+)/g, '{$1}');
    const verbs = (methods ?? '').split(', ').filter((verb) => verb !== '' && verb !== 'HEAD');
    return verbs.map((verb) => `${verb} ${whole}`);
  });
}
