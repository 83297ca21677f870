import type { OpenAPIObject } from '@nestjs/swagger';
import { bodyMaker } from '../support/described-bodies';
import { type DescribedRoute, describedRoutes } from './described-routes';
import type { RouteEntry } from './route-table';

/** A route whose description in openapi.json is enough to make an entry from it. */
export interface DerivedRoute extends RouteEntry {
  /** Request that creates a row for `{id}` in the path: the POST route of the collection, with a body. */
  make?: { path: string; body: object };
}

/** Id parameters that need no entry. Ids in bodies, files and nested rows need one. */
const KNOWN = new Set(['path.id', 'query.cursor']);

/**
 * Entries for plain routes that the table does not name, such as those of a new resource. A route for which this is
 * impossible is left out, and the kit then demands an entry.
 */
export function derivedRoutes(document: OpenAPIObject, named: ReadonlySet<string>): DerivedRoute[] {
  return describedRoutes(document)
    .filter(({ route }) => !named.has(route))
    .flatMap((one) => derive(document, one) ?? []);
}

function derive(document: OpenAPIObject, described: DescribedRoute): DerivedRoute | undefined {
  const { route, answers, idParameters } = described;
  const [verb, path] = route.split(' ') as [string, string];
  const ok = answers.find((answer) => /^2\d\d$/.test(answer));
  if (ok === undefined || idParameters.some((name) => !KNOWN.has(name))) return undefined;
  const access = answers.includes('403 TENANT_REQUIRED')
    ? 'tenant'
    : answers.includes('401 UNAUTHENTICATED')
      ? 'user'
      : 'open';
  const body = bodyMaker(document, path, verb);
  const entry: DerivedRoute = {
    route,
    access,
    ok,
    parts: () => (body === undefined ? {} : { json: body() }),
  };
  if (!idParameters.includes('path.id')) return entry;
  const refused = answers.find((answer) => /^404 /.test(answer));
  const collection = path.slice(0, path.indexOf('/{id}'));
  const make = bodyMaker(document, collection, 'POST');
  if (refused === undefined || make === undefined) return undefined;
  return {
    ...entry,
    ids: { 'path.id': { kind: 'shop', refused } },
    make: { path: collection, body: make() },
  };
}
